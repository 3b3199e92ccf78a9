"""Cameras and microphones that are missing, stall, die, lie or hang; an encoder that is too slow."""

import functools
import itertools
import json
import socket
import threading
import time

import av
import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.media.notices import (
    CameraLost,
    CameraOpened,
    FramesDropped,
    MicrophoneLost,
    MicrophoneOpened,
    RecorderFailed,
    RecorderStopped,
    RecordingStarted,
)

NS = 1_000_000_000


def stop(recorder, notices):
    recorder.stop()
    return notices.wait(RecorderStopped)


def video_pts(sink):
    pts = []
    for path in sink.paths:
        with av.open(str(path)) as container:
            pts += [p.pts for p in container.demux(video=0) if p.size]
    return pts


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_camera_that_breaks_off_is_held_and_comes_back(show, serve, make_settings, recorder, notices, sink):
    camera = serve(functools.partial(show.camera, frames=45))
    microphone = serve(show.microphone)
    r = recorder(make_settings(camera.url, microphone.url))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    camera.close()
    notices.wait(CameraLost, timeout_s=8)
    time.sleep(0.8)
    serve(show.camera, port=camera.port)
    notices.wait(CameraOpened, 2)
    time.sleep(0.7)
    stop(r, notices)
    assert len(notices.of(CameraLost)) == 1
    reason = notices.of(CameraLost)[0].reason
    assert camera.url in reason
    (gap,) = [g for g in sink.gaps if g.reason is GapReason.CAMERA_LOST]
    assert 0.5 * NS < gap.duration_ns < 3 * NS
    assert gap.missing_ns == 0
    assert not [g for g in sink.gaps if g.reason is GapReason.SOUND_LOST]
    pts = video_pts(sink)
    steps = [b - a for a, b in itertools.pairwise(pts)]
    assert min(steps) > 0
    assert max(steps) < 0.1 * 90_000, "held pictures leave no hole"
    held = [json.loads(line) for line in sink.framing if b'"held":true' in line]
    assert held[0]["pts_ns"] == gap.start_ns
    assert gap.start_ns + gap.duration_ns > held[-1]["pts_ns"]


def test_a_camera_that_stalls_without_closing_is_noticed(show, serve, make_settings, recorder, notices, sink):
    def stalling(connection, stop):
        show.camera(connection, stop, frames=20)
        stop.wait(3)

    r = recorder(make_settings(serve(stalling).url))
    r.start(LessonPlan("x"), sink)
    assert "gave nothing for 0.5 s" in notices.wait(CameraLost).reason
    stop(r, notices)
    (gap,) = sink.gaps
    assert gap.reason is GapReason.CAMERA_LOST
    assert gap.start_ns + gap.duration_ns == notices.of(RecorderStopped)[0].media_end_ns


def test_a_missing_camera_is_tried_until_it_appears(show, serve, make_settings, recorder, notices, sink):
    port = free_port()
    r = recorder(make_settings(f"tcp://127.0.0.1:{port}"))
    r.start(LessonPlan("x"), sink)
    assert "refused" in notices.wait(CameraLost).reason
    time.sleep(0.5)
    assert r.progress().frames == 0
    assert time.monotonic_ns() - r.progress().capture_ns < 2 * NS
    serve(show.camera, port=port)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    assert stop(r, notices).frames > 5
    assert len(notices.of(CameraLost)) == 1
    assert not sink.gaps


def test_without_any_picture_the_sink_is_not_touched(make_settings, recorder, notices, sink):
    r = recorder(make_settings("/nowhere/camera.nut"))
    r.start(LessonPlan("x"), sink)
    assert "no such device" in notices.wait(CameraLost).reason
    assert stop(r, notices).frames == 0
    assert (sink.origin, sink.opened, sink.framing, sink.ends) == (None, [], [], [])


def test_stop_comes_through_while_the_camera_hangs(make_settings, recorder, notices, sink):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        r = recorder(make_settings(url))
        r.start(LessonPlan("x"), sink)
        time.sleep(0.3)
        before = time.monotonic()
        stop(r, notices)
        assert time.monotonic() - before < 1.3


