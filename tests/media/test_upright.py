"""Pictures stand upright in their pixels, whatever way the camera is mounted, and angles stay right."""

import time

import av
import numpy as np
import pytest

from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.domain.recording import LessonPlan
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.upright import Upright
from followspot.media.view import analysis_view, plane_view


def turned(array, rotation, mirror):
    """The same by NumPy."""
    upright = np.rot90(array, -rotation // 90)
    return upright[:, ::-1] if mirror else upright


@pytest.mark.parametrize("kind", ["yuv420p", "yuvj422p"])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_every_plane_is_turned(rotation, mirror, kind):
    frame = av.VideoFrame(64, 36, kind)
    frame.colorspace = 5
    rng = np.random.default_rng(1)
    for index in range(3):
        plane = plane_view(frame, index)
        plane[:] = rng.integers(0, 255, plane.shape)
    upright = Upright(rotation, mirror=mirror).of(frame)
    assert (upright.width, upright.height) == ((36, 64) if rotation in (90, 270) else (64, 36))
    assert upright.colorspace == 5
    sideways = rotation in (90, 270)
    for index in range(3):
        plane = plane_view(frame, index)
        if index and sideways and kind == "yuvj422p":
            plane = plane[::2]
        assert np.array_equal(plane_view(upright, index), turned(plane, rotation, mirror)), index
    assert upright.format.name == (kind.replace("422", "420") if sideways else kind)
    assert analysis_view(upright, 0).y.shape == (upright.height, upright.width)


def test_an_upright_frame_stays_itself():
    frame = av.VideoFrame(64, 36, "yuv420p")
    assert Upright(0, mirror=False).of(frame) is frame


def test_the_recorded_picture_is_upright(kit, serve, make_settings, recorder, notices, sink):
    class Marked(kit.Show):
        """Bright in the camera's top left quarter."""

        def picture(self, time_ns, count):
            frame = super().picture(time_ns, count)
            plane_view(frame, 0)[: self.height // 2, : self.width // 2] = 200
            return frame

    settings = make_settings(
        serve(Marked(320, 180).camera).url,
        camera={"rotation": 90},
        view={"width": 180, "height": 320},
    )
    planner = kit.FixedPlanner()
    r = recorder(settings, planner=planner)
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    r.stop()
    notices.wait(RecorderStopped)
    assert set(planner.sizes) == {(180, 320)}
    with av.open(str(sink.paths[0])) as container:
        last = list(container.decode(video=0))[-1]
    assert (last.width, last.height, last.rotation) == (180, 320, 0), "no player has to know"
    luma = plane_view(last, 0)
    assert luma[40, 140] > 180, "turned clockwise, the top left is the top right"


def test_angles_do_not_depend_on_how_the_camera_lies():
    lying, upright = Lens(1080, 1920, 60.0, sideways=True), Lens(1920, 1080, 60.0)
    assert lying.focal_px == upright.focal_px
    x, y = lying.project(Bearing(5, 3), Aim(0, 0))
    wide_x, wide_y = upright.project(Bearing(5, 3), Aim(0, 0))
    assert (x - 540, y - 960) == pytest.approx((wide_x - 960, wide_y - 540))
