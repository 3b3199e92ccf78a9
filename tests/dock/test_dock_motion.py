"""The motors move only on fresh intent, whatever the link does to it."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dock.table import MS, START_NS, Table, Weather
from followspot_dock.protocol import codes, messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import StreamCodec
from followspot_dock.quality import Complaint

NOTHING = Weather(lost=1.0)
STILL = (0.0, 0.0)


def told(table: Table, *wanted: messages.Message) -> list[messages.Message | None]:
    """What the dock answers to these, straight at its port."""
    codec = StreamCodec()
    wire = b"".join(codec.encode(messages.to_frame(message, 0)) for message in wanted)
    return [
        messages.from_frame(frame) for answer in table.dock.receive(wire, table.now_ns) for frame in codec.feed(answer)
    ]


def refusal(message: messages.Drive | messages.MoveTo | messages.Park, code: codes.RefusalCode) -> messages.Message:
    return messages.Refusal(message.TYPE, message.id, code)


@pytest.mark.parametrize(
    "message",
    [messages.Drive(1, 500, 0, 50.0, 0.0), messages.MoveTo(1, 500, 0, 50.0, 0.0, 0.0), messages.Park(1, 500, 0)],
)
def test_without_hello_the_dock_refuses_to_move(message: messages.Drive) -> None:
    table = Table(NOTHING)
    assert told(table, message) == [refusal(message, codes.RefusalCode.NO_HELLO)]
    table.run_ms(500)
    assert table.pose() == STILL


@pytest.mark.parametrize("ttl_ms", [0, 501, 60_000])
def test_a_time_to_live_out_of_range_is_refused_at_both_ends(ttl_ms: int) -> None:
    table = Table()
    table.run_ms(50)
    for command in (table.host.drive, table.host.drive_to):
        with pytest.raises(ValueError, match="time to live"):
            command(50.0, 0.0, ttl_ms, table.now_ns)
    drive = messages.Drive(9, ttl_ms, 0, 50.0, 0.0)
    assert told(table, drive) == [refusal(drive, codes.RefusalCode.TTL_OUT_OF_RANGE)]
    table.run_ms(300)
    assert table.pose() == STILL


def test_the_host_drives_nothing_before_the_dock_has_answered() -> None:
    table = Table(NOTHING)
    for command in (table.host.drive, table.host.drive_to):
        with pytest.raises(RuntimeError, match="no motion before"):
            command(50.0, 0.0, 500, table.now_ns)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_never_leaves_the_host(value: float) -> None:
    table = Table()
    with pytest.raises(ValueError, match="finite"):
        table.host.drive(value, 0.0, 100, table.now_ns)


def test_a_drive_dies_with_its_time_to_live() -> None:
    table = Table()
    table.host.drive(40.0, -10.0, 200, table.now_ns)
    table.run_ms(180)
    assert table.rates() == (pytest.approx(40.0), pytest.approx(-10.0))
    table.weather = NOTHING
    table.run_ms(400)
    assert table.rates() == STILL
    assert table.pose() == (pytest.approx(8.0, abs=0.1), pytest.approx(-2.0, abs=0.1))


def test_time_on_the_way_counts_as_lived() -> None:
    """A link that holds a command back must not deliver stale intent."""
    table = Table()
    table.run_ms(1000)
    table.weather = Weather(delay_ms=300)
    table.host.drive(40.0, 0.0, 200, table.now_ns)
    table.run_ms(800)
    assert table.pose() == STILL
    assert table.host.complaints.counts == {Complaint.REFUSED: 1}


def test_rates_and_positions_are_cut_to_what_the_dock_can_do() -> None:
    table = Table()
    table.host.drive(1e9, -1e9, 500, table.now_ns)
    table.run_ms(340)
    assert table.rates() == (120.0, -90.0)
    refused = messages.MoveTo(77, 500, 0, 500.0, 0.0, 0.0)
    assert told(table, refused) == [refusal(refused, codes.RefusalCode.VALUE_OUT_OF_RANGE)]


def test_stop_is_repeated_until_acknowledged() -> None:
    table = Table()
    table.host.drive(50.0, 0.0, 500, table.now_ns)
    table.run_ms(200)
    table.weather = NOTHING
    table.host.stop(table.now_ns)
    table.run_ms(100)
    assert table.host.stopping
    table.weather = Weather()
    table.run_ms(45)
    assert not table.host.stopping
    table.run_ms(200)
    assert table.rates() == STILL


def test_a_newer_drive_ends_the_repeating_of_stop() -> None:
    table = Table()
    table.weather = NOTHING
    table.host.stop(table.now_ns)
    table.weather = Weather()
    table.host.drive(50.0, 0.0, 500, table.now_ns)
    table.run_ms(300)
    assert table.rates()[0] == pytest.approx(50.0)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_commands_that_arrive_in_any_order_the_last_given_counts(order: tuple[int, ...]) -> None:
    table = Table()
    given_last_is_a_stop = (
        messages.Drive(1, 500, 0, 50.0, 0.0),
        messages.Drive(2, 500, 0, -50.0, 0.0),
        messages.Stop(3),
    )
    for index in order:
        answers = told(table, given_last_is_a_stop[index])
        assert answers == ([messages.Ack(messages.Stop.TYPE, 3)] if index == 2 else [])
    table.run_ms(400)
    assert table.rates() == STILL
    again = (messages.Stop(4), messages.MoveTo(5, 500, 0, 20.0, 0.0, 0.0), messages.Drive(6, 500, 0, -50.0, 0.0))
    for index in order:
        told(table, again[index])
    table.run_ms(300)
    assert table.rates()[0] == pytest.approx(-50.0)


def test_ids_go_round_the_circle() -> None:
    table = Table()
    for identity in (0xFFFE, 0xFFFF, 1):
        told(table, messages.Drive(identity, 500, 0, 10.0 * (identity & 3), 0.0))
    table.run_ms(300)
    assert table.rates()[0] == pytest.approx(10.0)


def test_a_new_host_stops_what_the_last_one_began() -> None:
    table = Table()
    table.host.drive(90.0, 0.0, 500, table.now_ns)
    table.run_ms(100)
    table.connect()
    table.run_ms(300)
    assert table.rates() == STILL


# Of five renewals within a time to live one must arrive: with more loss a motion may rightly end.
@settings(max_examples=15, deadline=None)
@given(
    st.builds(
        Weather,
        lost=st.floats(0.0, 0.1),
        doubled=st.floats(0.0, 0.5),
        late=st.floats(0.0, 0.5),
        late_ms=st.integers(1, 60),
    ),
    st.sampled_from([StreamCodec, DatagramCodec]),
    st.integers(0, 2**32),
)
def test_a_position_is_reached_and_reported_once(weather: Weather, codec: type[StreamCodec], seed: int) -> None:
    table = Table(weather, codec, seed)
    table.run_ms(1000)
    motion_ids = set()
    for _ in range(40):
        if not table.done():
            motion_ids.add(table.host.drive_to(60.0, -20.0, 500, table.now_ns))
        table.run_ms(100)
    (motion_id,) = motion_ids
    assert table.pose() == (pytest.approx(60.0, abs=0.2), pytest.approx(-20.0, abs=0.2))
    assert table.rates() == STILL
    assert table.done() == [(motion_id, "reached")]


def test_a_position_nobody_renews_is_given_up() -> None:
    table = Table()
    motion_id = table.host.drive_to(150.0, 0.0, 300, table.now_ns)
    table.run_ms(800)
    assert table.done() == [(motion_id, "expired")]
    assert 5 < table.pose()[0] < 60
    assert table.rates() == STILL


def test_every_end_of_a_motion_is_reported() -> None:
    table = Table()
    first = table.host.drive_to(100.0, 0.0, 500, table.now_ns)
    second = table.host.park(500, table.now_ns)
    table.run_ms(50)
    table.host.stop(table.now_ns)
    table.run_ms(50)
    third = table.host.drive_to(-100.0, 0.0, 500, table.now_ns)
    table.run_ms(50)
    table.dock.fault(codes.FaultCode.STALL, codes.Axis.PAN, table.now_ns)
    table.run_ms(50)
    fourth = table.host.drive_to(-90.0, 0.0, 500, table.now_ns)
    table.run_ms(50)
    assert table.done() == [(first, "replaced"), (second, "stopped"), (third, "failed"), (fourth, "failed")]
    table.host.clear_fault(table.now_ns)
    table.run_ms(300)
    table.host.drive(50.0, 0.0, 500, table.now_ns)
    table.run_ms(300)
    assert table.rates()[0] == pytest.approx(50.0)


def test_park_turns_to_the_resting_place() -> None:
    table = Table()
    table.host.drive(50.0, 0.0, 500, table.now_ns)
    table.run_ms(500)
    for _ in range(30):
        if table.done():
            break
        table.host.park(500, table.now_ns)
        table.run_ms(100)
    assert [outcome for _, outcome in table.done()] == ["reached"]
    assert table.pose() == (pytest.approx(0.0, abs=0.1), pytest.approx(-20.0, abs=0.1))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["drive", "stop", "to", "park"]), st.integers(1, 300)), max_size=12),
    st.builds(
        Weather,
        lost=st.floats(0.0, 0.8),
        doubled=st.floats(0.0, 0.5),
        late=st.floats(0.0, 1.0),
        late_ms=st.integers(1, 400),
    ),
    st.integers(0, 2**32),
)
def test_half_a_second_after_the_last_word_everything_rests(
    orders: list[tuple[str, int]], weather: Weather, seed: int
) -> None:
    table = Table(seed=seed)
    table.run_ms(500)
    table.weather = weather
    for order, pause_ms in orders:
        match order:
            case "drive":
                table.host.drive(table.rng.uniform(-200, 200), table.rng.uniform(-200, 200), 500, table.now_ns)
            case "to":
                table.host.drive_to(table.rng.uniform(-100, 100), 0.0, 500, table.now_ns)
            case "park":
                table.host.park(500, table.now_ns)
            case "stop":
                table.host.stop(table.now_ns)
        table.run_ms(pause_ms)
    table.run_ms(500)
    braking_ms = 350
    table.run_ms(braking_ms)
    assert table.rates() == STILL


def test_no_bytes_whatever_move_the_dock() -> None:
    table = Table(NOTHING)
    for _ in range(300):
        table.dock.receive(table.rng.randbytes(1000), table.now_ns)
    table.now_ns += 500 * MS
    assert table.dock.advance(table.now_ns) == []
    assert table.now_ns > START_NS
    assert table.pose() == STILL
