"""Host and dock in conversation over a link that loses frames, on a clock of our own: nothing is lost or doubled."""

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followspot_dock import ButtonPress, Capabilities, DockEvent, MarkerButton, MarkerReport, Pose
from followspot_dock.host import HEARTBEAT_NS, NEGOTIATION_NS, HostSession, PressMemory
from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import Frame, encode
from followspot_sim.firmware import Firmware
from followspot_sim.plant import Plant
from followspot_sim.sight import Sight

MS = 1_000_000
START_NS = 5_000_000_000


class Table:
    """Both ends, a clock that is stepped by the millisecond, and a link that may lose any frame either way."""

    def __init__(self, loses: Callable[[], bool] = lambda: False) -> None:
        self.now_ns = START_NS
        self.loses = loses
        self.events: list[DockEvent] = []
        self.presses = PressMemory()
        self.rng = random.Random(1)
        self.plant = Plant(START_NS)
        self.boot()
        self.connect()

    def boot(self) -> None:
        def sight(_: int) -> Sight:
            return Sight(20.0, 5.0, 3.0, True)

        self.dock = Firmware(self.plant, sight, lambda *_: None, self.rng, 0.5, self.now_ns)

    def connect(self) -> None:
        self.ready: list[Capabilities] = []
        self.host = HostSession(self._to_dock, self.events.append, self.ready.append, self.presses, False)
        self.host.begin(self.now_ns)

    def _to_dock(self, frame: bytes) -> None:
        if not self.loses():
            self._to_host(self.dock.receive(frame, self.now_ns))

    def _to_host(self, frames: bytes) -> None:
        for piece in frames.split(b"\x00")[:-1]:
            if not self.loses():
                self.host.receive(piece + b"\x00", self.now_ns)

    def run_ms(self, milliseconds: int) -> None:
        for _ in range(milliseconds):
            self.now_ns += MS
            self._to_host(self.dock.advance(self.now_ns))
            if self.now_ns // MS % 20 == 0:
                self.host.tick(self.now_ns)

    def pressed(self) -> list[ButtonPress]:
        return [event.press for event in self.events if isinstance(event, MarkerButton)]


def test_nothing_is_told_before_the_dock_has_answered() -> None:
    table = Table(loses=lambda: True)
    table.run_ms(500)
    assert (table.events, table.ready, table.host.negotiated) == ([], [], False)
    table.loses = lambda: False
    table.run_ms(1000)
    (capabilities,) = table.ready
    assert (capabilities.pan_max_deg, capabilities.has_marker) == (170.0, True)
    table.events.clear()
    table.run_ms(1000)
    assert sum(isinstance(event, Pose) for event in table.events) == 50
    assert sum(isinstance(event, MarkerReport) for event in table.events) == 30


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0, 0.6))
def test_each_press_is_told_exactly_once(seed: int, loss: float) -> None:
    source = random.Random(seed)
    table = Table()
    table.loses = lambda: source.random() < loss
    sent = ["short", "double", "long", "short"]
    for press in sent:
        table.dock.press(press, table.now_ns)
        table.run_ms(200)
    table.run_ms(3000)
    assert sorted(table.pressed()) == sorted(ButtonPress(press) for press in sent)


def test_a_press_repeated_into_the_next_connection_is_told_once() -> None:
    table = Table()
    table.dock.press("short", table.now_ns)
    dock_receive, table.dock.receive = table.dock.receive, lambda *_: b""  # type: ignore[method-assign]
    table.run_ms(150)
    table.dock.receive = dock_receive  # type: ignore[method-assign]
    table.connect()
    table.run_ms(300)
    assert table.pressed() == [ButtonPress.SHORT]


def test_the_first_press_after_a_reboot_is_new_though_its_id_is_not() -> None:
    table = Table()
    table.dock.press("short", table.now_ns)
    table.run_ms(100)
    table.boot()
    table.connect()
    table.dock.press("short", table.now_ns)
    table.run_ms(100)
    assert table.pressed() == [ButtonPress.SHORT, ButtonPress.SHORT]


def test_a_press_that_reached_nobody_is_void_after_five_seconds() -> None:
    table = Table(loses=lambda: True)
    table.dock.press("short", table.now_ns)
    table.run_ms(5100)
    table.loses = lambda: False
    table.connect()
    table.run_ms(300)
    assert table.pressed() == []


def test_stop_is_repeated_until_acknowledged() -> None:
    table = Table()
    table.host.drive(50.0, 0.0, 500)
    table.run_ms(200)
    table.loses = lambda: True
    table.host.stop(table.now_ns)
    table.run_ms(100)
    assert table.host.stopping
    table.loses = lambda: False
    table.run_ms(45)
    assert not table.host.stopping
    table.run_ms(200)
    assert table.plant.rates_at(table.now_ns) == (0.0, 0.0)


def test_a_newer_drive_ends_the_repeating_of_stop() -> None:
    table = Table()
    table.loses = lambda: True
    table.host.stop(table.now_ns)
    table.loses = lambda: False
    table.host.drive(50.0, 0.0, 500)
    table.run_ms(300)
    assert table.plant.rates_at(table.now_ns)[0] == pytest.approx(50.0)