def test_a_stream_that_ends_in_a_packet(show, serve, make_settings, recorder, notices, sink):
    def broken(connection, stop):
        class Cut:
            left = 20 * 320 * 180 * 3 // 2 + 1000

            def sendall(self, data):
                if len(data) > Cut.left:
                    connection.sendall(data[: Cut.left])
                    raise OSError("the cable was pulled")
                Cut.left -= len(data)
                connection.sendall(data)

        show.camera(Cut(), stop)

    r = recorder(make_settings(serve(broken).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraLost)
    notices.wait(CameraOpened, 2)
    stopped = stop(r, notices)
    assert stopped.frames >= 18
    assert not notices.of(RecorderFailed)


def test_no_microphone_is_no_fault(show, serve, make_settings, recorder, notices, sink):
    r = recorder(make_settings(serve(show.camera).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.5)
    stop(r, notices)
    assert not sink.gaps
    assert not notices.of(MicrophoneLost)
    with av.open(str(sink.paths[0])) as container:
        samples = sum(f.samples for f in container.decode(audio=0))
    assert abs(samples / 48_000 - sink.ends[0].duration_ns / NS) < 0.03


def test_a_microphone_that_dies_and_returns(show, serve, make_settings, recorder, notices, sink):
    microphone = serve(functools.partial(show.microphone, packets=100))
    r = recorder(make_settings(serve(show.camera).url, microphone.url))
    r.start(LessonPlan("x"), sink)
    notices.wait(MicrophoneOpened)
    microphone.close()
    notices.wait(MicrophoneLost)
    time.sleep(0.7)
    serve(show.microphone, port=microphone.port)
    notices.wait(MicrophoneOpened, 2)
    time.sleep(0.6)
    stop(r, notices)
    (gap,) = sink.gaps
    assert gap.reason is GapReason.SOUND_LOST
    assert 0.5 * NS < gap.duration_ns < 2.5 * NS
    assert len(notices.of(MicrophoneLost)) == 1


def test_a_missing_microphone_is_silence_on_record(show, serve, make_settings, recorder, notices, sink):
    r = recorder(make_settings(serve(show.camera).url, f"tcp://127.0.0.1:{free_port()}"))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.4)
    stopped = stop(r, notices)
    (gap,) = sink.gaps
    assert (gap.reason, gap.start_ns) == (GapReason.SOUND_LOST, 0)
    assert abs(gap.duration_ns - stopped.media_end_ns) < NS // 1000


def test_a_planner_that_raises_harms_nothing(show, serve, make_settings, recorder, notices, sink, caplog):
    class Broken:
        def view_at(self, exposure_ns, sensor_width, sensor_height):
            raise ZeroDivisionError

    r = recorder(make_settings(serve(show.camera).url), planner=Broken())
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    assert stop(r, notices).frames > 5
    assert json.loads(sink.framing[0])["crop"] == [0, 0, 320, 180]
    assert sum("planned view" in record.message for record in caplog.records) == 1


def test_an_encoder_that_is_too_slow_declares_what_it_dropped(show, serve, make_settings, recorder, notices, sink, kit):
    class Slow(kit.FixedPlanner):
        def view_at(self, *args):
            if len(self.sizes) == 10:
                time.sleep(1.2)
            return super().view_at(*args)

    r = recorder(make_settings(serve(show.camera).url), planner=Slow())
    r.start(LessonPlan("x"), sink)
    notices.wait(FramesDropped)
    time.sleep(0.3)
    stop(r, notices)
    (gap,) = sink.gaps
    assert gap.reason is GapReason.ENCODER_OVERFLOW
    dropped = sum(n.count for n in notices.of(FramesDropped))
    assert dropped == r.progress().dropped
    assert abs(gap.duration_ns - dropped * NS / 30) < 0.05 * NS


def test_a_fault_in_the_encode_thread_is_told_and_the_rest_is_kept(show, serve, make_settings, recorder, notices, sink):
    original = sink.write_framing

    def failing(line):
        original(line)
        if len(sink.framing) == 20:
            raise RuntimeError("broken on purpose")

    sink.write_framing = failing
    r = recorder(make_settings(serve(show.camera).url))
    r.start(LessonPlan("x"), sink)
    assert "broken on purpose" in notices.wait(RecorderFailed).message
    assert r.join(2)
    assert sink.ends[-1].last
    assert not notices.of(RecorderStopped)


def test_a_camera_that_changes_its_size(kit, serve, make_settings, recorder, notices, sink):
    shows = iter([kit.Show(), kit.Show(640, 360), kit.Show(640, 360)])
    camera = serve(lambda connection, stop: next(shows).camera(connection, stop, frames=25))
    planner = kit.FixedPlanner()
    r = recorder(make_settings(camera.url), planner=planner)
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraOpened, 2)
    time.sleep(0.3)
    stop(r, notices)
    assert set(planner.sizes) == {(320, 180), (640, 360)}
    with av.open(str(sink.paths[0])) as container:
        assert {(f.width, f.height) for f in container.decode(video=0)} == {(320, 180)}


def test_stamps_of_another_clock_are_told_once(kit, serve, make_settings, recorder, notices, sink, caplog):
    show = kit.Show()
    show.stamp_shift_ns = 3600 * NS
    r = recorder(make_settings(serve(show.camera).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    stop(r, notices)
    assert abs(sink.origin.exposure_ns - time.monotonic_ns()) < 5 * NS
    assert sum("CLOCK_MONOTONIC" in record.message for record in caplog.records) == 1


def test_vision_gets_every_picture_without_a_copy(show, serve, make_settings, recorder, notices, sink):
    frames = []
    r = recorder(make_settings(serve(show.camera).url), analyse=frames.append)
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    stop(r, notices)
    seen = frames[0]
    assert (seen.y.shape, seen.u.shape, seen.v.shape) == ((180, 320), (90, 160), (90, 160))
    assert not seen.y.flags.writeable
    assert not seen.y.flags.owndata
    assert seen.u[0, 0] == 128


def test_it_can_be_started_again(show, serve, make_settings, recorder, notices, sink):
    r = recorder(make_settings(serve(show.camera).url))
    for count in (1, 2):
        r.start(LessonPlan("x", first_index=count), sink)
        with pytest.raises(RuntimeError):
            r.start(LessonPlan("x"), sink)
        notices.wait(RecordingStarted, count)
        r.stop()
        notices.wait(RecorderStopped, count)
    assert [end.index for end in sink.ends] == [1, 2]
    assert not [t for t in threading.enumerate() if t.name.startswith("capture")]
