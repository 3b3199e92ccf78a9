"""Views are cut out at the right place, to a fraction of a pixel, in luma and in chroma."""

import math

import av
import numpy as np
import pytest

from followspot.domain.view import Rect
from followspot.media.capture import Planar
from followspot.media.view import ViewRenderer, analysis_view, centre_view, is_full_range, plane_view

WIDTH, HEIGHT = 320, 180
# Where the samples of each plane lie: the first one's x and y, and the step, in luma pixels.
SITES = ((0.5, 0.5, 1), (0.5, 1.0, 2), (0.5, 1.0, 2))


PERIOD_PX = 48.0


def scene(x, y):
    """The light at each place, and how it changes along x and along y."""
    kx, ky = 2 * math.pi / PERIOD_PX, 2 * math.pi / (PERIOD_PX * 1.5)
    light = 128 + 50 * np.sin(kx * x) + 50 * np.sin(ky * y)
    return light, 50 * kx * np.cos(kx * x), 50 * ky * np.cos(ky * y)


def photograph(width: int = WIDTH, height: int = HEIGHT) -> av.VideoFrame:
    """The scene as a camera samples it: chroma on every second luma column, between two lines."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for index, (x0, y0, step) in enumerate(SITES):
        plane = plane_view(frame, index)
        x, y = np.meshgrid(step * np.arange(plane.shape[1]) + x0, step * np.arange(plane.shape[0]) + y0)
        plane[:] = np.rint(scene(x, y)[0])
    return frame


@pytest.mark.parametrize(
    "crop",
    [
        Rect(40, 20, 240, 135),
        Rect(33.37, 17.81, 160, 90),
        Rect(10.25, 5.5, 228.57, 128.57),
        Rect(0, 0, 320, 180),
        Rect(33.41, 17.83, 107.37, 60.4),
        Rect(100.7, 60.3, 100, 56.25),
        Rect(160, 90, 159.7, 89.83),
    ],
)
def test_every_sample_shows_its_place(crop):
    picture = ViewRenderer(160, 90).render(photograph(), crop)
    sx, sy = crop.width / 160, crop.height / 90
    for index, (x0, y0, step) in enumerate(SITES):
        plane = plane_view(picture, index).astype(float)
        columns, rows = np.arange(plane.shape[1]), np.arange(plane.shape[0])
        x, y = np.meshgrid(crop.x + sx * (step * columns + x0), crop.y + sy * (step * rows + y0))
        light, along_x, along_y = scene(x, y)
        inside = (slice(3, -3), slice(3, -3))
        error = (plane - light)[inside]
        for slope in (along_x[inside], along_y[inside]):
            shift_px = float((error * slope).sum() / (slope * slope).sum())
            assert abs(shift_px) < 0.06, (
                index
            )  # where light changes slowly, rounding to whole levels looks like a shift
        assert np.abs(error).max() < 4, index


def test_a_plain_crop_is_exact_and_shares_memory():
    frame = photograph()
    renderer = ViewRenderer(160, 90)
    for x, y in ((40, 20), (160, 90), (0, 0)):
        picture = renderer.render(frame, Rect(x, y, 160, 90))
        assert (picture.width, picture.height) == (160, 90)
        assert np.array_equal(plane_view(picture, 0), plane_view(frame, 0)[y : y + 90, x : x + 160])
        assert np.array_equal(plane_view(picture, 2), plane_view(frame, 2)[y // 2 : y // 2 + 45, x // 2 : x // 2 + 80])
        assert np.shares_memory(plane_view(picture, 0), plane_view(frame, 0))


def test_pictures_do_not_overwrite_each_other():
    renderer = ViewRenderer(160, 90)
    first = renderer.render(photograph(), Rect(0.5, 0.5, 160, 90))
    kept = plane_view(first, 0).copy()
    renderer.render(photograph(640, 360), Rect(9.5, 9.5, 160, 90))
    assert np.array_equal(plane_view(first, 0), kept)


def test_the_frame_may_change_its_size():
    renderer = ViewRenderer(160, 90)
    for width, height in ((320, 180), (640, 360), (322, 182)):
        frame = photograph(width, height)
        picture = renderer.render(frame, Rect(2, 2, 160, 90))
        assert plane_view(picture, 0)[0, 0] == plane_view(frame, 0)[2, 2]


def test_a_view_that_hangs_over_the_edge_repeats_it():
    frame = photograph()
    picture = ViewRenderer(160, 90).render(frame, Rect(200, 0, 160, 90))
    assert plane_view(picture, 0)[45, 159] == plane_view(frame, 0)[45, 319]


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 960), (640, 480), (1000, 2000)])
def test_the_centre_view_has_the_outputs_shape(width, height):
    view = centre_view(width, height, 1280, 720)
    assert math.isclose(view.width / view.height, 1280 / 720)
    assert view.centre == (width / 2, height / 2)
    assert view.width <= width
    assert view.height <= height


def test_vision_sees_the_frames_own_memory():
    frame = photograph()
    seen = analysis_view(frame, 5)
    assert np.shares_memory(seen.y, plane_view(frame, 0))
    assert not seen.y.flags.writeable


@pytest.mark.parametrize("kind", ["yuv420p", "yuvj420p", "yuv422p", "yuvj422p"])
@pytest.mark.parametrize("crop", [Rect(40, 20, 160, 90), Rect(33.4, 17.8, 160, 90), Rect(21.3, 10.7, 244.5, 137.5)])
def test_every_planar_kind_shows_the_same_picture(kind, crop):
    full = kind.startswith("yuvj")
    frame = av.VideoFrame(WIDTH, HEIGHT, kind)
    for index in range(3):
        plane = plane_view(frame, index)
        across, down = WIDTH / plane.shape[1], HEIGHT / plane.shape[0]
        x, y = np.meshgrid(across * np.arange(plane.shape[1]) + 0.5, down * (np.arange(plane.shape[0]) + 0.5))
        light = scene(x, y)[0]
        if full:
            light = (light - 16) * 255 / 219 if index == 0 else 128 + (light - 128) * 255 / 224
        plane[:] = np.rint(light)
    picture = ViewRenderer(160, 90).render(Planar().of(frame), crop)
    expected = ViewRenderer(160, 90).render(photograph(), crop)
    for index in range(3):
        difference = plane_view(picture, index).astype(int) - plane_view(expected, index).astype(int)
        assert np.abs(difference[2:-2, 2:-2]).max() <= 2, index
    assert picture.format.name == "yuv420p"


def test_packed_pictures_become_planar_and_limited():
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:, 32:] = 255
    planar = Planar().of(av.VideoFrame.from_ndarray(rgb, "rgb24"))
    assert planar.format.name == "yuv420p"
    assert not is_full_range(planar)
    assert (plane_view(planar, 0)[5, 5], plane_view(planar, 0)[5, 60]) == (16, 235)
    assert planar.colorspace == 5


def test_vision_sees_half_of_the_chroma_lines_where_there_are_too_many():
    frame = av.VideoFrame(64, 48, "yuvj422p")
    seen = analysis_view(Planar().of(frame), 0)
    assert (seen.y.shape, seen.u.shape, seen.v.shape) == ((48, 64), (24, 32), (24, 32))
    assert np.shares_memory(seen.u, plane_view(frame, 1))


def test_a_yuv420p_frame_stays_itself():
    frame = photograph()
    assert Planar().of(frame) is frame
