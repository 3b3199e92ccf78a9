"""Motion of the picture and of the motors: figures with a known answer."""

import numpy as np
import pytest

from followspot_sim.proof import motion
from followspot_sim.proof.card import judge
from proof.made import FOCAL_PX, SHOT_PX, made, moved

SCALE = 1280 / (SHOT_PX * 16 / 9)
"""Recorded pixels for each sensor pixel."""


def test_a_picture_that_rests_does_not_move() -> None:
    card = judge(made(150))
    assert card.standing_px2 == card.standing_px3 == card.zoom_px2 == 0.0
    assert card.motor_starts_per_min == card.motor_jerk_dps3 == 0.0


def test_a_steady_pan_has_no_second_difference() -> None:
    pan = np.arange(100) * 0.2
    series = made(100, pan_deg=pan, walking=np.ones(100, dtype=bool))
    assert motion.flow(series)[1:, 0] == pytest.approx(np.radians(0.2) * FOCAL_PX * SCALE, rel=0.01)
    assert judge(series).walking_px2 == pytest.approx(0, abs=1e-6)


def test_a_crop_that_shakes_is_measured_in_recorded_pixels() -> None:
    shaking = moved(made(200).crop, 0.0, np.where(np.arange(200) % 2, 1.0, -1.0))
    # a place of +-1 sensor pixel in turn has second differences of 4
    assert judge(made(200, crop=shaking)).standing_px2 == pytest.approx(4 * SCALE, rel=0.02)
    assert judge(made(200, crop=shaking)).standing_px3 == pytest.approx(8 * SCALE, rel=0.02)


def test_a_view_that_follows_while_the_crop_makes_up_for_the_motor_rests() -> None:
    pan = 3 * np.sin(np.arange(200) / 20)
    back_px = -FOCAL_PX * np.tan(np.radians(pan))
    assert judge(made(200, pan_deg=pan, crop=moved(made(200).crop, back_px))).standing_px2 == pytest.approx(0, abs=1e-3)


def test_settling_and_overshoot_are_told_from_the_stand() -> None:
    walking = np.arange(240) < 60
    azimuth = np.minimum(np.arange(240), 60) / 6.0
    late = np.arange(240) - 60
    pan = np.where(walking, azimuth, 10.0 + np.where(late < 30, 2.0 * np.sin(np.pi * np.clip(late, 0, 30) / 30), 0.0))
    (stop,) = motion.stops(made(240, azimuth_deg=azimuth, walking=walking, pan_deg=pan))
    assert stop.motor_overshoot_deg == pytest.approx(2.0, abs=0.02)
    assert stop.settle_s == pytest.approx(1.0, abs=0.1)
    assert stop.motor_settle_s == pytest.approx(1.0, abs=0.1)


def test_a_short_stand_is_no_stop() -> None:
    walking = (np.arange(200) < 60) | (np.arange(200) > 100)
    assert list(motion.stops(made(200, azimuth_deg=np.arange(200) / 6, walking=walking))) == []


def test_motor_starts_are_counted_by_axis_and_small_tremors_are_none() -> None:
    rate = np.zeros(1800)
    for start in (100, 400, 700):
        rate[start : start + 60] = 10.0
    tremor = 0.004 * np.sin(np.arange(1800))
    series = made(1800, pan_deg=np.cumsum(rate) / 30, tilt_deg=tremor)
    assert motion.motor_starts(series) == 3
    assert judge(series, with_optimum=False).motor_starts_per_min == pytest.approx(3)


def test_jerk_of_a_known_motion() -> None:
    time_s = np.arange(300) / 30
    assert motion.motor_jerk(made(300, pan_deg=2 * time_s**3)) == pytest.approx(12.0, rel=1e-3)
