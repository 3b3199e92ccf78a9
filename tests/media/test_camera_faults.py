"""Cameras that freeze, change their size, damage pictures, restart their clock, or are slower or faster than agreed."""

import io
import itertools
import json
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.media.freshness import Freshness, FreshnessWatch
from followspot.media.notices import CameraLost, CameraOpened, RecorderStopped, RecordingStarted
from followspot.media.rhythm import Rhythm, Thinning
from followspot.media.view import black_picture, plane_view

NS = 1_000_000_000
MS = 1_000_000
MICROSECONDS = Fraction(1, 1_000_000)


def grey(width, height, level):
    picture = black_picture(width, height)
    plane_view(picture, 0)[:] = level
    return picture


def jpeg(width, height, level):
    """One picture as a camera compresses it: noise on grey, so that it is some kilobytes long."""
    noise = np.random.default_rng(level).integers(0, 40, (height, width), np.uint8)
    frame = av.VideoFrame(width, height, "yuvj422p")
    for index, values in enumerate((noise + level, 128, 128)):
        plane_view(frame, index)[:] = values
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuvj422p", MICROSECONDS
    frame.pts, frame.time_base = 0, MICROSECONDS
    return b"".join(map(bytes, encoder.encode(frame) + encoder.encode(None)))


class Cable:
    """A muxer's file at the daemon's end of the line."""

    def __init__(self, connection):
        self._connection = connection

    def write(self, data):
        self._connection.sendall(data)
        return len(data)


def send_jpegs(connection, stop, pictures, rate_hz=30):
    """Send NUT with these JPEGs, in real time."""
    container = av.open(Cable(connection), "w", format="nut", options={"flush_packets": "1"})
    stream = container.add_stream("mjpeg", rate=rate_hz)
    stream.width, stream.height, stream.pix_fmt = 320, 180, "yuvj422p"
    stream.codec_context.time_base = MICROSECONDS
    start_ns = time.monotonic_ns()
    for count, data in enumerate(pictures):
        due_ns = start_ns + count * NS // rate_hz
        if stop.wait(max(0, due_ns - time.monotonic_ns()) / NS):
            return
        packet = av.Packet(data)
        packet.stream, packet.time_base = stream, MICROSECONDS
        packet.pts = packet.dts = due_ns // 1000
        container.mux_one(packet)


def stop(recorder, notices):
    recorder.stop()
    return notices.wait(RecorderStopped)


def decoded(sink):
    for path in sink.paths:
        with av.open(str(path)) as container:
            yield from container.decode(video=0)


def held(sink):
    return [json.loads(line)["held"] for line in sink.framing]


class FreezingShow:
    """Gives the same picture, under stamps that go on, while `frozen`."""

    def __new__(cls, show_class):
        class Freezing(show_class):
            frozen = False

            def picture(self, time_ns, count):
                if self.frozen:
                    return grey(self.width, self.height, 99)
                return super().picture(time_ns, count)

        return Freezing()


def test_a_frozen_camera_is_reopened_and_the_whole_time_is_a_gap(kit, serve, make_settings, recorder, notices, sink):
    show = FreezingShow(kit.Show)
    r = recorder(make_settings(serve(show.camera).url, camera={"frozen_after_s": 0.6, "stall_timeout_s": 0.3}))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    show.frozen = True
    assert "same picture again and again" in notices.wait(CameraLost).reason
    time.sleep(0.8)
    assert len(notices.of(CameraOpened)) == 1, "opened again, it is still frozen"
    show.frozen = False
    notices.wait(CameraOpened, 2)
    time.sleep(0.2)
    stop(r, notices)
    (gap,) = sink.gaps
    assert gap.reason is GapReason.CAMERA_LOST
    lines = [json.loads(line) for line in sink.framing]
    frozen = [frame.time for frame in decoded(sink) if abs(int(plane_view(frame, 0)[5, 5]) - 99) < 8]
    assert abs(frozen[1] - gap.start_ns / NS) < 0.1, "from the second equal picture on"
    assert gap.duration_ns > 1.3 * NS
    assert not lines[-1]["held"]


