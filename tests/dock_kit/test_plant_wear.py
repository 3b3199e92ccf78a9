"""Jerk limits, backlash, friction, brown-out: motion stays within every limit, and wear does what it says."""

import itertools
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followspot_dock.protocol import messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_sim.batteries import BatteryCurves
from followspot_sim.dock_condition import Condition
from followspot_sim.plant import NS_PER_S, Axis, AxisLimits, Plant, plan
from followspot_sim.sim_dock import SimDock

LIMITS = AxisLimits(-20.0, 30.0, 60.0, 200.0, max_jerk_dps3=2000.0)
START_NS = 1_000 * NS_PER_S
MS = 1_000_000

commands = st.lists(st.tuples(st.integers(1, 600), st.floats(-90.0, 90.0), st.integers(1, 500)), min_size=1, max_size=8)


def positions(script: list[tuple[int, float, int]], limits: AxisLimits) -> list[tuple[float, float]]:
    axis = Axis(limits, 0.0, START_NS)
    now_ns = START_NS
    seen = []
    for wait_ms, rate_dps, ttl_ms in script:
        axis.command(now_ns, rate_dps, ttl_ms / 1000)
        seen += [axis.at(now_ns + ms * MS) for ms in range(wait_ms)]
        now_ns += wait_ms * MS
    return seen + [axis.at(now_ns + ms * MS) for ms in range(1200)]


@settings(max_examples=150, deadline=None)
@given(commands)
def test_never_beyond_any_limit(script: list[tuple[int, float, int]]) -> None:
    seen = positions(script, LIMITS)
    rates = [rate for _, rate in seen]
    accelerations = [(after - before) * 1000 for before, after in itertools.pairwise(rates)]
    assert all(LIMITS.min_deg - 1e-6 <= position <= LIMITS.max_deg + 1e-6 for position, _ in seen)
    assert all(abs(rate) <= LIMITS.max_rate_dps + 1e-6 for rate in rates)
    assert all(abs(acceleration) <= LIMITS.max_acceleration_dps2 + 1e-3 for acceleration in accelerations)
    for before, after in itertools.pairwise(accelerations):
        assert abs(after - before) <= LIMITS.max_jerk_dps3 * 1e-3 + 1e-3
    for (before, rate_before), (after, rate_after) in itertools.pairwise(seen):
        assert after - before == pytest.approx((rate_before + rate_after) / 2 * 1e-3, abs=1e-5)
    assert rates[-1] == 0.0


@pytest.mark.parametrize("rate_dps", [60.0, -60.0, 7.0, -7.0])
def test_reaches_the_rate_and_stops_at_the_end(rate_dps: float) -> None:
    motion = plan(START_NS, 0.0, 0.0, rate_dps, 20.0, LIMITS)
    assert motion.at(START_NS + 400 * MS)[1] == pytest.approx(rate_dps, abs=8.0)
    end_deg = LIMITS.max_deg if rate_dps > 0 else LIMITS.min_deg
    assert motion.at(START_NS + 19 * NS_PER_S) == (pytest.approx(end_deg, abs=1e-6), 0.0)


def test_a_boundless_jerk_is_nearly_the_old_profile() -> None:
    script = [(150, 55.0, 500), (300, -55.0, 400), (200, 20.0, 100)]
    stiff = positions(script, replace(LIMITS, max_jerk_dps3=math.inf))
    nearly = positions(script, replace(LIMITS, max_jerk_dps3=1e7))
    assert max(abs(one - other) for (one, _), (other, _) in zip(stiff, nearly, strict=True)) < 0.05


def played(motor: list[float], backlash_deg: float) -> list[float]:
    """The play operator, step by step."""
    load, half = motor[0], backlash_deg / 2
    loads = []
    for position in motor:
        load = min(max(load, position - half), position + half)
        loads.append(load)
    return loads


