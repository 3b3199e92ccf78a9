"""What the host knows of its link: both clocks, what is lost, what makes no sense."""

import logging
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dock.table import MS, Table, Weather
from followspot_dock import DockEvent, LinkChanged, LinkState, MarkerReport, Pose
from followspot_dock.order import Arrival, Lanes, Order
from followspot_dock.protocol import messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import Frame, StreamCodec
from followspot_dock.quality import Complaint, Complaints, LossMeter
from followspot_dock.session_dock import SessionDock


def test_each_frame_passes_once_though_late() -> None:
    order = Order()
    judged = [order.judge(n) for n in (0xFFFE, 0xFFFF, 1, 0, 0, 1, 2)]
    fresh, duplicate = Arrival.FRESH, Arrival.DUPLICATE
    assert judged == [fresh, fresh, fresh, fresh, duplicate, duplicate, fresh]


def test_one_wild_number_changes_nothing_but_a_sender_that_jumped_is_followed() -> None:
    order = Order()
    order.judge(100)
    assert order.judge(9000) is Arrival.WILD
    assert order.judge(101) is Arrival.FRESH
    assert [order.judge(n) for n in (20_000, 20_001, 20_002, 20_003, 20_004)] == [Arrival.WILD] * 3 + [
        Arrival.FRESH
    ] * 2


def test_lanes_are_bounded() -> None:
    lanes = Lanes()
    assert sum(lanes.passes(marker, 1) for marker in range(1000)) == 64
    assert lanes.passes(0, 2)


def test_a_link_that_loses_frames_is_degraded_until_it_is_well() -> None:
    table = Table()
    table.run_ms(3000)
    assert table.host.trouble is None
    table.weather = Weather(lost=0.3)
    table.run_ms(2000)
    trouble = str(table.host.trouble)
    assert "of what the dock sends is lost on the way" in trouble
    table.run_ms(300)
    assert table.host.trouble == trouble  # one sentence, however the figure moves
    table.weather = Weather()
    table.run_ms(2500)
    assert table.host.trouble is None


def test_reordering_and_doubling_are_no_loss() -> None:
    table = Table(Weather(doubled=0.5, late=0.5, late_ms=60))
    table.run_ms(5000)
    assert table.host.trouble is None


def test_a_link_that_is_deaf_one_way_is_degraded() -> None:
    meter = LossMeter()
    for answered in (True, True, True, False, False, False, False, False):
        meter.question(answered)
    meter.judge(0)
    assert meter.trouble == "the dock answered only 3 of the last 8 questions"


@pytest.mark.parametrize(("delay_ms", "jitter_ms", "allowed_ms"), [(0, 1, 2), (0, 3, 2), (4, 8, 4), (8, 30, 15)])
def test_both_clocks_agree(delay_ms: int, jitter_ms: int, allowed_ms: int) -> None:
    """Within 2 ms on serial, within half a connection interval on Bluetooth: 7.5 ms and 30 ms here."""
    table = Table(Weather(delay_ms=delay_ms, late=0.7, late_ms=jitter_ms), DatagramCodec)
    worst_ns = 0
    for second in range(60):
        table.run_ms(1000)
        if second > 1:
            dock_us = table.dock._time_us(table.now_ns)
            worst_ns = max(worst_ns, abs(table.host.clock.host_ns(dock_us) - table.now_ns))
            back_us = table.host.clock.dock_us(table.now_ns)
            assert abs(back_us - dock_us) * 1000 <= allowed_ms * MS
    assert worst_ns <= allowed_ms * MS


def test_a_malformed_flood_is_counted_logged_seldom_and_harmless(caplog: pytest.LogCaptureFixture) -> None:
    table = Table()
    table.run_ms(1000)
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            table.host.receive(table.rng.randbytes(500), table.now_ns)
            table.run_ms(1)
        table.run_ms(9500)
    assert len(caplog.records) == 2
    assert "damaged frames" in caplog.text
    assert table.host.complaints.counts[Complaint.DAMAGED] > 500
    assert table.host.fault(table.now_ns) is None
    assert len(table.of(Pose)) > 400


def test_each_kind_of_nonsense_is_counted() -> None:
    table = Table()
    table.run_ms(500)
    codec = StreamCodec()
    place = table.dock._sequence
    nonsense = {
        Complaint.DAMAGED: b"\x05\x01\x02\x00",
        Complaint.FOREIGN: codec.encode(Frame(0x20, 1, b"", version=3)),
        Complaint.UNKNOWN: codec.encode(Frame(0xEE, place + 1, b"later")),
        Complaint.SENSELESS: codec.encode(messages.to_frame(messages.Pose(2**63, 0, 0, 0, 0, 0), place + 2)),
        Complaint.WILD: codec.encode(Frame(0x20, place + 9000, bytes(30))),
    }
    table.events.clear()
    for wire in nonsense.values():
        table.host.receive(wire, table.now_ns)
    assert table.events == []
    assert table.host.complaints.counts == dict.fromkeys(nonsense, 1)


