"""What the cases work with: one conversation with the dock under test, its figures, and a few handy motions."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from followspot_dock.conformance.peer import FailedError, Heard, Peer
from followspot_dock.conformance.wires import Transport, Wire
from followspot_dock.protocol import codes, messages

ANSWER_S = 0.5
"""An answer takes a round trip; this is ten of a slow Bluetooth link."""
FRESH_MS = 250
"""An ordinary time to live."""
REST_DPS = 0.5
"""Slower than this is rest: encoders tremble."""
_KEEP_ALIVE_S = 0.25
_REFRESH_S = 0.1
_REST_WITHIN_S = 3.0
_HELLO_S, _HELLO_TRIES = 0.4, 8
"""Boards that restart when their port is opened need some seconds."""


class Bench:
    """The dock under test during one case."""

    def __init__(self, wire: Wire, press: Callable[[str], None] | None = None) -> None:
        self.peer: Peer = wire.peer
        self.transport: Transport = wire.transport
        self.press = press
        self.figures: dict[str, float] = {}
        self.session_id = random.getrandbits(32)
        self._ids = itertools.count(1)
        self._hello: messages.HelloReply | None = None
        self._alive: asyncio.Task[None] | None = None

    @property
    def hello(self) -> messages.HelloReply:
        """What the dock said of itself."""
        assert self._hello is not None, "the case began before the conversation"
        return self._hello

    @asynccontextmanager
    async def conversation(self) -> AsyncIterator[None]:
        """Hello before, keep alive during, Stop after. Raises FailedError where the dock does not answer."""
        await self.greet()
        self.keep_alive()
        try:
            yield
        finally:
            await self.hush()
            with contextlib.suppress(FailedError):  # the case has its own say about Stop
                await self.stop()

    async def greet(self) -> messages.HelloReply:
        """Say Hello, again where the answer stays away."""
        self.peer.acking = True
        for _ in range(_HELLO_TRIES):
            with contextlib.suppress(FailedError):
                hello = messages.Hello(self.session_id, messages.PROTOCOL_MINOR, "followspot-dock-test")
                heard = await self.peer.ask(
                    hello, messages.HelloReply, _HELLO_S, lambda reply: reply.session_id == self.session_id
                )
                self._hello = heard.message
                return heard.message
        raise FailedError(f"no HelloReply after {_HELLO_TRIES} Hellos")

    def keep_alive(self) -> None:
        """Ask for the time now and then, as a host does."""
        self._alive = asyncio.create_task(self._ask_time(), name="conformance-keep-alive")

    async def hush(self) -> None:
        """Say nothing any more of our own accord."""
        if self._alive is not None:
            self._alive.cancel()
            await asyncio.gather(self._alive, return_exceptions=True)
            self._alive = None

    def figure(self, name: str, value: float) -> float:
        """Note a measured figure; its unit is in its name."""
        self.figures[name] = round(value, 3)
        return value

    def new_id(self) -> int:
        """A motion or request id newer than all before it."""
        return next(self._ids) & 0xFFFF

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int = FRESH_MS) -> messages.Drive:
        """Send a fresh Drive."""
        message = messages.Drive(self.new_id(), ttl_ms, 0, pan_dps, tilt_dps)
        self.peer.send(message)
        return message

    async def drive_for(self, pan_dps: float, tilt_dps: float, seconds: float) -> None:
        """Keep driving, as a host does that means it."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self.drive(pan_dps, tilt_dps)
            await asyncio.sleep(min(left_s, _REFRESH_S))

    async def stop(self) -> int:
        """Stop; when the Ack came."""
        return await self.peer.request(messages.Stop(self.new_id()), ANSWER_S)

    async def rest(self) -> messages.Pose:
        """Stop, and wait until the dock stands."""
        await self.stop()
        return (await self.still(self.peer.mark(), _REST_WITHIN_S)).message

    async def still(self, mark: int, within_s: float) -> Heard[messages.Pose]:
        """The first pose since `mark` that is at rest."""
        return await self.peer.expect(mark, messages.Pose, within_s, at_rest)

    async def pose(self) -> messages.Pose:
        """The next pose."""
        return (await self.peer.expect(self.peer.mark(), messages.Pose, ANSWER_S)).message

    async def poses(self, seconds: float) -> list[Heard[messages.Pose]]:
        """The poses of the next seconds."""
        mark = self.peer.mark()
        await asyncio.sleep(seconds)
        return self.peer.since(mark, messages.Pose)

    async def go_to(self, pan_deg: float, tilt_deg: float, within_s: float = 15.0) -> messages.MotionDone:
        """Move to a position and wait for the report of its end."""
        move = messages.MoveTo(self.new_id(), messages.MAX_TTL_MS, 0, pan_deg, tilt_deg, 0.0)
        return await self.insist(move, within_s)

    async def insist(self, motion: messages.MoveTo | messages.Park, within_s: float) -> messages.MotionDone:
        """Repeat a motion, so that it lives, until it reports its end."""
        mark, end_s = self.peer.mark(), time.monotonic() + within_s
        while time.monotonic() < end_s:
            self.peer.send(motion)
            with contextlib.suppress(FailedError):
                done = await self.peer.expect(
                    mark, messages.MotionDone, _REFRESH_S, lambda done: done.motion_id == motion.id
                )
                return done.message
        raise FailedError(f"no MotionDone of {type(motion).__name__} within {within_s:g} s")

    async def centre(self) -> messages.Pose:
        """Stand in the middle of the range, where there is room to move."""
        done = await self.go_to(*self.middle())
        if done.outcome != codes.Outcome.REACHED:
            raise FailedError(f"moving to the middle ended with outcome {done.outcome}")
        return await self.rest()

    def middle(self) -> tuple[float, float]:
        """The middle of the range."""
        hello = self.hello
        return (hello.pan_min_deg + hello.pan_max_deg) / 2, (hello.tilt_min_deg + hello.tilt_max_deg) / 2

    def gentle_dps(self) -> float:
        """A rate that either axis of this dock can do, and that takes a while to cross its range."""
        hello = self.hello
        room_deg = min(hello.pan_max_deg - hello.pan_min_deg, hello.tilt_max_deg - hello.tilt_min_deg)
        return min(hello.pan_max_rate_dps, hello.tilt_max_rate_dps, room_deg / 3) / 2

    def braking_s(self, rate_dps: float) -> float:
        """How long the slower axis takes from this rate to rest, by what the dock says of itself."""
        hello = self.hello
        return rate_dps / min(hello.pan_max_acceleration_dps2, hello.tilt_max_acceleration_dps2)

    async def _ask_time(self) -> None:
        while True:
            self.peer.send(messages.ClockRequest(time.monotonic_ns() // 1000))
            await asyncio.sleep(_KEEP_ALIVE_S)


def at_rest(pose: messages.Pose) -> bool:
    """Whether neither axis turns."""
    return max(abs(pose.pan_rate_dps), abs(pose.tilt_rate_dps)) < REST_DPS


def demand(holds: bool, otherwise: str) -> None:
    """Raises FailedError with `otherwise` unless it holds."""
    if not holds:
        raise FailedError(otherwise)
