"""Pictures wait for their crop: as long as is asked, within bounds, and none is lost at the end."""

import json
import time

import av
import pytest

from followspot.domain.recording import LessonPlan
from followspot.domain.view import FramedView, Rect, TrackingState
from followspot.media.framequeue import CapturedFrame, Dropped
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.waiting import Waiting

MS = 1_000_000
SMALL, LARGE = (32, 32), (3840, 2160)


def captured(n, size=SMALL, dropped=None):
    return CapturedFrame(av.VideoFrame(*size, "yuv420p"), n * 33 * MS, n * 33 * MS, dropped=dropped)


def test_a_picture_is_due_when_it_has_waited():
    waiting = Waiting(0.7)
    for n in range(30):
        waiting.put(captured(n))
    assert waiting.due(699 * MS) is None
    assert waiting.due(700 * MS).exposure_ns == 0
    assert waiting.due(700 * MS) is None
    assert waiting.begins_ns == 33 * MS
    assert [waiting.next().exposure_ns // MS // 33 for _ in range(29)] == list(range(1, 30))
    assert waiting.next() is None


def test_without_look_ahead_nothing_waits():
    waiting = Waiting(0.0)
    waiting.put(captured(3))
    assert waiting.due(3 * 33 * MS) is not None


def test_memory_is_bounded_and_the_shorter_wait_is_told_once(caplog):
    waiting, kept = Waiting(0.7), 0
    for n in range(20):
        waiting.put(captured(n, LARGE))
        kept += 1
        while waiting.due(n * 33 * MS) is not None:
            kept -= 1
    assert 5 < kept * LARGE[0] * LARGE[1] * 1.5 / 12.4e6 < 9
    assert sum("view.lookahead_s" in record.message for record in caplog.records) == 1


def test_what_was_lost_before_the_oldest_belongs_to_it():
    waiting = Waiting(0.7)
    waiting.put(captured(9, dropped=Dropped(3, 5 * 33 * MS, 8 * 33 * MS)))
    assert waiting.begins_ns == 5 * 33 * MS


class Late:
    """Keeps how long after its exposure each view was asked for."""

    def __init__(self):
        self.ages_s = []

    def view_at(self, exposure_ns, sensor_width, sensor_height):
        self.ages_s.append((time.monotonic_ns() - exposure_ns) / 1e9)
        return FramedView(Rect(0, 0, sensor_width, sensor_height), TrackingState.TRACKING)


@pytest.mark.realtime
def test_views_are_decided_later_and_at_the_end_all_that_wait_are_recorded(
    show, serve, make_settings, recorder, notices, sink
):
    planner, taken_ns = Late(), []
    settings = make_settings(serve(show.camera).url, view={"lookahead_s": 0.4})
    r = recorder(settings, planner=planner, analyse=lambda frame: taken_ns.append(frame.exposure_ns))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    assert planner.ages_s[0] >= 0.4
    time.sleep(0.4)
    r.stop()
    frames = notices.wait(RecorderStopped).frames
    assert min(planner.ages_s) < 0.3, "they were not waited for any more"
    recorded_ns = [json.loads(line)["t_ns"] for line in sink.framing]
    assert recorded_ns[-1] == taken_ns[-1]
    assert sum(end.frames for end in sink.ends) == frames
