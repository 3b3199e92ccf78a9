"""Host and dock in conversation on a clock of our own: what the protocol promises, and on bad links too."""

import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dock.table import MS, START_NS, Table, Weather
from followspot_dock import (
    Axis,
    ButtonPress,
    DockFault,
    DockStatus,
    FaultKind,
    Feature,
    MarkerButton,
    MarkerReport,
    MarkerRole,
    MarkerStatus,
    Pose,
    PowerSource,
    Request,
    RequestDone,
)
from followspot_dock.host import HEARTBEAT_NS, NEGOTIATION_NS
from followspot_dock.protocol import codes, messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import StreamCodec
from followspot_dock.quality import Complaint
from followspot_sim.dock_condition import MarkerState
from followspot_sim.sight import MarkerSight, Sight

any_codec = st.sampled_from([StreamCodec, DatagramCodec])
weathers = st.builds(
    Weather,
    lost=st.floats(0.0, 0.5),
    doubled=st.floats(0.0, 0.5),
    late=st.floats(0.0, 0.5),
    late_ms=st.integers(1, 80),
)
NOTHING = Weather(lost=1.0)


def pressed(table: Table) -> list[ButtonPress]:
    return [event.press for event in table.of(MarkerButton)]


@pytest.mark.parametrize("codec", [StreamCodec, DatagramCodec])
def test_nothing_is_told_before_the_dock_has_answered(codec: type[StreamCodec]) -> None:
    table = Table(NOTHING, codec)
    table.run_ms(500)
    assert (table.events, table.ready, table.host.negotiated) == ([], [], False)
    table.weather = Weather()
    table.run_ms(1000)
    (capabilities,) = table.ready
    assert (capabilities.pan_max_deg, capabilities.tilt_max_rate_dps) == (170.0, 90.0)
    assert capabilities.features == frozenset(Feature)
    assert capabilities.microphone == "Simulated microphone"
    table.events.clear()
    table.run_ms(1000)
    assert len(table.of(Pose)) == 50
    assert len(table.of(MarkerReport)) == 30
    assert table.of(DockStatus) == [DockStatus(88, PowerSource.BATTERY, charging=False, temperature_c=31.5)]
    (status,) = table.of(MarkerStatus)
    assert status == MarkerStatus(1, MarkerRole.PRIMARY, 74, charging=False, in_bay=False, muted=False)


@settings(max_examples=25, deadline=None)
@given(weathers, any_codec, st.integers(0, 2**32))
def test_each_press_is_told_exactly_once(weather: Weather, codec: type[StreamCodec], seed: int) -> None:
    table = Table(weather, codec, seed)
    sent = ["short", "double", "long", "short"]
    for press in sent:
        table.dock.press(press, table.now_ns)
        table.run_ms(200)
    table.run_ms(3500)
    assert sorted(pressed(table)) == sorted(ButtonPress(press) for press in sent)


@settings(max_examples=25, deadline=None)
@given(weathers, any_codec, st.integers(0, 2**32))
def test_reports_reach_the_listener_in_order(weather: Weather, codec: type[StreamCodec], seed: int) -> None:
    table = Table(weather, codec, seed)
    table.run_ms(1000)
    table.events.clear()
    table.run_ms(600)
    for kind, apart_ms in ((Pose, 20), (MarkerReport, 33)):
        times = [event.time_ns for event in table.of(kind)]
        assert all(later - earlier > apart_ms * MS * 0.9 for earlier, later in itertools.pairwise(times))


def test_a_press_keeps_its_time_marker_and_kind_over_a_slow_link() -> None:
    table = Table(Weather(delay_ms=30))
    table.run_ms(1000)
    at_ns = table.now_ns
    table.dock.press("long", at_ns, marker_id=7)
    table.weather = NOTHING
    table.run_ms(350)
    table.weather = Weather(delay_ms=30)
    table.run_ms(300)
    (button,) = table.of(MarkerButton)
    assert (button.press, button.marker_id) == (ButtonPress.LONG, 7)
    assert abs(button.time_ns - at_ns) < 2 * MS


def test_a_press_repeated_into_the_next_connection_is_told_once() -> None:
    table = Table()
    table.run_ms(100)
    dock_receive, table.dock.receive = table.dock.receive, lambda *_: []  # type: ignore[method-assign]
    table.dock.press("short", table.now_ns)
    table.run_ms(150)
    table.dock.receive = dock_receive  # type: ignore[method-assign]
    table.connect()
    table.run_ms(300)
    assert pressed(table) == [ButtonPress.SHORT]


def test_the_first_press_after_a_reboot_is_new_though_its_id_is_not() -> None:
    table = Table()
    for _ in range(2):
        table.dock.press("short", table.now_ns)
        table.run_ms(100)
        table.boot()
        table.connect()
    assert pressed(table) == [ButtonPress.SHORT, ButtonPress.SHORT]


