"""Geometry: there and back, signs, and the pose at a time."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot.domain.body import Body
from followspot.domain.geometry import Aim, Bearing, Lens, PoseSample, PoseTrack, wrap_deg

LENS = Lens(1280, 720, 55.0)
angles = st.floats(-170, 170)
tilts = st.floats(-35, 35)


@given(angles, tilts, st.floats(0, 1280), st.floats(0, 720))
def test_a_pixel_comes_back(pan, tilt, x, y):
    aim = Aim(pan, tilt)
    assert LENS.project(LENS.unproject(x, y, aim), aim) == pytest.approx((x, y), abs=1e-6)


def test_the_axis_is_the_middle_and_right_and_up_are_so():
    assert LENS.project(Bearing(20, 10), Aim(20, 10)) == pytest.approx((640, 360))
    x, y = LENS.project(Bearing(25, 12), Aim(20, 10))
    assert x > 640
    assert y < 360
    assert LENS.unproject(1280, 360, Aim(0, 0)).azimuth_deg == pytest.approx(27.5)


@given(angles, st.floats(-80, 80), angles, tilts)
def test_every_direction_has_a_finite_place_on_its_side(azimuth, elevation, pan, tilt):
    x, y = LENS.project(Bearing(azimuth, elevation), Aim(pan, tilt))
    assert math.isfinite(x)
    assert math.isfinite(y)
    off = wrap_deg(azimuth - pan)
    if abs(off) > 0.01:
        assert (x > 640) == (off > 0)


def test_the_pose_is_interpolated_and_carried_on_a_little():
    track = PoseTrack()
    assert track.at(0) is None
    for ms, pan in ((0, 0.0), (100, 2.0), (200, 6.0)):
        track = track.then(PoseSample(ms * 1_000_000, Aim(pan, 0.0), 40.0, 0.0))
    assert track.at(150_000_000).pan_deg == pytest.approx(4.0)
    assert track.at(250_000_000).pan_deg == pytest.approx(8.0)
    assert track.at(9_000_000_000).pan_deg == pytest.approx(10.0)


def test_a_pose_out_of_order_or_not_a_number_is_dropped():
    track = PoseTrack().then(PoseSample(100, Aim(1, 1)))
    assert track.then(PoseSample(100, Aim(2, 2))) is track
    assert track.then(PoseSample(200, Aim(math.nan, 2))) is track


def test_the_track_is_bounded():
    track = PoseTrack()
    for n in range(1000):
        track = track.then(PoseSample(n, Aim(n, 0)))
    assert len(track.samples) == 160


def test_head_and_shoulders_follow_from_the_marker():
    box = Body(1.70, 1.35).bust(LENS, Aim(0, 0), Bearing(0, 0), 3.5)
    assert box.height == pytest.approx(LENS.focal_px * 0.425 / 3.5)
    assert box.width == pytest.approx(LENS.focal_px * 0.27 * 1.7 / 3.5)
    assert box.y == pytest.approx(360 - LENS.focal_px * 0.35 / 3.5)
    assert box.centre[0] == pytest.approx(640)


@pytest.mark.parametrize("rate_dps", [0.0, 8.0])
def test_the_noise_of_encoders_is_taken_out_and_the_way_is_kept(rate_dps):
    rng, track, off = random.Random(1), PoseTrack(), []
    for n in range(400):
        true_deg = rate_dps * n / 50
        track = track.then(PoseSample(n * 20_000_000, Aim(true_deg + rng.gauss(0, 0.01), 0.0), rate_dps))
        off.append(track.samples[-1].aim.pan_deg - true_deg)
    assert max(map(abs, off[100:])) < 0.008
    assert max(abs(b - a) for a, b in itertools.pairwise(off[100:])) < 0.004


def test_a_pose_that_jumps_or_has_no_rates_is_believed_as_it_is():
    track = PoseTrack().then(PoseSample(0, Aim(0.0, 0.0))).then(PoseSample(20_000_000, Aim(3.0, -1.0)))
    assert track.samples[-1].aim == Aim(3.0, -1.0)
    for n in range(2, 50):
        track = track.then(PoseSample(n * 20_000_000, Aim(3.0 + 0.4 * n, -1.0)))
        assert track.samples[-1].aim.pan_deg == pytest.approx(3.0 + 0.4 * n, abs=0.06)
