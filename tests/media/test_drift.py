"""Sound is placed by smoothed arrival: late packets, bursts and a wrong clock do not move it."""

import random

import pytest

from followspot.media.drift import ArrivalClock

NS = 1_000_000_000
PACKET = 480


def errors_ns(ppm, lateness_ns, seconds=60):
    """Placed minus true capture time of each packet's first sample, after the start."""
    clock = ArrivalClock(48_000)
    rate_hz = 48_000 * (1 + ppm * 1e-6)
    errors = []
    for n in range(seconds * 100):
        end_ns = 5 * NS + round((n + 1) * PACKET / rate_hz * NS)
        clock.observe((n + 1) * PACKET, end_ns + lateness_ns(n))
        if clock.settled:
            errors.append(clock.time_ns(n * PACKET) - (5 * NS + round(n * PACKET / rate_hz * NS)))
    return errors


@pytest.mark.parametrize("ppm", [-200, 0, 200])
def test_jitter_and_a_wrong_clock(ppm):
    spread = random.Random(3)
    errors = errors_ns(ppm, lambda n: round(spread.expovariate(1 / 4e6)))
    assert max(map(abs, errors)) < 2_000_000


def test_a_burst_at_the_start():
    errors = errors_ns(100, lambda n: max(0, 15 - n) * 10_000_000)
    assert max(map(abs, errors)) < 1_000_000


def test_bursts_of_a_busy_machine():
    errors = errors_ns(-150, lambda n: (40 - n % 50) * 10_000_000 if n % 50 < 40 else 0)
    assert max(map(abs, errors[200:])) < 2_000_000


def test_lost_samples_are_caught_up_with_within_the_window():
    clock = ArrivalClock(48_000)
    for n in range(600):
        lost_ns = 200_000_000 if n >= 300 else 0
        clock.observe((n + 1) * PACKET, 5 * NS + (n + 1) * 10_000_000 + lost_ns)
    assert abs(clock.time_ns(600 * PACKET) - (5 * NS + 6 * NS + 200_000_000)) < 1_000_000