def test_a_still_scene_is_no_fault_where_the_file_says_so(kit, serve, make_settings, recorder, notices, sink):
    show = FreezingShow(kit.Show)
    show.frozen = True
    r = recorder(make_settings(serve(show.camera).url, camera={"frozen_after_s": 0}))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.8)
    stop(r, notices)
    assert not sink.gaps
    assert not notices.of(CameraLost)


def test_the_same_stamp_again_is_no_picture_unless_the_stamps_lie():
    watch = FreshnessWatch(10)
    assert watch.judge(grey(64, 64, 50), 5, 0) is Freshness.NEW
    assert watch.judge(grey(64, 64, 50), 5, 30 * MS) is Freshness.REPEATED
    assert watch.judge(grey(64, 64, 50), 6, 60 * MS) is Freshness.SAME
    assert watch.judge(grey(64, 64, 51), 6, 90 * MS) is Freshness.NEW
    assert watch.judge(grey(64, 64, 51), None, 10 * NS) is Freshness.SAME
    assert not watch.frozen
    assert watch.judge(grey(64, 64, 51), None, 11 * NS) is Freshness.REPEATED
    assert watch.frozen
    assert watch.judge(grey(64, 66, 51), None, 12 * NS) is Freshness.NEW
    assert not watch.frozen


@pytest.mark.parametrize(("fill", "level"), [("hold", 43), ("black", 16)])
def test_the_missing_time_is_filled_as_configured(fill, level, show, serve, make_settings, recorder, notices, sink):
    def ending(connection, stop):
        show.camera(connection, stop, frames=20)
        stop.wait()

    show.flash_at = lambda time_ns: False
    r = recorder(make_settings(serve(ending).url, camera={"fill": fill, "stall_timeout_s": 0.3}))
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraLost)
    time.sleep(0.4)
    stop(r, notices)
    levels = [int(plane_view(frame, 0)[90, 160]) for frame in decoded(sink)]
    assert abs(levels[-1] - level) < 6
    assert abs(levels[25] - 43) < 6, "a hiccup is no black picture"
    (gap,) = sink.gaps
    assert gap.reason is GapReason.CAMERA_LOST


def test_a_camera_may_change_its_size_in_mid_stream(serve, make_settings, recorder, notices, sink, kit):
    sizes = [(320, 180), (640, 480), (176, 144), (320, 180)]
    pictures = [jpeg(*size, level) for size in sizes for level in range(40, 50)]
    planner, seen = kit.FixedPlanner(), []
    camera = serve(lambda connection, stop: send_jpegs(connection, stop, pictures))
    r = recorder(make_settings(camera.url), planner=planner, analyse=lambda frame: seen.append(frame.y.shape))
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraOpened, 4)
    time.sleep(0.3)
    stop(r, notices)
    assert [(n.width, n.height) for n in notices.of(CameraOpened)][:4] == sizes
    assert set(planner.sizes) == set(sizes)
    assert set(seen) == {(height, width) for width, height in sizes}
    assert {(f.width, f.height) for f in decoded(sink)} == {(320, 180)}