def test_a_report_no_dock_could_give_is_not_told() -> None:
    table = Table()
    table.run_ms(500)
    codec, place = StreamCodec(), table.dock._sequence
    now_us = table.dock._time_us(table.now_ns)
    for step, report in enumerate(
        (
            messages.Pose(now_us, 1e6, 0, 0, 0, 0),
            messages.MarkerReport(now_us, 1, 9, 1.0, 0, 0),
            messages.MarkerReport(now_us, 1, 1, 1.0, -1e6, 0),
            messages.MarkerStatus(1, 0, 0, 50),
        )
    ):
        table.events.clear()
        table.host.receive(codec.encode(messages.to_frame(report, place + 1 + step)), table.now_ns)
        assert table.events == []
    assert table.host.complaints.counts == {Complaint.SENSELESS: 4}


def test_complaints_are_told_at_once_then_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    with caplog.at_level(logging.WARNING):
        for step in range(2000):
            complaints.note(Complaint.DAMAGED, step * 10 * MS)
        complaints.tick(40_000 * MS)
    assert [record.message for record in caplog.records] == [
        "dock link: 1 damaged frames",
        "dock link: 1000 damaged frames",
        "dock link: 999 damaged frames",
    ]


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 7), st.integers(0, 2**32))
def test_after_any_bytes_the_second_good_frame_is_heard(noise: bytes, chunk_bytes: int, seed: int) -> None:
    table = Table(seed=seed)
    table.run_ms(500)
    table.weather = Weather(chunk_bytes=chunk_bytes)
    table.host.receive(noise, table.now_ns)
    table.events.clear()
    table.run_ms(41)
    assert len(table.of(Pose)) >= 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=260), max_size=30), st.integers(0, 2**32))
def test_no_datagrams_whatever_hurt_the_host(datagrams: list[bytes], seed: int) -> None:
    table = Table(codec=DatagramCodec, seed=seed)
    table.run_ms(500)
    for datagram in datagrams:
        table.host.receive(datagram, table.now_ns)
    table.events.clear()
    table.run_ms(100)
    assert len(table.of(Pose)) >= 4


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_datagrams_of_a_real_dock_never_raise(seed: int) -> None:
    source = random.Random(seed)
    table = Table(codec=DatagramCodec, seed=seed)
    heard: list[DockEvent] = table.events
    codec = DatagramCodec()
    for _ in range(20):
        kind = source.choice(messages.KNOWN)
        payload = source.randbytes(kind.fixed().size + kind.TEXTS * 3)
        place = table.dock._sequence + source.randint(-3, 3)
        table.host.receive(codec.encode(replace(Frame(kind.TYPE, 0, payload), sequence=place & 0xFFFF)), table.now_ns)
    assert all(event.time_ns <= table.now_ns for event in heard if isinstance(event, Pose | MarkerReport))


class Bench(SessionDock):
    """A SessionDock whose transport is the weather: bad in the middle third, and pulled out at the end."""

    def __init__(self, table: Table) -> None:
        self.told: list[DockEvent] = []
        self.error: str | None = None
        self._table, self._steps = table, 0
        super().__init__(self.told.append, lambda: table.now_ns)

    async def run(self) -> None:
        self._link.move(LinkState.CONNECTING, "opening")
        await self._converse(self, StreamCodec(), "the bench")

    def write(self, data: bytes) -> None:
        assert self._session is not None
        self._table.host = self._session
        self._table._to_dock(data)

    def rest(self, resting: bool) -> bool:
        return False  # the weather does not wait

    def look(self) -> None:
        """Nothing was held back."""

    async def wait_failed(self, timeout_s: float) -> None:
        self._steps += 1
        self._table.weather = Weather(lost=0.4 if self._steps // 150 == 1 else 0.0)
        self._table.run_ms(round(timeout_s * 1000), tick_host=False)
        self.drive(5.0, 0.0, 100)
        if self._steps == 450:
            assert self._table.rates()[0] == pytest.approx(5.0)
            self.error = "pulled out"


async def test_the_link_goes_from_ready_to_degraded_and_back_and_works_all_the_while() -> None:
    bench = Bench(Table())
    await bench.run()
    links = [event for event in bench.told if isinstance(event, LinkChanged)]
    assert [(change.state.value, change.capabilities is not None) for change in links] == [
        ("connecting", False),
        ("negotiating", False),
        ("ready", True),
        ("degraded", True),
        ("ready", True),
        ("lost", False),
    ]
    assert "lost on the way" in links[3].reason
    assert links[-1].reason == "the bench: pulled out"