def test_rates_are_cut_to_what_the_dock_can_do() -> None:
    table = Table()
    table.host.drive(1e9, -1e9, 500)
    table.run_ms(340)
    assert table.plant.rates_at(table.now_ns) == (120.0, -90.0)


def test_the_marker_lamp_follows_and_goes_dark_without_a_host() -> None:
    table = Table()
    table.host.marker_lamp(True, table.now_ns)
    table.run_ms(3000)
    assert table.dock.marker_lamp(table.now_ns)
    table.host.marker_lamp(False, table.now_ns)
    assert not table.dock.marker_lamp(table.now_ns)
    table.host.marker_lamp(True, table.now_ns)
    table.loses = lambda: True
    table.run_ms(2100)
    assert not table.dock.marker_lamp(table.now_ns)


def test_without_hello_the_dock_neither_moves_nor_speaks() -> None:
    plant = Plant(START_NS)
    dock = Firmware(plant, lambda _: Sight(0, 0, 1, True), lambda *_: None, random.Random(1), 0.5, START_NS)
    assert dock.receive(messages.to_wire(messages.Drive(1, 50.0, 0.0, 500), 1), START_NS) == b""
    assert dock.advance(START_NS + 100 * MS) == b""
    assert plant.pose_at(START_NS + 400 * MS) == (0.0, 0.0)


@pytest.mark.parametrize("ttl_ms", [0, 501, 60_000])
def test_a_time_to_live_out_of_range_moves_nothing(ttl_ms: int) -> None:
    table = Table()
    table.host.drive(50.0, 0.0, ttl_ms)
    table.run_ms(400)
    assert table.plant.pose_at(table.now_ns) == (0.0, 0.0)


def test_hello_ends_what_an_earlier_host_had_begun() -> None:
    table = Table()
    table.host.drive(50.0, 0.0, 500)
    table.run_ms(200)
    table.connect()
    table.run_ms(200)
    assert table.plant.rates_at(table.now_ns) == (0.0, 0.0)


def test_the_dock_falls_silent_without_a_host() -> None:
    table = Table()
    table.run_ms(100)
    table.now_ns += 3_100 * MS
    assert table.dock.advance(table.now_ns) == b""


def test_reasons() -> None:
    table = Table()
    table.run_ms(100)
    assert table.host.fault(table.now_ns + HEARTBEAT_NS - 20 * MS) is None
    assert "sent nothing for 0.5 s" in str(table.host.fault(table.now_ns + HEARTBEAT_NS + MS))
    table.loses = lambda: True
    table.connect()
    late_ns = table.now_ns + NEGOTIATION_NS + MS
    assert "nothing came back" in str(table.host.fault(late_ns))
    table.host.receive(b"noise\x00", table.now_ns)
    assert "only noise" in str(table.host.fault(late_ns))


GOOD = messages.HelloReply(1, 1, -170.0, 170.0, -30.0, 60.0, 120.0, 300.0, True, "m", "f", "s")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("max_acceleration_dps2", -5.0, "max_acceleration_dps2 -5.0 must be above 0"),
        ("max_rate_dps", 0.0, "max_rate_dps 0.0 must be above 0"),
        ("pan_min_deg", 170.0, "pan_min_deg 170.0 must be below pan_max_deg 170.0"),
        ("tilt_max_deg", -90.0, "tilt_min_deg -30.0 must be below tilt_max_deg -90.0"),
    ],
)
def test_a_dock_that_cannot_be_is_not_taken(field: str, value: float, words: str) -> None:
    table = Table(loses=lambda: True)
    table.host.receive(messages.to_wire(replace(GOOD, **{field: value}), 0), table.now_ns)
    assert not table.ready
    assert words in str(table.host.fault(table.now_ns))


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["pan_min_deg", "tilt_max_deg", "max_rate_dps", "max_acceleration_dps2"])
def test_capabilities_are_finite(field: str, value: float) -> None:
    good = Capabilities("m", "f", "s", -170.0, 170.0, -30.0, 60.0, 120.0, 300.0, True)
    assert good.fault() is None
    assert field in str(replace(good, **{field: value}).fault())


def test_of_a_flood_only_the_newest_reports_are_told_and_every_press() -> None:
    table = Table()
    table.run_ms(100)
    table.events.clear()
    reports: list[messages.Message] = []
    for number in range(50):
        reports += [
            messages.Pose(number, float(number), 0.0, 0.0, 0.0),
            messages.Marker(number, float(number), 0.0, 1.0),
        ]
        if number < 2:
            reports.append(messages.Button(number, 700 + number, 1))
    table.host.receive(b"".join(messages.to_wire(report, 0) for report in reports), table.now_ns)
    assert [type(event) for event in table.events] == [MarkerButton, MarkerButton, Pose, MarkerReport]
    assert [event.pan_deg for event in table.events if isinstance(event, Pose)] == [49.0]


def test_another_protocol_version_is_named() -> None:
    table = Table(loses=lambda: True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("followspot_dock.protocol.frames.PROTOCOL_VERSION", 4)
        wire = encode(Frame(messages.HelloReply.TYPE, 0, b""))
    table.host.receive(wire, table.now_ns)
    reason = str(table.host.fault(table.now_ns + NEGOTIATION_NS + MS))
    assert "the dock speaks protocol version 4, this driver 0" in reason