def test_damaged_pictures_are_left_out(serve, make_settings, recorder, notices, sink, caplog):
    whole = [jpeg(320, 180, 40 + n % 8) for n in range(45)]
    torn = [data[: len(data) // 2] if n % 5 == 4 else data for n, data in enumerate(whole)]

    def feed(connection, stop):
        send_jpegs(connection, stop, torn)
        stop.wait()

    r = recorder(make_settings(serve(feed).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraLost)  # the end of the feed
    frames = stop(r, notices).frames - sum(held(sink))
    assert frames == 36
    assert not any(held(sink)[:36]), "one picture less is no hole to be filled"
    assert sum("broken picture" in record.message for record in caplog.records) == 1


def test_a_camera_that_gives_only_damaged_pictures_is_lost_until_they_are_whole(
    serve, make_settings, recorder, notices, sink
):
    whole = [jpeg(320, 180, 40 + n % 8) for n in range(30)]
    openings = itertools.count()

    def feed(connection, stop):
        damaged = [data[:-500] for data in whole] if next(openings) == 0 else []
        send_jpegs(connection, stop, whole[:10] + damaged + whole)

    r = recorder(make_settings(serve(feed).url, camera={"stall_timeout_s": 0.3}))
    r.start(LessonPlan("x"), sink)
    assert "no new picture for 0.3 s" in notices.wait(CameraLost).reason
    notices.wait(CameraOpened, 2)
    stop(r, notices)
    assert [gap.reason for gap in sink.gaps] == [GapReason.CAMERA_LOST]


def test_a_camera_whose_every_picture_looks_damaged_is_recorded_all_the_same(
    serve, make_settings, recorder, notices, sink
):
    odd = [jpeg(320, 180, 40 + n % 8)[:-500] for n in range(60)]
    camera = serve(lambda connection, stop: send_jpegs(connection, stop, odd))
    r = recorder(make_settings(camera.url, camera={"open_timeout_s": 0.5}))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(0.3)
    assert stop(r, notices).frames > 5


@pytest.mark.parametrize(("camera_hz", "recorded_hz"), [(7, 7), (60, 30)])
def test_the_pace_is_the_cameras_but_never_a_multiple_of_the_agreed_one(
    camera_hz, recorded_hz, kit, serve, make_settings, recorder, notices, sink
):
    r = recorder(make_settings(serve(kit.Show(rate_hz=camera_hz).camera).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(1.6)
    stop(r, notices)
    assert not sink.gaps
    assert not any(held(sink))
    times = [frame.time for frame in decoded(sink)][-6:]
    assert all(abs(later - earlier - 1 / recorded_hz) < 0.002 for earlier, later in itertools.pairwise(times))


def test_every_nth_picture_is_kept_of_a_camera_that_is_n_times_faster(caplog):
    def kept_share(camera_hz):
        thinning = Thinning(30)
        return sum(thinning.keeps(round(n * NS / camera_hz)) for n in range(1000)) / 1000

    shares = [kept_share(hz) for hz in (15, 25, 30, 33, 50, 60, 90)]
    assert shares == pytest.approx([1, 1, 1, 1, 1 / 2, 1 / 2, 1 / 3], abs=0.03)
    assert len(caplog.records) == 3
    bursts = Thinning(30)
    assert all(bursts.keeps(n // 5 * 165 * MS + n % 5) for n in range(300)), "pictures that come in bursts"


def test_a_camera_that_slows_down_in_the_dark_is_not_missing():
    rhythm = Rhythm(33 * MS)
    assert rhythm.hold_after_ns == 250 * MS
    for n in range(6):
        rhythm.observe(n * 200 * MS)
    assert rhythm.hold_after_ns == 500 * MS


def h264_ts(frames, start_s=0.0):
    """H.264 in a transport stream, as a network camera sends it."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=30, options={"tune": "zerolatency", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 180, "yuv420p", 10
        for n in range(frames):
            picture = grey(320, 180, 60 + n % 90)
            picture.pts, picture.time_base = round((start_s + n / 30) * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()


def test_a_network_camera_restarts_its_clock_and_breaks_off_in_a_packet(serve, make_settings, recorder, notices, sink):
    stream = h264_ts(25, 500.0) + h264_ts(25, 3.0)
    whole = h264_ts(90)

    def feed(connection, stop):
        for data in (stream, whole[: len(whole) // 2 + 77]):
            for at in range(0, len(data), 1316):
                connection.sendall(data[at : at + 1316])
                if stop.wait(1.0 / (len(stream) / 1316)):
                    return

    camera = {"format": "mpegts", "timestamps": "monotonic"}
    r = recorder(make_settings(serve(feed).url, camera=camera))
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraOpened, 2, timeout_s=10)
    stopped = stop(r, notices)
    assert stopped.frames > 40
    pts = [frame.pts for frame in decoded(sink)]
    assert all(later > earlier for earlier, later in itertools.pairwise(pts))
    assert sum(held(sink)) < 40
    assert {gap.reason for gap in sink.gaps} <= {GapReason.CAMERA_LOST}
