"""Both pictures of one recording: same times, cuts and sound; the full one never costs the framed one anything."""

import itertools
import threading
import time
from fractions import Fraction

import av
import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.domain.rendition import RenditionName
from followspot.domain.view import Rect
from followspot.media import secondcoder
from followspot.media.encoder import EncoderPair
from followspot.media.notices import CameraOpened, FramesDropped, RecorderStopped, RecordingStarted
from followspot.media.view import black_picture, plane_view

NS = 1_000_000_000
BOTH = {"picture": "both"}
GOP = 15


def packets(path, kind):
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [(p.pts, p.duration, bytes(p)) for p in container.demux(stream) if p.size]


def sizes(path):
    with av.open(str(path)) as container:
        return {(frame.width, frame.height) for frame in container.decode(video=0)}


def span(path):
    """Where the picture begins and ends, ticks."""
    video = packets(path, "video")
    return video[0][0], video[-1][0] + video[-1][1]


def record(r, sink, notices, seconds):
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(seconds)
    r.stop()
    return notices.wait(RecorderStopped)


class Cable:
    def __init__(self, connection):
        self._connection = connection

    def write(self, data):
        self._connection.sendall(data)
        return len(data)


def h264(frames=None, size=(640, 360)):
    """A camera that encodes what it sees itself, a key picture each half second."""

    def feed(connection, stop):
        container = av.open(Cable(connection), "w", format="nut", options={"flush_packets": "1"})
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast", "tune": "zerolatency"})
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


def assert_in_step(sink):
    """Each full segment begins and ends with its framed one and has the very same sound."""
    assert sink.further.finished == [end.index for end in sink.ends]
    for own, full in zip(sink.paths, sink.further.paths, strict=True):
        assert span(full) == span(own)
        assert packets(full, "audio") == packets(own, "audio")


def test_both_are_encoded_in_step(kit, serve, show, make_settings, recorder, notices, sink):
    planner = kit.FixedPlanner(Rect(10, 10, 320, 180))
    settings = make_settings(serve(kit.Show(640, 360).camera).url, serve(show.microphone).url, recording=BOTH)
    record(recorder(settings, planner=planner), sink, notices, 2.6)
    assert len(sink.ends) >= 2
    assert_in_step(sink)
    for end, own, full in zip(sink.ends, sink.paths, sink.further.paths, strict=True):
        assert end.renditions == (RenditionName.FULL,)
        assert (sizes(own), sizes(full)) == ({(320, 180)}, {(640, 360)})
        assert [pts for pts, _, _ in packets(own, "video")] == [pts for pts, _, _ in packets(full, "video")]
    assert (sink.origin.width, sink.origin.height) == (320, 180)
    assert not sink.further.gaps
    assert not sink.gaps


def test_of_the_same_size_neither_disturbs_the_other(kit, serve, make_settings, recorder, notices, sink):
    """Then both encoders get the camera's frame itself, and held pictures come from one frame several times."""

    def breaking(connection, stop):
        kit.Show().camera(connection, stop, frames=20)
        stop.wait(0.7)

    record(recorder(make_settings(serve(breaking).url, recording=BOTH)), sink, notices, 2.4)
    assert_in_step(sink)
    for own, full in zip(sink.paths, sink.further.paths, strict=True):
        assert [pts for pts, _, _ in packets(own, "video")] == [pts for pts, _, _ in packets(full, "video")]


def test_a_cameras_own_h264_is_passed_and_cuts_both(serve, show, make_settings, recorder, notices, sink):
    settings = make_settings(serve(h264()).url, serve(show.microphone).url, recording=BOTH)
    record(recorder(settings), sink, notices, 3.3)
    assert len(sink.ends) >= 2
    assert_in_step(sink)
    assert not sink.further.gaps
    for own, full in zip(sink.paths, sink.further.paths, strict=True):
        with av.open(str(full)) as container:
            assert container.streams.video[0].codec_context.profile == "Constrained Baseline", "the camera's encoder"
        assert (sizes(own), sizes(full)) == ({(320, 180)}, {(640, 360)})
    assert len(packets(sink.paths[0], "video")) % GOP == 0, "cut at one of the camera's key pictures"


def test_held_pictures_of_a_passed_one_are_key_pictures(serve, show, make_settings, recorder, notices, sink):
    def breaking(connection, stop):
        h264(frames=40)(connection, stop)
        stop.wait(1.3)

    r = recorder(make_settings(serve(breaking).url, serve(show.microphone).url, recording=BOTH))
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraOpened, 2)
    time.sleep(0.8)
    r.stop()
    notices.wait(RecorderStopped)
    assert_in_step(sink)
    assert all(sizes(path) == {(640, 360)} for path in sink.further.paths), "each decodes alone"
    assert [gap.reason for gap in sink.gaps] == [GapReason.CAMERA_LOST]


