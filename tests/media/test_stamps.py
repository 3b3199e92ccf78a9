"""The camera's time stamps are believed while they can be true; no lie of theirs costs the picture or the sound."""

import itertools
import json
import time

import av
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.notices import CameraOpened, RecorderStopped, RecordingStarted
from followspot.media.stamps import ExposureClock

NS = 1_000_000_000
MS = 1_000_000
PERIOD = 33 * MS


def exposures(stamps_and_arrivals, latency_ns=7 * MS):
    clock = ExposureClock(latency_ns, trusted=True)
    return [clock.exposure_ns(stamp, arrival) for stamp, arrival in stamps_and_arrivals]


def test_true_stamps_are_taken_as_they_are():
    stamps = [100 * NS + n * PERIOD for n in range(50)]
    assert exposures([(stamp, stamp + (30 + n % 7) * MS) for n, stamp in enumerate(stamps)]) == stamps


def test_without_belief_or_stamps_the_arrival_counts():
    assert ExposureClock(7 * MS, trusted=False).exposure_ns(100 * NS, 101 * NS) == 101 * NS - 7 * MS
    assert ExposureClock(7 * MS, trusted=True).exposure_ns(None, 101 * NS) == 101 * NS - 7 * MS


@pytest.mark.parametrize("ahead_ns", [25 * MS, 400 * MS, 3600 * NS, -6 * NS])
def test_stamps_of_another_clock_are_not_believed(ahead_ns):
    arrivals = [100 * NS + n * PERIOD for n in range(50)]
    assert exposures([(arrival + ahead_ns, arrival) for arrival in arrivals]) == [a - 7 * MS for a in arrivals]


def test_stamps_that_go_back_are_replaced_at_the_usual_latency(caplog):
    stamps = [100 * NS + n * PERIOD for n in range(50)]
    lying = [(stamp - (600 * MS if n >= 20 else 0), stamp + 30 * MS) for n, stamp in enumerate(stamps)]
    assert exposures(lying) == stamps
    assert len(caplog.records) == 1


def test_a_backlog_that_is_worked_off_costs_no_belief():
    stamps = [100 * NS + n * PERIOD for n in range(90)]
    late = [(stamp, max(stamp + 30 * MS, 103 * NS)) for stamp in stamps]
    assert exposures(late) == stamps


def test_pictures_that_stay_late_are_put_at_the_usual_latency_within_a_second():
    stamps = [100 * NS + n * PERIOD for n in range(200)]
    late = [(stamp, stamp + (2000 if n >= 50 else 30) * MS) for n, stamp in enumerate(stamps)]
    found = exposures(late)
    assert found[:50] == stamps[:50]
    assert found[-100:] == [arrival - 30 * MS for _, arrival in late[-100:]]
    assert all(b > a for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("late_ms", [600, 3000])
def test_a_camera_that_becomes_late_for_good_is_seen_again(
    late_ms, show, serve, make_settings, recorder, notices, sink, caplog
):
    r = recorder(make_settings(serve(show.camera).url, camera={"stall_timeout_s": 5}))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.7)
    show.late_ns = late_ms * MS
    time.sleep(late_ms / 1000 + 2.5)
    r.stop()
    notices.wait(RecorderStopped)
    held = [json.loads(line)["held"] for line in sink.framing]
    assert not any(held[-20:]), "real pictures again"
    assert sum(held) < (late_ms / 1000 + 1.5) * 30
    assert sum("left out" in record.message for record in caplog.records) <= 1


def test_stamps_that_step_back_do_not_freeze_the_picture(show, serve, make_settings, recorder, notices, sink):
    def stepping(connection, stop):  # a new connection, as a stream's own stamps cannot go back
        show.camera(connection, stop, frames=25)
        show.stamp_shift_ns = -600 * MS

    r = recorder(make_settings(serve(stepping).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraOpened, 2)
    time.sleep(1.0)
    r.stop()
    notices.wait(RecorderStopped)
    assert not any(json.loads(line)["held"] for line in sink.framing[-5:])
    assert sum(json.loads(line)["held"] for line in sink.framing) < 20


def test_stamps_ahead_of_the_clock_do_not_silence_the_lesson(show, serve, make_settings, recorder, notices, sink):
    show.stamp_shift_ns = 400 * MS
    r = recorder(make_settings(serve(show.camera).url, serve(show.microphone).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(2.2)
    r.stop()
    notices.wait(RecorderStopped)
    assert not sink.gaps
    loud = 0
    for path in sink.paths:
        with av.open(str(path)) as container:
            loud += sum((abs(f.to_ndarray()) > 0.1).sum() for f in container.decode(audio=0))
    assert loud > 48_000 * 0.1
