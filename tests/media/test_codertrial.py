"""An encoder is taken only where its segments play and show what went in."""

import re

import av
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.codertrial import what_is_wrong
from followspot.media.encoder import MATRIX_BT709, EncoderPair
from followspot.media.notices import RecorderFailed, RecorderStopped, RecordingStarted
from followspot.media.recorder import Recorder
from followspot.media.videocoder import VideoCoder
from followspot.settings.models import Settings

SIZE = (320, 180)
SETTINGS = Settings.model_validate({"view": {"width": 320, "height": 180}, "encoder": {"bitrate_kbps": 600}})


class StandingClock:
    def monotonic_ns(self):
        return 0


class SlowClock:
    """Each look at it is a minute later."""

    now_ns = 0

    def monotonic_ns(self):
        self.now_ns += 60_000_000_000
        return self.now_ns


class Pair(EncoderPair):
    """libx264, with something wrong with it."""

    def __init__(self):
        super().__init__(SETTINGS, MATRIX_BT709, SIZE)


class WithoutParameterSets(Pair):
    """As h264_v4l2m2m on a Pi: they come with the key pictures only."""

    def __init__(self):
        super().__init__()
        self.video.codec_context.extradata = None


class Mangled(Pair):
    """Every picture but the first is noise."""

    def encode_picture(self, source, pts, *, key):
        return [self._mangle(packet) for packet in super().encode_picture(source, pts, key=key)]

    def _mangle(self, packet):
        if packet.pts == 0:
            return packet
        noise = av.Packet(bytes(packet)[:6] + bytes(i * 37 % 251 for i in range(packet.size - 6)))
        noise.pts, noise.dts, noise.time_base, noise.is_keyframe = (
            packet.pts,
            packet.dts,
            packet.time_base,
            packet.is_keyframe,
        )
        return noise


class OtherPicture(Pair):
    """The chroma planes are swapped: decodes without a fault."""

    def encode_picture(self, source, pts, *, key):
        picture = av.VideoFrame.from_ndarray(source.to_ndarray(), "yuv420p")
        for to, of in ((1, 2), (2, 1)):
            picture.planes[to].update(bytes(source.planes[of]))
        return super().encode_picture(picture, pts, key=key)


class Late(Pair):
    """Time stamps are a tick beside what was asked."""

    def encode_picture(self, source, pts, *, key):
        packets = super().encode_picture(source, pts, key=key)
        for packet in packets:
            packet.pts = packet.dts = packet.pts + (packet.pts > 0)
        return packets


class Forgetful(Pair):
    """A picture in the middle never comes out."""

    def encode_picture(self, source, pts, *, key):
        packets = super().encode_picture(source, pts, key=key)
        return [packet for packet in packets if packet.pts != 30_000]


class DeafToKeys(Pair):
    """No key picture where a segment starts."""

    def encode_picture(self, source, pts, *, key):
        return super().encode_picture(source, pts, key=key and pts == 0)


class Broken(Pair):
    def encode_picture(self, source, pts, *, key):
        raise av.error.OSError(5, "Input/output error")


def test_libx264_is_taken():
    assert what_is_wrong("libx264", SETTINGS, StandingClock()) is None


@pytest.mark.parametrize("coder", ["h264_v4l2m2m", "mpeg4", "no-such-encoder"])
def test_what_cannot_be_opened_or_is_no_h264_is_refused(coder):
    assert what_is_wrong(coder, SETTINGS, StandingClock())


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (WithoutParameterSets, "no sequence parameter set"),
        (Mangled, "decoded|dB|broke off"),
        (OtherPicture, "not those that went in"),
        (Late, "at other times"),
        (Forgetful, "29 pictures could be decoded"),
        (DeafToKeys, "decoded|dB|broke off"),
        (Broken, "Input/output error"),
    ],
)
def test_an_encoder_whose_segments_are_not_right_is_refused(pair, why):
    refusal = what_is_wrong("any", SETTINGS, StandingClock(), pair)
    assert refusal is not None
    assert re.search(why, refusal), refusal


def test_an_encoder_that_is_slower_than_the_camera_is_refused():
    assert what_is_wrong("libx264", SETTINGS, SlowClock()) == "it is slower than the camera"


def test_a_lesson_whose_hardware_encoder_fails_goes_on_with_libx264(
    serve, show, make_settings, planner, clock, notices, tmp_path, kit
):
    coder = VideoCoder("auto")
    coder.tried(None)  # here it cannot be opened all the same
    recorder = Recorder(make_settings(serve(show.camera).url), clock, planner, notices, None, coder)
    recorder.start(LessonPlan("x"), kit.FileSink(tmp_path))
    notices.wait(RecorderFailed)
    assert recorder.join(5)
    recorder.start(LessonPlan("x"), kit.FileSink(tmp_path))
    notices.wait(RecordingStarted)
    recorder.stop()
    notices.wait(RecorderStopped)
    assert recorder.join(5)
    assert "h264_v4l2m2m is not used: a lesson with it ended by a fault" in coder.chosen.reason