def test_other_parameters_end_the_segment_and_nothing_else(serve, make_settings, recorder, notices, sink):
    """The camera is set otherwise: what it gives then is passed again, as another run of the full picture."""
    cameras = iter([h264(frames=40), h264(size=(320, 180)), h264(size=(320, 180))])
    settings = make_settings(serve(lambda connection, stop: next(cameras)(connection, stop)).url, recording=BOTH)
    r = recorder(settings)
    r.start(LessonPlan("x"), sink)
    notices.wait(CameraOpened, 2)
    time.sleep(0.8)
    r.stop()
    assert notices.wait(RecorderStopped).frames > 40, "the recording went on"
    assert_in_step(sink)
    shown = [size for path in sink.further.paths for size in sizes(path)]
    assert [size for size, _ in itertools.groupby(shown)] == [(640, 360), (320, 180)], "one size a file, changed once"
    assert {(320, 180)} == {size for path in sink.paths for size in sizes(path)}
    for a, b in itertools.pairwise(sink.ends):
        assert a.start_ns + a.duration_ns == b.start_ns, "the framed picture lost nothing"


def test_a_lesson_that_begins_between_two_keys_is_passed_from_the_next_segment_on(
    serve, make_settings, recorder, notices, sink
):
    """The framed picture does not wait for the camera's next key picture once the microphone had its time."""

    def dumb(connection, stop):
        stop.wait(1.2)

    settings = make_settings(serve(h264()).url, serve(dumb).url, recording=BOTH)
    record(recorder(settings), sink, notices, 2.9)
    assert len(sink.ends) >= 2
    assert_in_step(sink)
    profiles = []
    for path in sink.further.paths:
        with av.open(str(path)) as container:
            profiles.append(container.streams.video[0].codec_context.profile)
    assert profiles[1] == "Constrained Baseline", "the camera's encoder"
    assert all(sizes(path) == {(640, 360)} for path in sink.further.paths)


@pytest.fixture
def slow_encoder(monkeypatch):
    """The full picture's encoder takes nothing until it is let go."""
    free = threading.Event()

    class Slow(EncoderPair):
        def encode_picture(self, source, pts, *, key):
            assert free.wait(10)
            return super().encode_picture(source, pts, key=key)

    monkeypatch.setattr(secondcoder, "EncoderPair", Slow)
    return free


def test_too_slow_an_encoder_loses_full_pictures_alone(
    serve, show, make_settings, recorder, notices, sink, slow_encoder
):
    settings = make_settings(serve(show.camera).url, serve(show.microphone).url, recording=BOTH)
    r = recorder(settings)
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(1.5)
    slow_encoder.set()
    time.sleep(0.7)
    r.stop()
    notices.wait(RecorderStopped)
    assert not sink.gaps
    assert_in_step(sink)
    assert {dropped.rendition for dropped in notices.of(FramesDropped)} == {RenditionName.FULL}
    own = [packet for path in sink.paths for packet in packets(path, "video")]
    full = [packet for path in sink.further.paths for packet in packets(path, "video")]
    missing = sorted({pts for pts, _, _ in own} - {pts for pts, _, _ in full})
    assert len(missing) == sum(dropped.count for dropped in notices.of(FramesDropped))
    spans = [(gap.start_ns, gap.start_ns + gap.duration_ns) for gap in sink.further.gaps]
    assert all(any(start <= pts * NS // 90_000 < end for start, end in spans) for pts in missing)
    assert {gap.reason for gap in sink.further.gaps} == {GapReason.ENCODER_OVERFLOW}


def test_a_fault_in_its_encoder_costs_one_segment_of_it(
    serve, make_settings, recorder, notices, sink, show, monkeypatch
):
    faults = iter([False] * 10 + [True])

    class Faulty(EncoderPair):
        def encode_picture(self, source, pts, *, key):
            if next(faults, False):
                raise RuntimeError("the encoder broke")
            return super().encode_picture(source, pts, key=key)

    monkeypatch.setattr(secondcoder, "EncoderPair", Faulty)
    record(recorder(make_settings(serve(show.camera).url, recording=BOTH)), sink, notices, 2.6)
    assert len(sink.ends) >= 2
    assert not sink.gaps
    assert sorted(set(sink.further.finished)) == [end.index for end in sink.ends]
    assert span(sink.further.paths[1]) == span(sink.paths[1]), "the next one is whole"
