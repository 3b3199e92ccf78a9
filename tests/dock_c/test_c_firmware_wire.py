"""The firmware core in C, frame by frame: what it refuses, what it survives, and the datagram form."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dock_c.datagram_wire import Wire
from followspot_dock.protocol import messages
from followspot_dock.protocol.codes import Outcome, RefusalCode
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import Frame


@pytest.fixture
def wire(host_program: Path) -> Iterator[Wire]:
    wire = Wire(host_program)
    yield wire
    wire.close()


def drive(identity: int, ttl_ms: int = 500, issued_us: int = 0, pan_rate_dps: float = 90.0) -> messages.Drive:
    return messages.Drive(identity, ttl_ms, issued_us, pan_rate_dps, 0.0)


def move_to(identity: int, pan_deg: float, ttl_ms: int = 500, max_rate_dps: float = 0.0) -> messages.MoveTo:
    return messages.MoveTo(identity, ttl_ms, 0, pan_deg, 0.0, max_rate_dps)


def refusals(wire: Wire) -> list[messages.Refusal]:
    return [message for message in wire.heard if isinstance(message, messages.Refusal)]


def test_before_hello_nothing_is_said_and_nothing_obeyed(wire: Wire) -> None:
    for message in (drive(1), move_to(2, 10.0), messages.Park(3, 500, 0), messages.Stop(4)):
        wire.send(message)
        identity = message.id
        assert wire.expect(messages.Refusal) == messages.Refusal(message.TYPE, identity, RefusalCode.NO_HELLO)
    wire.send(messages.ClockRequest(5))
    assert wire.expect(messages.Refusal) == messages.Refusal(0x05, 0, RefusalCode.NO_HELLO)
    wire.send(messages.Identify(1, 1000))
    wire.send_raw(DatagramCodec().encode(Frame(0x10, 1, b"short")))
    assert wire.listen(0.1) == []
    wire.hello()
    assert wire.expect(messages.Pose).pan_deg == 0.0


@pytest.mark.parametrize("ttl_ms", [0, 501, 0xFFFF])
def test_a_time_to_live_out_of_range_is_refused(wire: Wire, ttl_ms: int) -> None:
    wire.hello()
    for message in (drive(1, ttl_ms), move_to(1, 10.0, ttl_ms), messages.Park(1, ttl_ms, 0)):
        wire.send(message)
        expected = messages.Refusal(message.TYPE, 1, RefusalCode.TTL_OUT_OF_RANGE)
        assert wire.expect(messages.Refusal) == expected
    assert wire.expect(messages.Pose).motion_id == 0


def test_unreachable_places_and_negative_rates_are_refused(wire: Wire) -> None:
    wire.hello()
    for message in (move_to(1, 170.001), move_to(1, -2_000_000.0), move_to(1, 10.0, max_rate_dps=-0.001)):
        wire.send(message)
        assert wire.expect(messages.Refusal).code == RefusalCode.VALUE_OUT_OF_RANGE
    assert wire.expect(messages.Pose).motion_id == 0


def test_what_spent_its_life_on_the_way_is_refused(wire: Wire) -> None:
    time_us = wire.hello().time_us
    wire.send(drive(1, 500, max(time_us - 600_000, 1)))
    while (pose := wire.expect(messages.Pose)).time_us < 700_000:
        assert pose.motion_id in (0, 1)
    wire.send(drive(2, 500, pose.time_us - 600_000))
    assert wire.expect(messages.Refusal) == messages.Refusal(0x10, 2, RefusalCode.TOO_OLD)
    wire.send(drive(3, 500, pose.time_us + 10_000_000))  # a clock that runs ahead gives no longer life
    first = wire.expect(messages.Pose)
    while (pose := wire.expect(messages.Pose)).motion_id == 3:
        assert pose.time_us - first.time_us < 600_000


def test_a_newer_version_is_refused_in_our_own(wire: Wire) -> None:
    wire.send_raw(DatagramCodec().encode(Frame(0x01, 1, b"whatever", version=2)))
    assert wire.expect(messages.Refusal) == messages.Refusal(0x01, 0, RefusalCode.VERSION)


def test_unknown_types_and_longer_payloads_are_no_trouble(wire: Wire) -> None:
    wire.hello()
    codec = DatagramCodec()
    wire.send_raw(codec.encode(Frame(0x7F, 2, b"from the future")))
    wire.send_raw(codec.encode(Frame(0x12, 3, messages.Stop(1).to_payload() + b"more")))
    assert wire.expect(messages.Ack) == messages.Ack(0x12, 1)
    wire.send_raw(codec.encode(Frame(0x12, 4, b"x")))
    assert wire.expect(messages.Refusal) == messages.Refusal(0x12, 0, RefusalCode.MALFORMED)
    assert len(refusals(wire)) == 1


def test_old_and_doubled_motions_do_not_move(wire: Wire) -> None:
    wire.hello()
    wire.send(messages.Stop(100))
    for identity in (100, 99, 0xFFF0):
        wire.send(drive(identity))
    wire.send(messages.Stop(50))
    assert wire.expect(messages.Ack) == messages.Ack(0x12, 100)
    assert wire.expect(messages.Ack) == messages.Ack(0x12, 50)
    assert all(pose.motion_id == 0 for pose in wire.listen(0.1) if isinstance(pose, messages.Pose))
    wire.send(drive(101))
    wire.send(messages.Stop(100))  # late: the drive is newer
    assert wire.expect(messages.Ack) == messages.Ack(0x12, 100)
    assert wire.expect(messages.Pose).motion_id == 101
    assert refusals(wire) == []


def test_ids_wrap(wire: Wire) -> None:
    wire.hello()
    wire.send(drive(0xFFFF))
    wire.send(drive(1))
    wire.listen(0.05)
    assert wire.expect(messages.Pose).motion_id == 1


def test_another_host_begins_at_rest_and_the_same_one_changes_nothing(wire: Wire) -> None:
    wire.hello(1)
    wire.send(drive(40_000))
    wire.hello(1)
    wire.listen(0.05)
    assert wire.expect(messages.Pose).motion_id == 40_000
    assert wire.hello(2).session_id == 2
    wire.listen(0.05)
    assert wire.expect(messages.Pose).motion_id == 0
    wire.send(drive(1))  # its ids begin anew
    wire.listen(0.05)
    assert wire.expect(messages.Pose).motion_id == 1


def test_the_end_of_a_move_is_told_until_it_is_acknowledged(wire: Wire) -> None:
    wire.hello()
    wire.send(move_to(1, 100.0, ttl_ms=50))
    first = wire.expect(messages.MotionDone)
    assert (first.motion_id, first.outcome) == (1, Outcome.EXPIRED)
    assert wire.expect(messages.MotionDone) == first
    wire.send(messages.Ack(messages.Button.TYPE, first.id))  # of another type
    assert wire.expect(messages.MotionDone) == first
    wire.send(messages.Ack(messages.MotionDone.TYPE, first.id))
    wire.listen(0.05)
    assert not [message for message in wire.listen(0.25) if isinstance(message, messages.MotionDone)]


def test_requests_are_carried_out_once_and_acknowledged_always(wire: Wire) -> None:
    wire.hello()
    wire.send(messages.FollowMarker(1, 77))
    assert wire.expect(messages.Refusal) == messages.Refusal(0x15, 1, RefusalCode.UNKNOWN_MARKER)
    for request in (messages.Identify(2, 100), messages.Identify(2, 100), messages.ClearFault(3, 0)):
        wire.send(request)
        assert wire.expect(messages.Ack) == messages.Ack(request.TYPE, request.id)


def test_a_silent_host_ends_the_conversation(wire: Wire) -> None:
    wire.hello()
    wire.listen(3.2)
    assert wire.listen(0.2) == []
    wire.send(messages.ClockRequest(1))
    assert wire.expect(messages.Refusal).code == RefusalCode.NO_HELLO


def test_nothing_that_comes_moves_or_kills_it(wire: Wire) -> None:
    rng = random.Random("noise")
    wire.hello()
    harmless = [kind for kind in range(256) if kind not in (0x01, 0x10, 0x11, 0x13)]
    for _ in range(2000):
        wire.send_raw(rng.randbytes(rng.randint(1, 250)))
        frame = Frame(rng.choice(harmless), rng.randrange(0x10000), rng.randbytes(rng.randrange(40)))
        wire.send_raw(DatagramCodec().encode(frame))
        wire.listen(0.0005)
    wire.send(messages.ClockRequest(99))
    while wire.expect(messages.ClockReply).host_us != 99:
        pass
    poses = [message for message in wire.heard if isinstance(message, messages.Pose)]
    assert {(pose.pan_deg, pose.tilt_deg, pose.motion_id) for pose in poses} == {(0.0, 0.0, 0)}
