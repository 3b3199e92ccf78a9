"""All that the camera sees is recorded where the file says so; the framing track tells what would have been shown."""

import json
import time

import av

from followspot.domain.recording import LessonPlan
from followspot.domain.view import Rect
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.view import plane_view

FULL = {"picture": "full"}


def record(r, sink, notices, seconds=0.4):
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(seconds)
    r.stop()
    return notices.wait(RecorderStopped)


def test_the_full_picture_has_the_cameras_size(kit, serve, make_settings, recorder, notices, sink):
    class Marked(kit.Show):
        """Bright in the right bottom corner, which the view does not show."""

        def picture(self, time_ns, count):
            frame = super().picture(time_ns, count)
            plane_view(frame, 0)[-40:, -40:] = 200
            return frame

    planner = kit.FixedPlanner(Rect(10, 10, 320, 180))
    r = recorder(make_settings(serve(Marked(640, 360).camera).url, recording=FULL), planner=planner)
    record(r, sink, notices)
    assert (sink.origin.width, sink.origin.height) == (640, 360)
    (video,) = [track for track in sink.ends[0].tracks if track.kind == "video"]
    assert (video.width, video.height) == (640, 360)
    with av.open(str(sink.paths[0])) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (640, 360)
    assert plane_view(frame, 0)[-20, -20] > 180
    assert json.loads(sink.framing[0])["crop"] == [10, 10, 320, 180]


def test_an_odd_size_and_a_later_change_of_shape_are_borne(kit, serve, make_settings, recorder, notices, sink):
    shows = iter([kit.Show(322, 182), kit.Show(640, 480), kit.Show(640, 480)])
    camera = serve(lambda connection, stop: next(shows).camera(connection, stop, frames=15))
    record(recorder(make_settings(camera.url, recording=FULL)), sink, notices, 1.2)
    sizes = set()
    for path in sink.paths:
        with av.open(str(path)) as container:
            sizes |= {(frame.width, frame.height) for frame in container.decode(video=0)}
    assert sizes == {(322, 182)}
