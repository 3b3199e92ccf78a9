"""The dock's clock is mapped both ways, through delay and drift, and no stamp can spoil it."""

import random

import pytest

from followspot_dock.dock_clock import DockClock

MS = 1_000_000
BOOT_NS = 77_000_000_000


class Dock:
    """A dock's clock that is off by `ppm`."""

    def __init__(self, ppm: int) -> None:
        self.ppm = ppm

    def us(self, host_ns: int) -> int:
        return (host_ns - BOOT_NS) * (1_000_000 + self.ppm) // 1_000_000_000


def exchange(clock: DockClock, dock: Dock, sent_ns: int, there_ns: int, back_ns: int) -> None:
    came_ns = sent_ns + there_ns
    clock.reached(sent_ns, dock.us(came_ns))
    clock.heard(dock.us(came_ns), came_ns + back_ns)


def test_nothing_heard_yet() -> None:
    clock = DockClock()
    with pytest.raises(ValueError, match="clock"):
        clock.host_ns(1)
    with pytest.raises(ValueError, match="clock"):
        clock.dock_us(1)
    assert clock.uncertainty_ns() is None


@pytest.mark.parametrize("ppm", [-200, 0, 200])
@pytest.mark.parametrize("delay_ms", [1, 3, 10])
def test_the_error_stays_within_the_shortest_way(ppm: int, delay_ms: int) -> None:
    clock, dock, source = DockClock(), Dock(ppm), random.Random(ppm)
    for step in range(3000):  # a minute of poses, with a question each quarter of a second
        now_ns = BOOT_NS + step * 20 * MS
        clock.heard(dock.us(now_ns), now_ns + round(source.expovariate(1 / (delay_ms * MS))))
        if step % 12 == 0:
            there, back = (round(source.expovariate(1 / (delay_ms * MS))) for _ in range(2))
            exchange(clock, dock, now_ns, there, back)
        if step > 200:
            assert abs(clock.host_ns(dock.us(now_ns)) - now_ns) < max(delay_ms / 2, 0.5) * MS
            assert abs(clock.dock_us(now_ns) - dock.us(now_ns)) < max(delay_ms / 2, 0.5) * 1000


def test_drift_is_tracked_where_the_link_is_quick() -> None:
    clock, dock = DockClock(), Dock(150)
    for step in range(50):
        exchange(clock, dock, BOOT_NS + step * 250 * MS, 50_000, 50_000)
    ahead_ns = BOOT_NS + 50 * 250 * MS + 4000 * MS  # four seconds without a word
    assert abs(clock.host_ns(dock.us(ahead_ns)) - ahead_ns) < 200_000


def test_the_middle_of_a_lopsided_way_errs_by_half_of_it() -> None:
    clock, dock = DockClock(), Dock(0)
    for step in range(40):
        exchange(clock, dock, BOOT_NS + step * 250 * MS, 0, 30 * MS)
    now_ns = BOOT_NS + 10_000 * MS
    assert abs(clock.host_ns(dock.us(now_ns)) - now_ns) <= 15 * MS
    uncertainty_ns = clock.uncertainty_ns()
    assert uncertainty_ns is not None
    assert uncertainty_ns <= 15 * MS


@pytest.mark.parametrize("absurd_us", [0, 2**40, 2**64 - 1])
def test_an_absurd_stamp_is_not_believed(absurd_us: int) -> None:
    clock, dock = DockClock(), Dock(0)
    now_ns = BOOT_NS + 3_600_000 * MS
    exchange(clock, dock, now_ns, MS, MS)
    before_ns = clock.host_ns(dock.us(now_ns))
    assert not clock.heard(absurd_us, now_ns)
    clock.reached(now_ns, absurd_us)
    assert clock.host_ns(dock.us(now_ns)) == before_ns
