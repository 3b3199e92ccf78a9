"""H.264 as the camera gives it is recorded as it is: the same bytes, the same segment rules, the same way to heal."""

import itertools
import time
from fractions import Fraction

import av
import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.media.encoder import avc_codec_string
from followspot.media.notices import (
    CameraLost,
    CameraOpened,
    RecorderFailed,
    RecorderStopped,
    RecordingStarted,
)
from followspot.media.view import black_picture, plane_view

NS = 1_000_000_000
GOP = 15
FULL = {"picture": "full"}


class Cable:
    def __init__(self, connection):
        self._connection = connection

    def write(self, data):
        self._connection.sendall(data)
        return len(data)


def camera(kind="nut", frames=None, size=(320, 180), **options):
    """A camera that encodes what it sees itself, a key picture each half second, and stamps it with its own clock."""

    def feed(connection, stop):
        container = av.open(Cable(connection), "w", format=kind, options={"flush_packets": "1"})
        stream = container.add_stream(
            "libx264", rate=30, options={"preset": "ultrafast", "tune": "zerolatency", **options}
        )
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size, "yuv420p", GOP
        stream.codec_context.time_base = Fraction(1, 90_000)
        start_ns = time.monotonic_ns()
        for count in itertools.count() if frames is None else range(frames):
            due_ns = start_ns + count * NS // 30
            if stop.wait(max(0, due_ns - time.monotonic_ns()) / NS):
                return
            picture = black_picture(*size)
            plane_view(picture, 0)[:] = 40 + count % 150
            picture.pts, picture.time_base = due_ns * 90_000 // NS, Fraction(1, 90_000)
            for packet in stream.encode(picture):
                container.mux_one(packet)

    return feed


def record(r, sink, notices, seconds):
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(seconds)
    r.stop()
    return notices.wait(RecorderStopped)


def levels(paths):
    """The grey level of each decoded picture, segment by segment, each opened alone."""
    for path in paths:
        with av.open(str(path)) as container:
            yield [int(plane_view(frame, 0)[90, 160]) for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", ["nut", "mpegts"])
def test_pictures_pass_through_and_segments_are_cut_at_the_cameras_keys(
    kind, serve, show, make_settings, recorder, notices, sink
):
    settings = make_settings(
        serve(camera(kind)).url, serve(show.microphone).url, camera={"format": kind}, recording=FULL
    )
    record(recorder(settings), sink, notices, 3.3)
    assert len(sink.ends) >= 2
    assert not sink.gaps
    assert (sink.origin.width, sink.origin.height) == (320, 180)
    assert sink.ends[0].tracks[0].codec.startswith("avc1.42"), "the camera's own baseline profile, not our encoder's"
    per_segment = list(levels(sink.paths))
    assert [len(each) for each in per_segment] == [end.frames for end in sink.ends]
    assert len(per_segment[0]) % GOP == 0
    assert sink.ends[0].duration_ns >= 2 * NS
    steps = {b - a for a, b in itertools.pairwise(itertools.chain(*per_segment))}
    assert steps <= {1, -149}, "every picture, in order, once"
    for a, b in itertools.pairwise(sink.ends):
        assert a.start_ns + a.duration_ns == b.start_ns
    stamps = []
    for path in sink.paths:
        with av.open(str(path)) as container:
            stamps += [(p.pts, p.dts) for p in container.demux(video=0) if p.size]
    assert all(pts == dts for pts, dts in stamps)
    assert all(later > earlier for (earlier, _), (later, _) in itertools.pairwise(stamps))


def test_the_last_key_picture_is_held_while_the_camera_is_away(serve, show, make_settings, recorder, notices, sink):
    def slow(connection, stop):
        camera(frames=40)(connection, stop)
        stop.wait(1.6)

    settings = make_settings(serve(slow).url, serve(show.microphone).url, recording=FULL)
    r = recorder(settings)
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraLost)
    notices.wait(CameraOpened, 2)
    time.sleep(0.8)
    r.stop()
    stopped = notices.wait(RecorderStopped)
    assert [gap.reason for gap in sink.gaps] == [GapReason.CAMERA_LOST]
    assert all(levels(sink.paths)), "each segment decodes alone"
    assert sum(end.frames for end in sink.ends) == stopped.frames
    with av.open(str(sink.paths[0])) as container:
        assert all(frame.pict_type for frame in container.decode(video=0))
    assert any(b'"held":true' in line for line in sink.framing)


def test_another_kind_of_h264_is_told_so_that_the_lesson_is_cut(serve, make_settings, recorder, notices, sink):
    cameras = iter([camera(frames=40), camera(size=(640, 360)), camera(size=(640, 360))])
    settings = make_settings(serve(lambda connection, stop: next(cameras)(connection, stop)).url, recording=FULL)
    r = recorder(settings)
    r.start(LessonPlan("x"), sink)
    assert "another kind of H.264" in notices.wait(RecorderFailed, timeout_s=8).message
    assert sink.ends[-1].last
    assert len(next(levels(sink.paths))) >= 15


@pytest.mark.parametrize(
    ("camera_options", "camera_table"),
    [({"tune": "film", "preset": "fast", "bf": "2"}, {}), ({}, {"rotation": 180})],
)
def test_what_cannot_pass_is_encoded_again(camera_options, camera_table, serve, make_settings, recorder, notices, sink):
    settings = make_settings(serve(camera(**camera_options)).url, recording=FULL, camera=camera_table)
    record(recorder(settings), sink, notices, 1.0)
    assert sink.ends[0].tracks[0].codec.startswith("avc1.64"), "our encoder's high profile"
    assert sum(len(each) for each in levels(sink.paths)) == sink.ends[0].frames


def test_the_framed_picture_is_never_passed(serve, make_settings, recorder, notices, sink):
    record(recorder(make_settings(serve(camera(size=(640, 360))).url)), sink, notices, 0.4)
    assert (sink.origin.width, sink.origin.height) == (320, 180)


def test_the_codecs_name_is_found_however_the_parameter_sets_come():
    assert avc_codec_string(b"\x00\x00\x00\x01\x27\x42\xe0\x1f\x00\x00\x01\x28\xce") == "avc1.42E01F"
    assert avc_codec_string(b"\x01\x64\x00\x28\xff\xe1") == "avc1.640028"
    with pytest.raises(ValueError, match="no sequence parameter set"):
        avc_codec_string(b"\x00\x00\x01\x68\xce")