def test_a_press_that_reached_nobody_is_void_after_five_seconds() -> None:
    table = Table(NOTHING)
    table.dock.press("short", table.now_ns)
    table.run_ms(5100)
    table.weather = Weather()
    table.connect()
    table.run_ms(300)
    assert pressed(table) == []


def test_the_marker_lamp_follows_and_goes_dark_without_a_host() -> None:
    table = Table()
    table.host.marker_lamp(True, table.now_ns)
    table.run_ms(3000)
    assert table.dock.marker_lamp(table.now_ns)
    table.host.marker_lamp(False, table.now_ns)
    table.run_ms(1)
    assert not table.dock.marker_lamp(table.now_ns)
    table.host.marker_lamp(True, table.now_ns)
    table.weather = NOTHING
    table.run_ms(2100)
    assert not table.dock.marker_lamp(table.now_ns)


@settings(max_examples=20, deadline=None)
@given(weathers, st.integers(0, 2**32))
def test_the_last_word_about_the_lamp_counts(weather: Weather, seed: int) -> None:
    table = Table(weather, seed=seed)
    table.run_ms(600)
    for step in range(6):
        table.host.marker_lamp(step % 2 == 0, table.now_ns)
        table.run_ms(7)
    table.weather = Weather()
    table.run_ms(700)
    assert not table.dock.marker_lamp(table.now_ns)


def test_a_hand_over_makes_another_marker_primary() -> None:
    table = Table()
    table.sights.append(MarkerSight(2, Sight(-30.0, 0.0, 4.0, True)))
    table.run_ms(200)
    table.weather = Weather(lost=0.5)
    table.host.follow_marker(2, table.now_ns)
    table.run_ms(1500)
    roles = {report.marker_id: report.role for report in table.of(MarkerReport)[-6:]}
    assert roles == {1: MarkerRole.SECONDARY, 2: MarkerRole.PRIMARY}
    assert {status.marker_id: status.role for status in table.of(MarkerStatus)[-2:]} == roles


def test_a_marker_that_is_not_there_is_refused_once() -> None:
    table = Table()
    table.run_ms(100)
    table.host.follow_marker(9, table.now_ns)
    table.run_ms(1000)
    assert table.host.complaints.counts == {Complaint.REFUSED: 1}
    assert table.of(MarkerReport)[-1].role is MarkerRole.PRIMARY


def test_the_state_of_markers_is_told_at_once() -> None:
    table = Table()
    table.run_ms(100)
    table.dock.condition.markers[1] = MarkerState(None, charging=True, in_bay=True, muted=True)
    table.run_ms(20)
    status = table.of(MarkerStatus)[-1]
    assert status == MarkerStatus(1, MarkerRole.PRIMARY, None, charging=True, in_bay=True, muted=True)


@settings(max_examples=20, deadline=None)
@given(weathers, st.integers(0, 2**32))
def test_faults_are_told_in_order_and_cleared(weather: Weather, seed: int) -> None:
    table = Table(weather, seed=seed)
    table.run_ms(500)
    table.dock.fault(codes.FaultCode.STALL, codes.Axis.PAN, table.now_ns)
    table.run_ms(2500)
    table.host.clear_fault(table.now_ns)
    table.run_ms(2500)
    last = table.of(DockFault)[-1]
    assert (last.kind, last.axis, last.active) == (FaultKind.STALL, Axis.PAN, False)
    assert [fault.active for fault in table.of(DockFault)] == [True, False]


def test_a_standing_fault_is_told_again_to_the_next_host() -> None:
    table = Table()
    table.dock.fault(codes.FaultCode.BROWN_OUT, codes.Axis.NONE, table.now_ns)
    table.run_ms(300)
    table.connect()
    table.run_ms(100)
    assert [(fault.kind, fault.axis, fault.active) for fault in table.of(DockFault)] == [
        (FaultKind.BROWN_OUT, None, True)
    ] * 2


def test_identify_blinks() -> None:
    table = Table()
    table.run_ms(50)
    table.host.identify(table.now_ns)
    table.run_ms(10)
    assert table.dock.blinks(table.now_ns)
    table.run_ms(5000)
    assert not table.dock.blinks(table.now_ns)


def test_the_dock_falls_silent_without_a_host() -> None:
    table = Table()
    table.run_ms(100)
    table.now_ns += 3_100 * MS
    assert table.dock.advance(table.now_ns) == []


