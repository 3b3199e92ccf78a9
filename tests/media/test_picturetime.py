"""Media time of a lesson that goes on at any nanosecond, though pictures lie on ticks."""

import time

import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.picturetime import PictureTime

NS = 1_000_000_000


@pytest.mark.parametrize("start_ns", [0, 1, 5_555, 5_556, 11_111, 11_112, 4_033_333_333, 4_033_333_334])
def test_the_first_picture_is_where_the_media_before_it_ended(start_ns):
    clock = PictureTime(50 * NS, start_ns, 30)
    assert clock.pts(50 * NS) == clock.first_pts
    assert clock.media_ns(clock.first_pts) == start_ns
    assert abs(clock.first_pts * NS / 90_000 - start_ns) <= 5_556, "the nearest tick"
    assert clock.media_ns(clock.first_pts + 1) > start_ns


def test_an_end_on_a_tick_is_found_again():
    for ticks in range(0, 90_000, 7):
        for end_ns in {ticks * NS // 90_000, round(ticks * NS / 90_000)}:
            assert PictureTime(0, end_ns, 30).first_pts == ticks


def test_a_resumed_lesson_starts_exactly_at_the_end(show, serve, make_settings, recorder, notices, sink):
    r = recorder(make_settings(serve(show.camera).url))
    r.start(LessonPlan("x", first_index=4, media_start_ns=7_000_000_123), sink)
    notices.wait(RecordingStarted)
    time.sleep(2.5)
    r.stop()
    end_ns = notices.wait(RecorderStopped).media_end_ns
    first, second = sink.ends
    assert sink.opened[0] == (4, 7_000_000_123)
    assert first.start_ns == 7_000_000_123
    assert first.start_ns + first.duration_ns == second.start_ns == sink.opened[1][1]
    assert second.start_ns + second.duration_ns == end_ns
