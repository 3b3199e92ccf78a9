"""A local camera is asked for its pictures in the format that was measured to be best, and keeps it."""

import time
from fractions import Fraction

import av
import numpy as np
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.cameracontrols import CameraControls
from followspot.media.cameramodes import CameraModes, MeasuredMode, best_mode
from followspot.media.localcamera import LocalCamera
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.recorder import Recorder
from followspot.settings.models import CameraSettings

NS = 1_000_000_000
DEVICE = "/dev/null"  # there, and no plain file
MICROSECONDS = Fraction(1, 1_000_000)


class Cable:
    def __init__(self, connection):
        self._connection = connection

    def write(self, data):
        self._connection.sendall(data)
        return len(data)


def stream(codec, rate_hz, size=(320, 180)):
    """A camera's stream in one of its formats, in real time."""

    def feed(connection, stop):
        container = av.open(Cable(connection), "w", format="nut", options={"flush_packets": "1"})
        video = container.add_stream({"yuyv422": "rawvideo", "h264": "libx264"}.get(codec, codec), rate=rate_hz)
        video.width, video.height = size
        video.pix_fmt = {"mjpeg": "yuvj422p", "yuyv422": "yuyv422", "h264": "yuv420p"}[codec]
        video.codec_context.time_base = MICROSECONDS
        if codec == "h264":
            video.gop_size = rate_hz // 2
            video.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency"}
        start_ns, count = time.monotonic_ns(), 0
        while not stop.wait(max(0, start_ns + count * NS // rate_hz - time.monotonic_ns()) / NS):
            picture = av.VideoFrame.from_ndarray(
                np.full((size[1] * 3 // 2, size[0]), 40 + count % 150, np.uint8), "yuv420p"
            ).reformat(format=video.pix_fmt)
            picture.pts, picture.time_base = (start_ns + count * NS // rate_hz) // 1000, MICROSECONDS
            for packet in video.encode(picture):
                container.mux_one(packet)
            count += 1

    return feed


def no_controls(fd, request, data):
    raise OSError(22, "Invalid argument")


class Driver:
    """Stands where FFmpeg opens a device: each format that the camera has is a real stream, others are refused."""

    def __init__(self, servers):
        self.servers = servers
        self.asked = []

    def camera(self, settings):
        return LocalCamera(CameraModes(settings.camera), CameraControls(settings.camera, no_controls), self)

    def __call__(self, device, options):
        assert device.url == DEVICE
        name = options.get("input_format")
        self.asked.append(name)
        if name not in self.servers:
            raise av.error.ArgumentError(22, "Invalid argument")
        timeout = (device.open_timeout_s, device.stall_timeout_s)
        rest = {key: value for key, value in options.items() if key not in ("input_format", "fflags")}
        return av.open(self.servers[name].url, "r", format="nut", options=rest, timeout=timeout)


def record(recorder, sink, notices, lessons):
    recorder.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted, lessons, timeout_s=20)
    recorder.stop()
    notices.wait(RecorderStopped, lessons)
    assert recorder.join(5)


def settings_for(make_settings, camera=None, **tables):
    return make_settings(DEVICE, camera={"format": "v4l2", "stall_timeout_s": 3} | (camera or {}), **tables)


def test_the_fastest_format_is_found_and_kept_until_the_camera_is_another_one(
    serve, make_settings, planner, clock, notices, tmp_path, kit
):
    driver = Driver({"mjpeg": serve(stream("mjpeg", 30)), "yuyv422": serve(stream("yuyv422", 10))})
    settings = settings_for(make_settings)
    recorder = Recorder(settings, clock, planner, notices, camera=driver.camera(settings))
    record(recorder, kit.FileSink(tmp_path), notices, 1)
    assert driver.asked == ["mjpeg", "yuyv422", "h264", "mjpeg"]
    record(recorder, kit.FileSink(tmp_path), notices, 2)
    assert driver.asked[4:] == ["mjpeg"]
    del driver.servers["mjpeg"]
    record(recorder, kit.FileSink(tmp_path), notices, 3)
    assert driver.asked[5:] == ["mjpeg", "mjpeg", "yuyv422", "h264", "yuyv422"]


def test_h264_that_needs_no_encoder_is_taken_where_it_is_recorded_in_full(
    serve, make_settings, planner, clock, notices, sink, caplog
):
    driver = Driver({"mjpeg": serve(stream("mjpeg", 10)), "h264": serve(stream("h264", 30))})
    settings = settings_for(make_settings, recording={"picture": "full"})
    with caplog.at_level("INFO"):
        record(Recorder(settings, clock, planner, notices, camera=driver.camera(settings)), sink, notices, 1)
    assert driver.asked[-1] == "h264"
    assert "h264 is taken" in caplog.text
    assert "recorded as it is" in caplog.text
    assert "yuyv422: Invalid argument" in caplog.text


@pytest.mark.parametrize(
    ("camera", "asked"),
    [({"input_format": "yuyv422"}, ["yuyv422"]), ({"options": {"input_format": "yuyv422"}}, ["yuyv422"])],
)
def test_a_format_that_is_named_is_not_measured(camera, asked, serve, make_settings, planner, clock, notices, sink):
    driver = Driver({"yuyv422": serve(stream("yuyv422", 10))})
    settings = settings_for(make_settings, camera)
    record(Recorder(settings, clock, planner, notices, camera=driver.camera(settings)), sink, notices, 1)
    assert driver.asked == asked


def test_what_reaches_the_wanted_rate_costs_decide():
    mjpeg, raw = MeasuredMode("mjpeg", 60.0, 4.0), MeasuredMode("yuyv422", 29.5, 1.0)
    assert best_mode([mjpeg, raw], 30.0) is raw
    assert best_mode([mjpeg, raw], 60.0) is mjpeg
    assert best_mode([raw, MeasuredMode("h264", 29.9, 9.0, passes=True)], 30.0).name == "h264"
    assert best_mode([raw, MeasuredMode("h264", 15.0, 9.0, passes=True)], 30.0) is raw
    assert best_mode([MeasuredMode("mjpeg", 7.4, 4.0), MeasuredMode("yuyv422", 7.5, 1.0)], 30.0).name == "yuyv422"


def test_a_camera_that_gives_nothing_is_measured_again_and_a_stream_never():
    tried = []

    def nothing(name):
        tried.append(name)
        return "it is busy"

    modes = CameraModes(CameraSettings(url=DEVICE))
    assert modes.options(nothing) == {}
    assert modes.options(nothing) == {}
    assert len(tried) == 6
    for other in (CameraSettings(url="rtsp://camera/", format="rtsp"), CameraSettings(url="/dev/no-such-camera")):
        assert CameraModes(other).options(nothing) == {}
    assert len(tried) == 6
