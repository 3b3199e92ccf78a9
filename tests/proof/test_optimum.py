"""The optimum: it must be an optimum, or the ratio to it is worth nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followspot_sim.proof import motion, optimum, placing
from proof.made import FOCAL_PX, made, moved


def walk(frames: int = 240) -> np.ndarray:
    """Her azimuth: to and fro, with stands."""
    return 12 * np.clip(np.sin(np.arange(frames) / 25), -0.7, 0.7)


def followed(azimuth: np.ndarray, pan: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of a lesson in which she is at `azimuth` and the camera at `pan`."""
    series = made(len(azimuth))
    across = FOCAL_PX * np.tan(np.radians(azimuth - pan))
    speed = np.abs(np.diff(azimuth, prepend=azimuth[0])) > 0.01
    return {
        "azimuth_deg": azimuth,
        "pan_deg": pan,
        "box": moved(series.box, across),
        "head": moved(series.head, across),
        "walking": speed,
    }


def smoothed(values: np.ndarray, reach: int) -> np.ndarray:
    kernel = np.hanning(2 * reach + 1)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


@given(seed=st.integers(0, 10_000), reach=st.integers(1, 40), shake=st.floats(0, 1), lag=st.integers(0, 15))
@settings(max_examples=15, deadline=None)
def test_no_operator_is_calmer_than_the_optimum(seed: int, reach: int, shake: float, lag: int) -> None:
    azimuth = walk(160)
    noise = smoothed(np.random.default_rng(seed).normal(0, shake, len(azimuth)), 4)
    pan = np.roll(smoothed(azimuth, reach), lag) + noise
    assert optimum.ratio(made(len(azimuth), **followed(azimuth, pan))) >= 1 - 1e-3


def test_the_optimum_keeps_her_within_the_tolerance_and_does_not_follow_what_fits_into_it() -> None:
    azimuth = walk()
    series = made(len(azimuth), **followed(azimuth, azimuth))
    assert placing.misplaced(series).max() < 1e-6
    judged = np.ones(len(series), dtype=bool)
    best = motion.rms(optimum.best_shake(series, judged), judged)
    assert 0 < best < 0.5 * motion.rms(motion.shake(series, 2), judged)
    little = 0.5 * np.sin(np.arange(200) / 9)
    still = made(200, **followed(little, little))
    assert motion.rms(optimum.best_shake(still, judged[:200]), judged[:200]) < 1e-3


def test_a_programme_with_a_known_solution() -> None:
    x = optimum.solve_box(np.diag([1.0, 1.0, 1.0]), np.array([-1.0, 2.0, -9.0]), np.array([1.0, 3.0, -4.0]))
    assert x == pytest.approx([0.0, 2.0, -4.0], abs=1e-4)


def test_who_never_walks_has_no_ratio() -> None:
    assert np.isnan(optimum.ratio(made(60)))
