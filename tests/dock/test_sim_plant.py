"""The closed-form motors agree with brute-force integration and never leave their limits."""

import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followspot_sim.plant import NS_PER_S, PAN_LIMITS, Axis, AxisLimits, Plant, plan

LIMITS = AxisLimits(-20.0, 30.0, 60.0, 200.0)
START_NS = 1_000 * NS_PER_S
MS = 1_000_000

commands = st.lists(
    st.tuples(
        st.integers(1, 600),  # ms until the next command
        st.floats(-90.0, 90.0),  # rate, also beyond the limit
        st.integers(1, 500),  # time to live, ms
    ),
    min_size=1,
    max_size=8,
)


def integrate(script: list[tuple[int, float, int]], end_ms: int, step_ms: float) -> list[float]:
    """Positions each millisecond by small steps: towards the commanded rate, braking where the end stop demands it."""
    position = rate = 0.0
    starts = list(itertools.accumulate((wait for wait, _, _ in script), initial=0))
    positions = []
    steps = round(1 / step_ms)
    dt = step_ms / 1000
    for tick in range(end_ms * steps):
        now_ms = tick * step_ms
        if tick % steps == 0:
            positions.append(position)
        index = max(i for i, start in enumerate(starts[:-1]) if start <= now_ms)
        _, target, ttl_ms = script[index]
        target = max(-LIMITS.max_rate_dps, min(LIMITS.max_rate_dps, target))
        if now_ms >= starts[index] + ttl_ms:
            target = 0.0
        room = LIMITS.max_deg - position if rate > 0 else position - LIMITS.min_deg
        if rate * target > 0 and rate * rate / 2 / LIMITS.max_acceleration_dps2 >= room:
            target = 0.0
        change = LIMITS.max_acceleration_dps2 * dt
        after = rate + max(-change, min(change, target - rate))
        position += (rate + after) / 2 * dt
        rate = after
    return positions


def laid_out(script: list[tuple[int, float, int]]) -> Axis:
    axis = Axis(LIMITS, 0.0, START_NS)
    now_ns = START_NS
    for wait_ms, rate_dps, ttl_ms in script:
        axis.command(now_ns, rate_dps, ttl_ms / 1000)
        now_ns += wait_ms * MS
    return axis


@pytest.mark.parametrize(
    "script",
    [
        [(400, 40.0, 300)],
        [(150, 55.0, 500), (500, -55.0, 400)],
        [(200, 30.0, 500), (200, 60.0, 500), (300, 10.0, 250)],
        [(450, 60.0, 500), (450, 60.0, 500), (450, -60.0, 500), (450, -60.0, 500), (450, -60.0, 500)],
        [(30, 60.0, 500), (30, -60.0, 500), (30, 60.0, 20), (30, 0.0, 500)],
    ],
)
def test_agrees_with_fine_integration(script: list[tuple[int, float, int]]) -> None:
    # All in the last three seconds, which is what an axis remembers.
    end_ms = sum(wait for wait, _, _ in script) + 600
    axis = laid_out(script)
    for ms, expected in enumerate(integrate(script, end_ms, step_ms=0.02)):
        assert axis.at(START_NS + ms * MS)[0] == pytest.approx(expected, abs=0.1)


@settings(max_examples=200, deadline=None)
@given(commands)
def test_never_beyond_the_limits_and_never_a_jump(script: list[tuple[int, float, int]]) -> None:
    axis = Axis(LIMITS, 0.0, START_NS)
    now_ns = START_NS
    seen: list[tuple[float, float]] = []
    for wait_ms, rate_dps, ttl_ms in script:
        axis.command(now_ns, rate_dps, ttl_ms / 1000)
        seen += [axis.at(now_ns + ms * MS) for ms in range(wait_ms)]
        now_ns += wait_ms * MS
    seen += [axis.at(now_ns + ms * MS) for ms in range(1200)]
    for (before, rate_before), (after, rate_after) in itertools.pairwise(seen):
        assert LIMITS.min_deg - 1e-6 <= after <= LIMITS.max_deg + 1e-6
        assert abs(rate_after) <= LIMITS.max_rate_dps + 1e-6
        assert abs(rate_after - rate_before) <= LIMITS.max_acceleration_dps2 * 1e-3 + 1e-6
        assert abs(after - before) <= LIMITS.max_rate_dps * 1e-3 + 1e-6
    assert seen[-1][1] == 0.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_comes_to_rest_at_the_end_stop_and_leaves_it_again(sign: float) -> None:
    end_deg = LIMITS.max_deg if sign > 0 else LIMITS.min_deg
    motion = plan(START_NS, 0.0, 0.0, sign * 60.0, 5.0, LIMITS)
    assert motion.at(START_NS + 4 * NS_PER_S) == (pytest.approx(end_deg), 0.0)
    back = plan(START_NS, end_deg, 0.0, -sign * 10.0, 0.5, LIMITS)
    assert back.at(START_NS + NS_PER_S // 4)[1] == pytest.approx(-sign * 10.0)
    pressed = plan(START_NS, end_deg, 0.0, sign * 10.0, 0.5, LIMITS)
    assert pressed.at(START_NS + NS_PER_S // 4) == (pytest.approx(end_deg), pytest.approx(0.0))


def test_dead_man() -> None:
    plant = Plant(START_NS, latency_ms=0.0)
    plant.drive(START_NS, 40.0, 0.0, 0.25)
    assert plant.rates_at(START_NS + 249 * MS) == (pytest.approx(40.0), 0.0)
    assert 0 < plant.rates_at(START_NS + 300 * MS)[0] < 40.0
    assert plant.rates_at(START_NS + 351 * MS) == (0.0, 0.0)
    assert plant.pose_at(START_NS + NS_PER_S)[0] == pytest.approx(40.0 * 0.25)


def test_a_command_takes_effect_after_the_latency_and_never_changes_the_past() -> None:
    plant = Plant(START_NS, latency_ms=30.0)
    plant.drive(START_NS, 50.0, 0.0, 0.5)
    assert plant.pose_at(START_NS + 30 * MS) == (0.0, 0.0)
    before = [plant.pose_at(START_NS + ms * MS) for ms in range(200)]
    plant.drive(START_NS + 200 * MS, -50.0, 20.0, 0.5)
    assert [plant.pose_at(START_NS + ms * MS) for ms in range(200)] == before


def test_the_last_three_seconds_are_remembered_and_no_more() -> None:
    axis = Axis(PAN_LIMITS, 0.0, START_NS)
    answers = {}
    now_ns = START_NS
    for step in range(1000):
        now_ns = START_NS + step * 33 * MS
        axis.command(now_ns, 30.0 if step // 30 % 2 else -30.0, 0.25)
        answers[now_ns] = axis.at(now_ns)
    for time_ns, answer in answers.items():
        if now_ns - time_ns <= 3 * NS_PER_S:
            assert axis.at(time_ns) == pytest.approx(answer)
    assert len(axis._motions) < 100


def test_may_be_read_from_another_thread() -> None:
    plant = Plant(START_NS)
    read: list[float] = []
    reader = threading.Thread(
        target=lambda: read.extend(plant.pose_at(START_NS + ms * MS)[0] for ms in range(20_000)), name="camera"
    )
    reader.start()
    for step in range(2000):
        plant.drive(START_NS + step * 10 * MS, 10.0, 0.0, 0.5)
    reader.join()
    assert len(read) == 20_000
