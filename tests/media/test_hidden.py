"""A view that must not be shown is recorded as black, with its sound and its line in the framing track."""

import json
import time

import av
import numpy as np
import pytest

from followspot.domain.recording import LessonPlan
from followspot.domain.view import FramedView, Hiding, Rect, TrackingState
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.view import plane_view

DOOR = {"blocked": [{"left_deg": 60.0, "right_deg": 70.0}]}


class Covered:
    def view_at(self, exposure_ns, sensor_width, sensor_height):
        return FramedView(Rect(0, 0, 320, 180), TrackingState.TRACKING, hiding=Hiding.COVERED)


class Broken:
    def view_at(self, exposure_ns, sensor_width, sensor_height):
        raise ZeroDivisionError


@pytest.mark.parametrize("planner", [Covered(), Broken()])
def test_nothing_is_seen_of_a_covered_view_or_of_one_that_failed(
    planner, show, serve, make_settings, recorder, notices, sink
):
    settings = make_settings(serve(show.camera).url, view={"hide_blocked": True}, tracking=DOOR)
    r = recorder(settings, planner=planner)
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    r.stop()
    assert notices.wait(RecorderStopped).frames > 5
    for path in sink.paths:
        with av.open(str(path)) as container:
            assert max(np.max(plane_view(frame, 0)) for frame in container.decode(video=0)) < 24
    assert {json.loads(line)["hiding"] for line in sink.framing} == {"covered"}
    assert not sink.gaps or all(gap.reason != "camera-lost" for gap in sink.gaps)