@settings(max_examples=60, deadline=None)
@given(commands, st.booleans())
def test_backlash_agrees_with_the_play_operator(script: list[tuple[int, float, int]], jerky: bool) -> None:
    limits = replace(LIMITS, backlash_deg=1.5, max_jerk_dps3=2000.0 if jerky else math.inf)
    axis = Axis(limits, 0.0, START_NS)
    now_ns = START_NS
    motor, load = [], []
    for wait_ms, rate_dps, ttl_ms in script:
        axis.command(now_ns, rate_dps, ttl_ms / 1000)
        for ms in range(wait_ms):
            motor.append(axis.at(now_ns + ms * MS)[0])
            load.append(axis.load_at(now_ns + ms * MS))
        now_ns += wait_ms * MS
    assert load == pytest.approx(played(motor, 1.5), abs=0.05)


def test_without_play_the_camera_stands_where_the_motor_does() -> None:
    plant = Plant(START_NS, latency_ms=0.0)
    plant.drive(START_NS, 40.0, 20.0, 0.25)
    later_ns = START_NS + 200 * MS
    assert plant.pose_at(later_ns) == plant.encoders_at(later_ns)
    loose = Plant(START_NS, pan=replace(LIMITS, backlash_deg=2.0), latency_ms=0.0)
    loose.drive(START_NS, 40.0, 0.0, 0.25)
    assert loose.encoders_at(later_ns)[0] - loose.pose_at(later_ns)[0] == pytest.approx(1.0)


def test_friction_holds_a_standing_axis_and_not_a_moving_one() -> None:
    limits = replace(LIMITS, stick_dps=3.0)
    assert plan(START_NS, 0.0, 0.0, 2.0, 0.5, limits).at(START_NS + 400 * MS) == (0.0, 0.0)
    assert plan(START_NS, 0.0, 0.0, 4.0, 0.5, limits).at(START_NS + 400 * MS)[1] == pytest.approx(4.0, abs=0.1)
    assert plan(START_NS, 0.0, 10.0, 2.0, 0.5, limits).at(START_NS + 400 * MS)[1] == pytest.approx(2.0, abs=0.1)


async def test_a_weak_battery_browns_out_when_both_motors_pull(rig: Any, tmp_path: Path, new_rig: Any) -> None:
    heard: list[messages.Message] = []
    codec = DatagramCodec()

    class Memory:
        """A cable that keeps what the dock says."""

        def new_codec(self) -> DatagramCodec:
            return DatagramCodec()

        def plug(self, on_data: Any) -> "Memory":
            self.on_data = on_data
            return self

        def write(self, frames: Any) -> None:
            for frame in frames:
                heard.extend(m for m in map(messages.from_frame, codec.feed(frame)) if m is not None)

        def unplug(self) -> None:
            pass

        def say(self, *said: messages.Message) -> None:
            for message in said:
                self.on_data(codec.encode(messages.to_frame(message, 1)))

    cable = Memory()
    plant = Plant(time.monotonic_ns(), latency_ms=0.0)
    dock = SimDock(plant, lambda _: rig.sight, cable, tmp_path / "m", seed=1, sensor=rig.sensor, brown_out_percent=10)
    dock.replug()
    for percent, browns_out in ((11, False), (10, True)):
        heard.clear()
        dock.condition.status = replace(dock.condition.status, battery_percent=percent)
        cable.say(messages.Hello(percent, 0, ""), messages.Drive(1, 500, 0, 100.0, 80.0))
        dock._advance()
        cable.say(messages.Hello(percent + 100, 0, ""))
        dock._advance()
        faults = [message for message in heard if isinstance(message, messages.Fault)]
        assert bool(faults) is browns_out
        plant.stop(time.monotonic_ns())
    dock.unplug()


def test_batteries_follow_their_curves_and_leave_the_rest() -> None:
    curves = BatteryCurves(START_NS, [(0.0, 80), (100.0, 0)], [])
    condition = Condition()
    marker_before = dict(condition.markers)
    curves.update(condition, START_NS + 50 * NS_PER_S)
    assert condition.status.battery_percent == 40
    condition.status = replace(condition.status, battery_percent=3)
    curves.update(condition, START_NS + 50 * NS_PER_S)
    assert condition.status.battery_percent == 3
    curves.update(condition, START_NS + 60 * NS_PER_S)
    assert condition.status.battery_percent == 32
    assert condition.markers == marker_before
