"""What every transport of the wire protocol shares: a Dock around one HostSession at a time."""

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from followspot_dock.event_memory import EventMemory
from followspot_dock.host import HostSession
from followspot_dock.link import Backoff, Link
from followspot_dock.port import Capabilities, Dock, DockListener, Feature, LinkState, check_motion
from followspot_dock.protocol.frames import Codec

TICK_S = 0.04
"""The interval at which STOP is repeated, and fine enough for the heartbeat."""
CALM_TICK_S = 0.08
"""Between lessons: each costs a wake-up, and then a hand's movement is followed as well."""
STOPPING_TICK_S = 0.02
"""Half that interval, while STOP is repeated."""
_FAREWELL_NS = 200_000_000
"""How long to wait at the end for the dock to acknowledge STOP; its own dead-man follows within 0.5 s anyway."""


class Channel(Protocol):
    """An open transport, whose bytes or datagrams go to `SessionDock._on_data`."""

    @property
    def error(self) -> str | None:
        """The first error in a sentence; nothing is sent or heard after it."""
        ...

    def write(self, data: bytes) -> None:
        """Send one whole frame, or drop it. Never blocks."""
        ...

    def rest(self, resting: bool) -> bool:
        """Whether it is enough to hand over what comes at the next `look`; whether it is done so: not every one can."""
        ...

    def look(self) -> None:
        """Hand over what came while resting."""
        ...

    async def wait_failed(self, timeout_s: float) -> None:
        """Return at the first error, or when `timeout_s` is over."""
        ...


class SessionDock(Dock):
    """The commands of the port, and the way of the link from NEGOTIATING on. A transport adds `run`."""

    def __init__(self, listener: DockListener, monotonic_ns: Callable[[], int]) -> None:
        self._listener = listener
        self._now_ns = monotonic_ns
        self._link = Link(listener)
        self._backoff = Backoff()
        self._memory = EventMemory()
        self._lamp_on = False
        self._session: HostSession | None = None
        self._channel: Channel | None = None
        self._calm = False
        self._capabilities: Capabilities | None = None
        self._place = ""

    @property
    def link(self) -> LinkState:
        return self._link.state

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        check_motion(pan_dps, tilt_dps, ttl_ms)
        if (session := self._working()) is not None:
            session.drive(pan_dps, tilt_dps, ttl_ms, self._now_ns())

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int) -> int | None:
        check_motion(pan_deg, tilt_deg, ttl_ms)
        session = self._working()
        return session.drive_to(pan_deg, tilt_deg, ttl_ms, self._now_ns()) if session is not None else None

    def park(self, ttl_ms: int) -> int | None:
        check_motion(0.0, 0.0, ttl_ms)
        session = self._working()
        if session is None or self._capabilities is None or Feature.PARK not in self._capabilities.features:
            return None
        return session.park(ttl_ms, self._now_ns())

    def stop(self) -> None:
        if (session := self._working()) is not None:
            session.stop(self._now_ns())

    def marker_lamp(self, on: bool) -> None:
        self._lamp_on = on
        if self._session is not None:
            self._session.marker_lamp(on, self._now_ns())

    def follow_marker(self, marker_id: int) -> None:
        if (session := self._working()) is not None:
            session.follow_marker(marker_id, self._now_ns())

    def clear_fault(self) -> None:
        if (session := self._working()) is not None:
            session.clear_fault(self._now_ns())

    def identify(self) -> None:
        if (session := self._working()) is not None:
            session.identify(self._now_ns())

    def lesson(self, active: bool) -> None:
        self._calm = not active
        self._apply_calm()

    async def _converse(self, channel: Channel, codec: Codec, place: str) -> None:
        """Talk to what is at `place` until it is over; when cancelled, leave the dock stopped."""
        session = self._begin(channel, codec, place)
        try:
            while (reason := channel.error or self._tick(session)) is None:
                await channel.wait_failed(_pause_s(session))
                channel.look()
        except asyncio.CancelledError:
            await self._farewell(session, channel)
            raise
        finally:
            self._session = self._channel = None
        ended = LinkState.LOST if self.link.works else LinkState.SEARCHING
        self._link.move(ended, f"{place}: {reason}")

    async def _farewell(self, session: HostSession, channel: Channel) -> None:
        if not self.link.works:
            return
        self._link.close()  # from here on no drive gets through
        deadline_ns = self._now_ns() + _FAREWELL_NS
        session.stop(self._now_ns())
        while session.stopping and channel.error is None and self._now_ns() < deadline_ns:
            await channel.wait_failed(STOPPING_TICK_S)
            channel.look()
            session.tick(self._now_ns())

    def _begin(self, channel: Channel, codec: Codec, place: str) -> HostSession:
        self._place = place
        self._channel = channel
        self._session = HostSession(
            codec, channel.write, self._listener, self._on_ready, self._memory, self._lamp_on, random.getrandbits(32)
        )
        self._link.move(LinkState.NEGOTIATING, f"asking {place} what it is")
        self._session.begin(self._now_ns())
        return self._session

    def _tick(self, session: HostSession) -> str | None:
        """Why the conversation is over, None while it goes on."""
        reason = session.fault(self._now_ns())
        if reason is None:
            session.tick(self._now_ns())
            self._judge(session)
        return reason

    def _judge(self, session: HostSession) -> None:
        if self.link is LinkState.READY and session.trouble is not None:
            self._link.move(LinkState.DEGRADED, f"{self._place}: {session.trouble}", self._capabilities)
        elif self.link is LinkState.DEGRADED and session.trouble is None:
            self._link.move(LinkState.READY, f"{self._place}: the link is well again", self._capabilities)

    def _on_data(self, data: bytes) -> None:
        if self._session is not None:
            self._session.receive(data, self._now_ns())

    def _on_ready(self, capabilities: Capabilities) -> None:
        self._backoff.reset()
        self._capabilities = capabilities
        name = f"{capabilities.model} {capabilities.serial_number}, firmware {capabilities.firmware}"
        self._link.move(LinkState.READY, f"{name} at {self._place}", capabilities)
        self._apply_calm()

    def _apply_calm(self) -> None:
        """Not before the dock has answered: until then every byte counts."""
        if self._session is not None and self._channel is not None and self._session.negotiated:
            self._session.calm = self._calm
            self._session.heard_late = self._channel.rest(self._calm)

    def _working(self) -> HostSession | None:
        return self._session if self.link.works else None


def _pause_s(session: HostSession) -> float:
    if session.stopping:
        return STOPPING_TICK_S
    return CALM_TICK_S if session.calm else TICK_S
