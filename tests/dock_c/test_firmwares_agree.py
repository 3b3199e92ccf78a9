"""The firmware in C and the simulated dock's answer the same, where the document has to choose."""

import random
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from dock_c.datagram_wire import Wire
from followspot_dock.protocol import messages
from followspot_dock.protocol.codes import Axis, FaultCode, Outcome, RefusalCode
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.fields import Message
from followspot_dock.protocol.frames import Frame
from followspot_sim.firmware import Firmware
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import MarkerSight, Sight

MS = 1_000_000
ANSWER_MS = 60
"""What a dock takes for an answer at the most, on a machine that is busy."""
ANSWERS = (messages.Refusal, messages.Ack, messages.HelloReply, messages.Fault, messages.MotionDone)
FAR_DEG = 100.0


@dataclass(frozen=True)
class Cause:
    """What makes a fault comes or goes."""

    code: FaultCode
    there: bool


Step = Message | Frame | Cause


class Dock(Protocol):
    """Either firmware."""

    def do(self, step: Step) -> list[Message]:
        """What it sends in the next moments."""
        ...


class CDock:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def do(self, step: Step) -> list[Message]:
        match step:
            case Cause(code, there):
                name = {FaultCode.OVER_CURRENT: "over-current", FaultCode.END_STOP: "end-stop"}[code]
                self._wire.play(f"{name} {Axis.PAN:d} {there:d}")
            case Frame():
                self._wire.send_raw(DatagramCodec().encode(step))
            case _:
                self._wire.send(step)
        return self._wire.listen(ANSWER_MS / 1000)


class PythonDock:
    def __init__(self) -> None:
        self._now_ns = time.monotonic_ns()
        boot_ns = self._now_ns - 1000 * MS
        self._firmware = Firmware(
            Plant(boot_ns),
            lambda _: [MarkerSight(1, Sight(20.0, 5.0, 3.0, True))],
            lambda *_: None,
            random.Random(1),
            MarkerSensor(MarkerTable()),
            boot_ns,
            DatagramCodec(),
        )

    def do(self, step: Step) -> list[Message]:
        sent: list[bytes] = []
        match step:
            case Cause(code, there):
                self._firmware.cause(code, Axis.PAN, self._now_ns, there=there)
            case _:
                frame = step if isinstance(step, Frame) else messages.to_frame(step, 1)
                sent += self._firmware.receive(DatagramCodec().encode(frame), self._now_ns)
        for _ in range(ANSWER_MS):
            self._now_ns += MS
            sent += self._firmware.advance(self._now_ns)
        frames = (frame for datagram in sent for frame in DatagramCodec().feed(datagram))
        return [message for frame in frames if (message := messages.from_frame(frame)) is not None]


@pytest.fixture(params=["c", "python"])
def dock(request: pytest.FixtureRequest) -> Iterator[Dock]:
    if request.param == "python":
        yield PythonDock()
        return
    program: Path = request.getfixturevalue("host_program")
    wire = Wire(program)
    yield CDock(wire)
    wire.close()


@pytest.fixture
def say(dock: Dock) -> Callable[..., list[str]]:
    """The steps one after the other; in words what either dock answers, each event once."""
    told: set[tuple[int, int]] = set()

    def play(*steps: Step) -> list[str]:
        words = []
        for message in (message for step in steps for message in dock.do(step) if isinstance(message, ANSWERS)):
            if isinstance(message, messages.Fault | messages.MotionDone):
                if (message.TYPE, message.id) in told:
                    continue
                told.add((message.TYPE, message.id))
            words.append(in_words(message))
        return words

    assert play(messages.Hello(1, 0, "test")) == ["hello"]
    return play


def in_words(message: Message) -> str:
    match message:
        case messages.Refusal(kind, identity, code):
            return f"{messages.BY_TYPE[kind].__name__} {identity}: {RefusalCode(code).name}"
        case messages.Ack(kind, identity):
            return f"{messages.BY_TYPE[kind].__name__} {identity}: ack"
        case messages.Fault(_, _, fault, _, active):
            return f"{FaultCode(fault).name} {'begins' if active else 'ends'}"
        case messages.MotionDone(motion_id=motion_id, outcome=outcome):
            return f"motion {motion_id}: {Outcome(outcome).name}"
    return "hello"


def drive(identity: int, ttl_ms: int = 400, issued_us: int = 0) -> messages.Drive:
    return messages.Drive(identity, ttl_ms, issued_us, -20.0, 0.0)