def test_reasons() -> None:
    table = Table()
    table.run_ms(100)
    assert table.host.fault(table.now_ns + HEARTBEAT_NS - 20 * MS) is None
    assert "sent nothing for 0.5 s" in str(table.host.fault(table.now_ns + HEARTBEAT_NS + MS))
    table.weather = NOTHING
    table.connect()
    late_ns = table.now_ns + NEGOTIATION_NS + MS
    assert "nothing came back" in str(table.host.fault(late_ns))
    table.host.receive(b"noise\x00", table.now_ns)
    assert "only noise" in str(table.host.fault(late_ns))


def test_a_dock_that_restarted_behind_the_link_is_noticed_at_the_next_word() -> None:
    table = Table()
    table.run_ms(100)
    table.boot()
    table.run_ms(300)
    assert table.host.fault(table.now_ns) == "the dock does not know us any more: it restarted"


@pytest.mark.parametrize(("version", "older"), [(2, "driver"), (0, "dock")])
@pytest.mark.parametrize("codec", [StreamCodec, DatagramCodec])
def test_another_major_version_is_refused_by_both_names(codec: type[StreamCodec], version: int, older: str) -> None:
    table = Table(NOTHING, codec)
    frame = dataclasses.replace(messages.to_frame(messages.Stop(1), 1), version=version)
    table.host.receive(codec().encode(frame), table.now_ns)
    reason = f"the dock speaks protocol version {version}, this driver 1: update the {older}"
    assert table.host.fault(table.now_ns) == reason
    table = Table(codec=codec)
    table.run_ms(50)
    table.host.receive(codec().encode(frame), table.now_ns)
    assert table.host.fault(table.now_ns) is None  # a conversation that stands is not upset by one stray frame


def test_the_dock_answers_a_host_of_another_version_in_its_own() -> None:
    table = Table()
    codec = StreamCodec()
    hello = dataclasses.replace(messages.to_frame(messages.Hello(1, 0, "new"), 1), version=2)
    (answer,) = table.dock.receive(codec.encode(hello), table.now_ns)
    (frame,) = codec.feed(answer)
    assert messages.from_frame(frame) == messages.Refusal(messages.Hello.TYPE, 0, codes.RefusalCode.VERSION)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("pan_max_acceleration_dps2", -1.0, "pan_max_acceleration_dps2 is -1, which is not above 0"),
        ("tilt_max_rate_dps", 0.0, "tilt_max_rate_dps is 0, which is not above 0"),
        ("tilt_min_deg", 50.0, "tilt_min_deg is 50, which is not below tilt_max_deg 50"),
        ("pan_max_deg", 2_000_000.0, "pan_min_deg -170 to pan_max_deg 2e+06 is more than a full turn each way"),
    ],
)
def test_an_absurd_hello_is_refused_naming_the_field(field: str, value: float, reason: str) -> None:
    table = Table(NOTHING)
    hello = messages.Hello(0, 0, "")
    codec = StreamCodec()
    for wire in table.sent:
        (frame,) = codec.feed(wire)
        hello = messages.from_frame(frame)  # type: ignore[assignment]
    (answer,) = table.dock.receive(table.sent[0], table.now_ns)
    (frame,) = codec.feed(answer)
    reply = messages.from_frame(frame)
    assert isinstance(reply, messages.HelloReply)
    assert reply.session_id == hello.session_id
    wire = codec.encode(messages.to_frame(dataclasses.replace(reply, **{field: value}), 1))
    table.host.receive(wire, table.now_ns)
    assert table.host.fault(table.now_ns) == f"the dock's hello makes no sense: its {reason}"
    assert (table.ready, table.events) == ([], [])


def test_the_answer_to_an_earlier_host_counts_for_nothing() -> None:
    table = Table(NOTHING)
    codec = StreamCodec()
    (answer,) = table.dock.receive(codec.encode(messages.to_frame(messages.Hello(1, 0, ""), 1)), START_NS)
    table.host.receive(answer, table.now_ns)
    assert not table.host.negotiated


def test_requests_are_answered_once() -> None:
    table = Table()
    table.run_ms(100)
    table.host.identify(table.now_ns)
    table.run_ms(300)
    assert table.of(RequestDone) == [RequestDone(Request.IDENTIFY)]
    table.events.clear()
    table.host.follow_marker(77, table.now_ns)
    table.run_ms(300)
    assert table.of(RequestDone) == [RequestDone(Request.FOLLOW_MARKER, "unknown marker")]


def test_a_request_that_nobody_answers_is_given_up() -> None:
    table = Table()
    table.run_ms(100)
    table.weather = NOTHING
    table.host.clear_fault(table.now_ns)
    table.run_ms(2900)
    assert table.of(RequestDone) == []
    table.run_ms(200)
    assert table.of(RequestDone) == [RequestDone(Request.CLEAR_FAULT, "it did not answer within 3 s")]
