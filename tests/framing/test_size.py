"""How far the teacher is, from one picture and the place of her chest alone."""

import math

import numpy as np
import pytest

from followspot.domain.body import Body
from followspot.domain.geometry import Aim, Bearing
from followspot.vision.motion import MotionFinder
from followspot.vision.picture import SmallPicture
from followspot.vision.size import Size, SizeFinder
from framing.stage import CAMERA_M, HFOV_DEG, analysis_frame, drawn_panorama, drawn_person

BODY = Body(1.72, 1.35)
AIM = Aim(0.0, -2.0)


def seen(seed: int, distance_m: float, *, off_m: float = 0.0, step_deg: float = 0.6) -> Size | None:
    """The size told of somebody who just took a step, `off_m` beside where she is believed."""
    room, person, motion = drawn_panorama(seed), drawn_person(seed + 50), MotionFinder()
    pictures = []
    for number, azimuth_deg in enumerate((4.0 - step_deg, 4.0)):
        picture = room.view(AIM.pan_deg, AIM.tilt_deg)
        person.draw(picture, number / 10, azimuth_deg, distance_m, AIM.pan_deg, AIM.tilt_deg)
        pictures.append(SmallPicture.of(analysis_frame(picture, (1 + number) * 100_000_000), AIM, HFOV_DEG))
    chest = Bearing(4.0, math.degrees(math.atan2(BODY.marker_height_m - CAMERA_M, distance_m)))
    x, y = pictures[1].lens.project(chest, AIM)
    x += off_m / distance_m * pictures[1].lens.focal_px
    return SizeFinder(BODY).find(pictures[1], motion.compare(*pictures), x, y)


@pytest.mark.parametrize("distance_m", [2.0, 2.8, 4.0, 6.0])
def test_it_tells_the_distance(distance_m):
    errors = [abs(size.log_distance - math.log(distance_m)) for s in range(8) if (size := seen(s, distance_m))]
    assert len(errors) >= 6
    assert np.median(errors) < 0.12


@pytest.mark.parametrize("step_deg", [0.0, 0.6])
def test_it_bears_a_place_that_is_a_little_off(step_deg):
    told = [seen(s, 3.5, off_m=0.07 * (-1) ** s, step_deg=step_deg) for s in range(8)]
    errors = [abs(size.log_distance - math.log(3.5)) for size in told if size]
    assert len(errors) >= 6
    assert np.median(errors) < 0.15


def test_its_error_is_as_large_as_it_says():
    told = [(d, size) for d in (2.4, 3.5, 5.0) for s in range(8) if (size := seen(s, d))]
    scaled = [(size.log_distance - math.log(d)) / size.sigma for d, size in told]
    assert np.sqrt(np.mean(np.square(scaled))) < 2.0


def test_a_bare_wall_tells_nothing():
    frame = analysis_frame(np.full((720, 1280, 3), 128, np.uint8), 1)
    assert SizeFinder(BODY).find(SmallPicture.of(frame, AIM, HFOV_DEG), None, 160.0, 95.0) is None


def test_a_place_outside_the_picture_is_borne():
    frame = analysis_frame(drawn_panorama(1).view(0.0, 0.0), 1)
    for x, y in ((-500.0, 90.0), (900.0, 90.0), (160.0, -300.0), (160.0, 700.0)):
        size = SizeFinder(BODY).find(SmallPicture.of(frame, AIM, HFOV_DEG), None, x, y)
        assert size is None or (math.isfinite(size.log_distance) and size.sigma > 0)
