"""A host that says exactly what a case wants said, and remembers all it hears."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import Codec, Frame

M = TypeVar("M", bound=messages.Message)

_EVENTS = (messages.Button, messages.Fault, messages.MotionDone)


class FailedError(Exception):
    """The dock does not do what the protocol asks: what it did instead."""


@dataclass(frozen=True, slots=True)
class Heard(Generic[M]):
    """A message with the host's time of its arrival and the sender's sequence number."""

    arrival_ns: int
    sequence: int
    message: M


class Peer:
    """The host's end of a wire. `write` sends bytes; `receive` is fed with what comes."""

    def __init__(self, codec: Codec, write: Callable[[bytes], None]) -> None:
        self.codec = codec
        self.heard: list[Heard[Any]] = []
        self.unreadable = 0
        self.acking = True
        self._write = write
        self._sequence = 0
        self._arrived = asyncio.Event()

    def receive(self, data: bytes) -> None:
        """What came from the dock. Events are acknowledged at once, unless `acking` is off."""
        now_ns = time.monotonic_ns()
        for frame in self.codec.feed(data):
            try:
                message = messages.from_frame(frame)
            except ValueError:
                self.unreadable += 1
                continue
            if message is not None:
                self.heard.append(Heard(now_ns, frame.sequence, message))
                if self.acking and isinstance(message, _EVENTS):
                    self.send(messages.Ack(message.TYPE, message.id))
        self._arrived.set()

    def send(self, message: messages.Message, *, extra: bytes = b"") -> Frame:
        """Send, with `extra` bytes behind the payload; the frame that went out."""
        frame = messages.to_frame(message, self.next_sequence())
        return self.send_frame(Frame(frame.type, frame.sequence, frame.payload + extra))

    def send_frame(self, frame: Frame) -> Frame:
        """Send a frame as it is."""
        self._write(self.codec.encode(frame))
        return frame

    def send_raw(self, data: bytes) -> None:
        """Send bytes that need not be a frame."""
        self._write(data)

    def next_sequence(self) -> int:
        """The number for the next frame."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._sequence

    def mark(self) -> int:
        """Where what is heard from now on begins."""
        return len(self.heard)

    def since(self, mark: int, kind: type[M], where: Callable[[M], bool] | None = None) -> list[Heard[M]]:
        """The messages of a kind since a mark."""
        found = (heard for heard in self.heard[mark:] if isinstance(heard.message, kind))
        return [heard for heard in found if where is None or where(heard.message)]

    async def expect(
        self, mark: int, kind: type[M], within_s: float, where: Callable[[M], bool] | None = None
    ) -> Heard[M]:
        """The first such message since a mark. Raises FailedError where none comes in time."""
        try:
            async with asyncio.timeout(within_s):  # noqa: TID251  # this task is not being cancelled here
                while not (found := self.since(mark, kind, where)):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            others = sorted({type(heard.message).__name__ for heard in self.heard[mark:]})
            told = ", ".join(others) or "nothing"
            raise FailedError(f"no such {kind.__name__} within {within_s:g} s; {told} came") from None
        return found[0]

    async def ask(
        self, message: messages.Message, kind: type[M], within_s: float, where: Callable[[M], bool] | None = None
    ) -> Heard[M]:
        """Send, and wait for the answer. Raises FailedError where none comes in time."""
        mark = self.mark()
        self.send(message)
        return await self.expect(mark, kind, within_s, where)

    async def request(self, message: Any, within_s: float) -> int:
        """Send a message that has an id; when its Ack came. Raises FailedError for a Refusal or silence."""
        answer = await self.ask(message, messages.Message, within_s, lambda answer: _answers(answer, message))
        if isinstance(answer.message, messages.Refusal):
            raise FailedError(f"{type(message).__name__} was refused with code {answer.message.code}")
        return answer.arrival_ns

    async def refused(self, message: Any, code: int, within_s: float) -> None:
        """Send a message that has an id, and wait until it is refused with `code`. Raises FailedError otherwise."""
        answer = await self.ask(message, messages.Message, within_s, lambda answer: _answers(answer, message))
        if not isinstance(answer.message, messages.Refusal):
            raise FailedError(f"{type(message).__name__} was acknowledged instead of refused")
        if answer.message.code != code:
            raise FailedError(f"{type(message).__name__} was refused with code {answer.message.code}, not {code}")


def _answers(answer: messages.Message, to: Any) -> bool:
    match answer:
        case messages.Ack(kind, identity) | messages.Refusal(kind, identity):
            return bool(kind == to.TYPE and identity == to.id)
    return False
