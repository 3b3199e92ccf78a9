"""Where things are in the room, and where in the picture."""

import math

import numpy as np
import pytest

from followspot_sim.geometry import Lens, Stand
from followspot_sim.scene import shoulder_corners
from followspot_sim.track import Facing
from followspot_sim.world import Teacher


@pytest.mark.parametrize("pan_deg", [-30.0, 0.0, 12.5])
@pytest.mark.parametrize("tilt_deg", [-8.0, 0.0, 15.0])
def test_what_a_pixel_looks_at_is_projected_back_to_it(pan_deg: float, tilt_deg: float) -> None:
    lens = Lens(1280, 720, 55.0)
    u, v = np.meshgrid(np.linspace(0, 1280, 7), np.linspace(0, 720, 5))
    azimuth, tangent = lens.look(u.ravel(), v.ravel(), tilt_deg)
    azimuth = azimuth + math.radians(pan_deg)
    points = np.stack([np.sin(azimuth), tangent, np.cos(azimuth)], axis=-1) * 4.0
    assert np.allclose(lens.project(points, pan_deg, tilt_deg), np.stack([u.ravel(), v.ravel()], axis=-1), atol=1e-6)


def test_the_field_of_view_is_the_lens_s() -> None:
    lens = Lens(1280, 720, 55.0)
    edge = Stand(27.5, 3.0).points(np.zeros(1), np.full(1, 1.3))
    assert lens.project(edge, 0.0, 0.0)[0] == pytest.approx([1280, 360])


def test_right_and_up_are_positive() -> None:
    lens = Lens(640, 360, 55.0)
    point = Stand(10.0, 3.0).points(np.zeros(1), np.full(1, 2.0))
    x, y = lens.project(point, 0.0, 0.0)[0]
    assert x > 320
    assert y < 180
    panned_x, tilted_y = lens.project(point, 5.0, 5.0)[0]
    assert panned_x < x
    assert tilted_y > y


def test_what_is_behind_the_camera_has_no_place_in_the_picture() -> None:
    points = Stand(180.0, 3.0).points(np.zeros(1), np.full(1, 1.3))
    assert np.isnan(Lens(640, 360, 55.0).project(points, 0.0, 0.0)).all()


def test_head_and_shoulders_of_a_known_stature() -> None:
    lens = Lens(1280, 720, 55.0)
    teacher = Teacher(Stand(0.0, 4.0), 1.8, 0.0, False, 0.0, Facing.FRONT, 0.0)
    corners = lens.project(shoulder_corners(teacher), 0.0, 0.0)
    width, height = np.ptp(corners, axis=0)
    assert width == pytest.approx(0.27 * 1.8 * lens.focal_px / 4.0)
    assert height == pytest.approx(0.25 * 1.8 * lens.focal_px / 4.0)
    assert corners[:, 1].min() == pytest.approx(360 - (1.8 - 1.3) * lens.focal_px / 4.0)


def test_a_sight_line_passes_a_nearer_plane_where_it_should() -> None:
    target = Stand(20.0, 4.0).points(np.zeros(1), np.full(1, 2.1))
    lateral_m, height_m = Stand(20.0, 2.0).seen_through(target)
    assert lateral_m[0] == pytest.approx(0.0, abs=1e-9)
    assert height_m[0] == pytest.approx(1.3 + 0.8 / 2)
    nothing, _ = Stand(20.0, 5.0).seen_through(target)
    assert np.isnan(nothing).all()
