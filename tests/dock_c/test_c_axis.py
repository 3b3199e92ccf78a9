"""The motion profile in C keeps its limits, whatever it is told."""

import random
import subprocess
from pathlib import Path

import numpy as np
import pytest

from support.c_build import SOURCES, build

_MIN_DEG, _MAX_DEG = -30.0, 50.0
_RATE_DPS, _ACCELERATION_DPS2, _JERK_DPS3 = 90.0, 400.0, 16_000.0
_TICK_S = 0.001
_ROUNDING_DEG = 2e-9
"""Positions are whole nanodegrees."""


@pytest.fixture(scope="session")
def axis_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    firmware = SOURCES / "firmware"
    sources = [firmware / "axis.c", Path(__file__).parent / "axis_tool.c"]
    return build(tmp_path_factory.mktemp("axis") / "axis_tool", sources, f"-I{firmware}")


def run(program: Path, script: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions in degrees after every tick, and whether the axis rested then."""
    done = subprocess.run([program], input=script, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    table = np.array([line.split() for line in done.stdout.splitlines()], dtype=np.int64)
    return table[:, 0] / 1e9, table[:, 1] == 1


def assert_within_limits(position: np.ndarray) -> None:
    assert position.min() >= _MIN_DEG
    assert position.max() <= _MAX_DEG
    for order, limit in ((1, _RATE_DPS), (2, _ACCELERATION_DPS2), (3, _JERK_DPS3)):
        derivative = np.diff(position, n=order) / _TICK_S**order
        assert np.abs(derivative).max() <= limit + 2**order * _ROUNDING_DEG / _TICK_S**order


@pytest.mark.parametrize("seed", range(5))
def test_random_commands_stay_within_every_limit(axis_program: Path, seed: int) -> None:
    rng = random.Random(seed)
    lines = []
    for _ in range(300):
        ticks = rng.choice((1, 5, 30, 200, 800))
        if rng.random() < 0.5:
            lines.append(f"t {rng.randint(-30_000, 50_000)} {rng.choice((0, 500, 20_000, 2**31 - 1))} {ticks}")
        else:
            lines.append(f"r {rng.choice((0, rng.randint(-100_000, 100_000), 2**31 - 1, -(2**31)))} 0 {ticks}")
    position, _ = run(axis_program, "\n".join(lines))
    assert_within_limits(position)


@pytest.mark.parametrize("target_mdeg", [1, -1, 50, 1000, 50_000, -30_000])
def test_a_target_is_met_exactly_and_without_passing_it(axis_program: Path, target_mdeg: int) -> None:
    position, rests = run(axis_program, f"t {target_mdeg} 2147483647 1500")
    assert rests[-1]
    assert position[-1] == target_mdeg / 1000
    assert np.abs(position).max() <= abs(target_mdeg) / 1000 + 1e-6
    distance_deg = abs(target_mdeg) / 1000
    soonest_s = 2 * np.sqrt(distance_deg / _ACCELERATION_DPS2)
    cruise_s = distance_deg / _RATE_DPS + _RATE_DPS / _ACCELERATION_DPS2
    assert np.argmax(rests) * _TICK_S <= max(soonest_s, cruise_s) + 2 * _ACCELERATION_DPS2 / _JERK_DPS3 + 0.05


def test_a_rate_is_held_and_ends_at_the_end_of_the_range(axis_program: Path) -> None:
    position, rests = run(axis_program, "r 20000 0 4000")
    assert np.diff(position)[500:1500] / _TICK_S == pytest.approx(20.0)
    assert position[-1] == _MAX_DEG
    assert rests[-1]


def test_an_axis_that_was_put_elsewhere_rests_there(axis_program: Path) -> None:
    position, rests = run(axis_program, "r 90000 0 300\np 12345 0 0\nr 0 0 10")
    assert (position[-1], rests[-1]) == (12.345, True)