def move(identity: int, ttl_ms: int = 500, pan_deg: float = FAR_DEG, issued_us: int = 0) -> messages.MoveTo:
    return messages.MoveTo(identity, ttl_ms, issued_us, pan_deg, 0.0, 20.0)


def test_an_end_stop_ends_the_motion_and_bars_none(say: Callable[..., list[str]]) -> None:
    assert sorted(say(move(1), Cause(FaultCode.END_STOP, True))) == ["END_STOP begins", "motion 1: FAILED"]
    assert say(drive(2), messages.Stop(3)) == ["Stop 3: ack"]
    assert sorted(say(Cause(FaultCode.END_STOP, False), messages.ClearFault(1, 0))) == [
        "ClearFault 1: ack",
        "END_STOP ends",
    ]


def test_of_several_reasons_the_first_is_told(say: Callable[..., list[str]]) -> None:
    assert say(Cause(FaultCode.OVER_CURRENT, True)) == ["OVER_CURRENT begins"]
    stale = {"ttl_ms": 20, "issued_us": 1}
    assert say(drive(1, 0, 1)) == ["Drive 1: TTL_OUT_OF_RANGE"]
    assert say(move(1, 501, 999.0)) == ["MoveTo 1: TTL_OUT_OF_RANGE"]
    assert say(move(1, pan_deg=999.0, **stale)) == ["MoveTo 1: VALUE_OUT_OF_RANGE"]
    assert say(drive(1, **stale)) == ["Drive 1: TOO_OLD"]
    assert say(drive(1)) == ["Drive 1: FAULT_STANDS"]


def test_an_old_motion_gets_no_answer_whatever_else_is_wrong(say: Callable[..., list[str]]) -> None:
    assert say(messages.Stop(9), drive(8, 0), move(8, pan_deg=999.0)) == ["Stop 9: ack"]
    assert say(Cause(FaultCode.OVER_CURRENT, True), drive(9)) == ["OVER_CURRENT begins"]


def test_a_renewal_needs_its_type_and_changes_nothing_where_it_is_refused(say: Callable[..., list[str]]) -> None:
    assert say(move(1)) == []
    assert say(messages.Park(1, 500, 0), drive(1)) == []
    assert say(move(1, 0), move(1, pan_deg=999.0)) == ["MoveTo 1: TTL_OUT_OF_RANGE", "MoveTo 1: VALUE_OUT_OF_RANGE"]
    assert sorted(say(messages.Stop(2))) == ["Stop 2: ack", "motion 1: STOPPED"]
    assert say(move(1)) == []


def test_a_refused_request_is_not_taken(say: Callable[..., list[str]]) -> None:
    assert say(messages.FollowMarker(5, 1)) == ["FollowMarker 5: ack"]
    for _ in range(2):
        assert say(messages.FollowMarker(7, 77)) == ["FollowMarker 7: UNKNOWN_MARKER"]
    assert say(messages.FollowMarker(4, 77)) == ["FollowMarker 4: ack"]
    assert say(messages.FollowMarker(7, 1)) == ["FollowMarker 7: ack"]


def test_a_fault_is_cleared_once_its_cause_is_gone(say: Callable[..., list[str]]) -> None:
    assert say(Cause(FaultCode.OVER_CURRENT, True), Cause(FaultCode.END_STOP, True)) == [
        "OVER_CURRENT begins",
        "END_STOP begins",
    ]
    assert say(Cause(FaultCode.END_STOP, False)) == []
    assert sorted(say(messages.ClearFault(1, 0))) == ["ClearFault 1: FAULT_STANDS", "END_STOP ends"]
    assert say(messages.ClearFault(1, FaultCode.STALL), drive(1)) == ["ClearFault 1: ack", "Drive 1: FAULT_STANDS"]
    assert sorted(say(Cause(FaultCode.OVER_CURRENT, False), messages.ClearFault(2, 0))) == [
        "ClearFault 2: ack",
        "OVER_CURRENT ends",
    ]
    assert say(drive(1)) == []


def test_what_cannot_be_read(say: Callable[..., list[str]]) -> None:
    foreign = Frame(0x01, 1, b"from the future", version=2)
    assert say(foreign, foreign) == ["Hello 0: VERSION"] * 2
    assert say(Frame(0x12, 1, b"x")) == ["Stop 0: MALFORMED"]
    long_text = struct.pack("<IBB", 1, 0, 100) + b"x" * 100
    assert say(Frame(0x01, 1, long_text), Frame(0x01, 1, long_text[:-1])) == ["hello", "Hello 0: MALFORMED"]
