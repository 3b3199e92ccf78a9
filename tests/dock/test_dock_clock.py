"""The dock's clock is mapped through delay, drift and restart."""

import random

import pytest

from followspot_dock.dock_clock import DockClock

MS = 1_000_000


def test_nothing_heard_yet() -> None:
    with pytest.raises(ValueError, match="clock"):
        DockClock().host_ns(1)


@pytest.mark.parametrize("ppm", [-100, 0, 100])
def test_within_two_milliseconds_through_delay_and_drift(ppm: int) -> None:
    clock = DockClock()
    source = random.Random(ppm)
    boot_ns = 77_000_000_000
    for step in range(3000):  # a minute at 50 Hz
        true_ns = boot_ns + step * 20 * MS
        dock_us = (true_ns - boot_ns) * (1_000_000 + ppm) // 1_000_000_000
        clock.observe(dock_us, true_ns + round(source.expovariate(1 / (3 * MS))))
        if step > 50:
            assert abs(clock.host_ns(dock_us) - true_ns) < 2 * MS


def test_a_restarted_clock_is_mapped_anew() -> None:
    clock = DockClock()
    clock.observe(900_000_000, 1_000_000_000_000)
    clock.observe(1_000, 1_002_000_000_000)
    assert clock.host_ns(1_000) == 1_002_000_000_000


def test_a_report_is_never_placed_after_its_arrival() -> None:
    clock = DockClock()
    for step in range(1000):
        arrival_ns = step * 20 * MS + (step % 7) * MS
        clock.observe(step * 20_000, arrival_ns)
        assert clock.host_ns(step * 20_000) <= arrival_ns
