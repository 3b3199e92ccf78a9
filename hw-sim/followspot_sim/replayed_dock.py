"""A recorded dock that lives again: its reports come as they came, its answers are those to the present host.

What the dock told of its own accord (poses, markers, buttons, faults, also what was damaged or lost on the way) is sent
with its recorded timing. Its answers carried ids and times of the host of that day: they are made anew.
"""

from collections.abc import Sequence
from dataclasses import replace

from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import DELIMITER, Frame, StreamCodec
from followspot_sim.errors import SimulatorError
from followspot_sim.trace import Piece

_ANSWERS = frozenset(
    message.TYPE
    for message in (
        messages.HelloReply,
        messages.Ack,
        messages.Refusal,
        messages.ClockReply,
        messages.MotionDone,
    )
)


class ReplayedDock:
    """Plays `pieces` from the host's first Hello on. Raises SimulatorError where no dock says hello in them."""

    def __init__(self, pieces: Sequence[Piece], boot_id: int) -> None:
        self._codec = StreamCodec()
        hello = _first_hello(pieces)
        if hello is None:
            raise SimulatorError("the trace holds no conversation: no HelloReply in it")
        self._begin_ns, reply = hello
        self._reply = replace(reply, boot_id=boot_id)  # or events of an earlier replay would count as told
        self._units = [unit for unit in _units(pieces) if unit[0] >= self._begin_ns]
        self._next = 0
        self._started_ns: int | None = None
        self._shift = 0
        self._sequence = 0

    @property
    def over(self) -> bool:
        """Whether everything was played."""
        return self._started_ns is not None and self._next == len(self._units)

    def receive(self, data: bytes, now_ns: int) -> list[bytes]:
        """Bytes from the host; the answers to them."""
        answers = []
        for frame in self._codec.feed(data):
            try:
                answer = self._answer(messages.from_frame(frame), now_ns)
            except ValueError:
                continue
            if answer is not None:
                self._shift += 1
                self._sequence = (self._sequence + 1) & 0xFFFF
                answers.append(self._codec.encode(messages.to_frame(answer, self._sequence)))
        return answers

    def due(self, now_ns: int) -> list[bytes]:
        """What the dock said up to now."""
        sent: list[bytes] = []
        while (due_ns := self.next_due_ns()) is not None and due_ns <= now_ns:
            unit = self._units[self._next][1]
            self._next += 1
            if (wire := self._renumbered(unit)) is not None:
                sent.append(wire)
        return sent

    def next_due_ns(self) -> int | None:
        """When `due` has something to send; None before the host's Hello, and when all is over."""
        if self._started_ns is None or self._next == len(self._units):
            return None
        return self._started_ns + self._units[self._next][0] - self._begin_ns

    def _renumbered(self, unit: bytes) -> bytes | None:
        """A recorded frame in the present numbering, which keeps the gaps that were recorded; None for an answer."""
        frames = StreamCodec().feed(unit)
        if not frames:
            return unit
        frame = frames[0]
        if frame.type in _ANSWERS:
            self._shift -= 1
            return None
        self._sequence = (frame.sequence + self._shift) & 0xFFFF
        return self._codec.encode(Frame(frame.type, self._sequence, frame.payload))

    def _answer(self, message: messages.Message | None, now_ns: int) -> messages.Message | None:
        match message:
            case messages.Hello(session_id):
                if self._started_ns is None:
                    self._started_ns = now_ns
                return replace(self._reply, session_id=session_id, time_us=self._time_us(now_ns))
            case messages.ClockRequest(host_us) if self._started_ns is not None:
                time_us = self._time_us(now_ns)
                return messages.ClockReply(host_us, time_us, time_us)
            case messages.Stop() | messages.FollowMarker() | messages.ClearFault() | messages.Identify():
                return messages.Ack(message.TYPE, message.id)
        return None

    def _time_us(self, now_ns: int) -> int:
        assert self._started_ns is not None, "asked for the time before Hello"
        return self._reply.time_us + (now_ns - self._started_ns) // 1000


def _units(pieces: Sequence[Piece]) -> list[tuple[int, bytes]]:
    """What the dock sent, cut behind each delimiter, with the time of each unit's last byte."""
    units = []
    rest = b""
    for piece in pieces:
        if piece.side == "dock":
            *whole, rest = (rest + piece.data).split(DELIMITER)
            units += [(piece.t_ns, unit + DELIMITER) for unit in whole]
    return units


def _first_hello(pieces: Sequence[Piece]) -> tuple[int, messages.HelloReply] | None:
    codec = StreamCodec()
    for piece in pieces:
        if piece.side == "dock":
            for frame in codec.feed(piece.data):
                if frame.type == messages.HelloReply.TYPE:
                    return piece.t_ns, messages.HelloReply.from_payload(frame.payload)
    return None
