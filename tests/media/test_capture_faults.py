"""Faults inside the program's own capture: each is a told loss that heals, never a thread that is gone."""

import functools
import itertools
import json
import time
from types import SimpleNamespace

import av
import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.media import audio, capture
from followspot.media.framequeue import CapturedFrame, FrameQueue
from followspot.media.notices import (
    CameraLost,
    CameraOpened,
    FramesDropped,
    MicrophoneLost,
    MicrophoneOpened,
    RecorderStopped,
    RecordingStarted,
)
from followspot.media.source import Source

NS = 1_000_000_000


def failing_once(function, after):
    """`function`, but its call number `after` raises."""
    calls = []

    @functools.wraps(function)
    def wrapper(*args):
        calls.append(args)
        if len(calls) == after:
            raise ZeroDivisionError("broken on purpose")
        return function(*args)

    return wrapper


def test_any_fault_in_picture_capture_is_a_loss_that_heals(
    show, serve, make_settings, recorder, notices, sink, monkeypatch, caplog
):
    monkeypatch.setattr(capture.Planar, "of", failing_once(capture.Planar.of, 20))
    r = recorder(make_settings(serve(show.camera).url))
    r.start(LessonPlan("x"), sink)
    assert "ZeroDivisionError" in notices.wait(CameraLost).reason
    notices.wait(CameraOpened, 2)
    assert sum(record.exc_info is not None for record in caplog.records) == 1


def test_any_fault_in_sound_capture_is_a_declared_silence(
    show, serve, make_settings, recorder, notices, sink, monkeypatch
):
    monkeypatch.setattr(audio.Placer, "place", failing_once(audio.Placer.place, 100))
    microphone = serve(show.microphone)
    r = recorder(make_settings(serve(show.camera).url, microphone.url))
    r.start(LessonPlan("x"), sink)
    assert "ZeroDivisionError" in notices.wait(MicrophoneLost).reason
    notices.wait(MicrophoneOpened, 2)
    time.sleep(0.5)
    r.stop()
    notices.wait(RecorderStopped)
    assert {gap.reason for gap in sink.gaps} == {GapReason.SOUND_LOST}


def test_vision_that_raises_does_not_disturb_capture(show, serve, make_settings, recorder, notices, sink, caplog):
    def broken(_):
        raise ZeroDivisionError

    r = recorder(make_settings(serve(show.camera).url), analyse=broken)
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    r.stop()
    assert notices.wait(RecorderStopped).frames > 5
    assert not notices.of(CameraLost)
    assert sum("vision" in record.message for record in caplog.records) == 1


def test_a_camera_that_dies_right_after_an_overflow_is_held(show, serve, make_settings, recorder, notices, sink, kit):
    class Slow(kit.FixedPlanner):
        def view_at(self, *args):
            if len(self.sizes) == 10:
                time.sleep(1.2)
            return super().view_at(*args)

    def dying(connection, stop):
        show.camera(connection, stop, frames=50)
        stop.wait()

    r = recorder(make_settings(serve(dying).url, serve(show.microphone).url), planner=Slow())
    r.start(LessonPlan("x"), sink)
    notices.wait(FramesDropped)
    time.sleep(1.0)
    r.stop()
    end_ns = notices.wait(RecorderStopped).media_end_ns
    dropped, lost = sink.gaps
    assert (dropped.reason, lost.reason) == (GapReason.ENCODER_OVERFLOW, GapReason.CAMERA_LOST)
    assert lost.start_ns == dropped.start_ns + dropped.duration_ns
    assert lost.start_ns + lost.duration_ns == end_ns
    assert lost.duration_ns > 0.9 * NS
    assert json.loads(sink.framing[-1])["held"]


def test_the_queue_is_dropping_only_while_frames_come():
    queue = FrameQueue(1)
    for n in range(3):
        queue.put(CapturedFrame(None, n, n + 100))
    assert queue.dropping_since(102)
    assert not queue.dropping_since(103)
    assert (queue.take_run().last_exposure_ns, queue.take_run()) == (2, None)


@pytest.mark.parametrize(
    "error",
    [
        av.error.HTTPUnauthorizedError(1, "Server returned 401 Unauthorized", "rtsp://admin:se@cr/et@host/x"),
        OSError("rtsp://admin:se@cr/et@host/x: no answer"),
        RuntimeError("rtsp://admin:se@cr/et@host/x"),
    ],
)
def test_no_password_is_told(error, make_settings, clock, monkeypatch):
    told = []
    device = make_settings("rtsp://admin:se@cr/et@host/x").camera
    source = Source("camera", "capture-video", device, clock, SimpleNamespace(lost=told.append))

    def refuse(*_, **__):
        source.stop()
        raise error

    monkeypatch.setattr(av, "open", refuse)
    source._tell_lost(source._read_once())
    (reason,) = told
    assert "rtsp://***@host/x" in reason
    assert "cr/et" not in reason


class NonBlocking:
    """A device that gives a packet every 20 ms and says `nothing yet` at once, as v4l2 and alsa are told to."""

    def __init__(self):
        self.asked = self.given = 0
        self._start_s = time.monotonic()

    def demux(self, streams):
        while True:
            self.asked += 1
            if time.monotonic() < self._start_s + self.given * 0.02:
                raise BlockingIOError
            self.given += 1
            yield SimpleNamespace(size=1)


def test_a_device_that_does_not_wait_is_seldom_asked_in_vain(make_settings, clock):
    device = NonBlocking()
    source = Source("camera", "capture-video", make_settings("tcp://x").camera, clock, SimpleNamespace())
    arrivals = [arrival_ns for _, arrival_ns in itertools.islice(source.packets(device, None), 20)]
    late_ns = sorted(arrival - arrivals[0] - n * 20_000_000 for n, arrival in enumerate(arrivals))
    assert late_ns[10] < 5_000_000
    assert device.asked < 20 * 8, "polling every 2 ms would be 200"
