"""The one pair of encoders that feeds every segment of a lesson."""

import io
from fractions import Fraction
from typing import Any, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from followspot.domain.recording import TrackInfo
from followspot.settings.models import Settings

# A string: PyAV's class is generic to type checkers alone.
Packet: TypeAlias = "av.Packet[Any]"

VIDEO_TIMESCALE = 90_000
SOUND_RATE_HZ = 48_000
SOUND_FRAME_SAMPLES = 1024
_VIDEO_TICK = Fraction(1, VIDEO_TIMESCALE)
_SOUND_TICK = Fraction(1, SOUND_RATE_HZ)
MATRIX_BT709 = int(Colorspace.ITU709)
MATRIX_BT601 = int(Colorspace.ITU601)

# A player that seeks decodes from the last key frame: at most this much.
_KEY_FRAME_INTERVAL_S = 10
# Room for a busy picture above the average, and the time over which it is bounded.
_MAX_RATE_FACTOR = 1.5
_RATE_BUFFER_S = 2


class EncoderPair:
    """H.264 and AAC, opened at once so that their headers are known before the first segment.

    Time stamps in: video in 1/90000 s, sound in samples. No B-frames, sliced threads: what goes in comes out in
    order, dts equal to pts, one frame later. The AAC priming packet is dropped, so no time stamp lies before the
    first sample. `video` and `sound` are templates for the segments' streams.
    """

    def __init__(self, settings: Settings, size: tuple[int, int], matrix: int) -> None:
        """`size` is the width and height, `matrix` the colour matrix (av Colorspace) of the pictures to come."""
        # The muxer behind these streams is never fed: it is how PyAV makes streams with open encoders.
        self._shell = av.open(io.BytesIO(), "w", format="mp4")
        self.video = self._add_video(settings, size, matrix)
        self.sound = self._add_sound(settings)
        self._shell.start_encoding()
        self._first_sound_pts: int | None = None

    def _add_video(self, settings: Settings, size: tuple[int, int], matrix: int) -> VideoStream:
        bitrate = settings.encoder.bitrate_kbps * 1000
        rate_hz = Fraction(settings.camera.rate_hz).limit_denominator(1001)
        stream = self._shell.add_stream("libx264", rate=rate_hz, width=size[0], height=size[1])
        codec = stream.codec_context
        codec.pix_fmt = "yuv420p"
        codec.time_base = Fraction(1, VIDEO_TIMESCALE)
        codec.bit_rate = bitrate
        codec.gop_size = round(_KEY_FRAME_INTERVAL_S * settings.camera.rate_hz)
        codec.thread_type = "SLICE"
        codec.color_range = ColorRange.MPEG
        codec.color_primaries = ColorPrimaries.BT709
        codec.color_trc = ColorTrc.BT709
        codec.colorspace = matrix
        codec.options = {
            "preset": settings.encoder.preset,
            "bf": "0",
            "sc_threshold": "0",
            "forced-idr": "1",
            "maxrate": str(round(bitrate * _MAX_RATE_FACTOR)),
            "bufsize": str(bitrate * _RATE_BUFFER_S),
        }
        return stream

    def _add_sound(self, settings: Settings) -> AudioStream:
        stream = self._shell.add_stream("aac", rate=SOUND_RATE_HZ, options={"aac_coder": "fast"})
        stream.codec_context.layout = "mono"
        stream.codec_context.bit_rate = settings.encoder.audio_bitrate_kbps * 1000
        return stream

    def encode_picture(self, frame: av.VideoFrame, pts: int, *, key: bool) -> list[Packet]:
        """Encode `frame` at `pts`, as an IDR picture if `key`; its own time stamp and type do not matter."""
        frame.pts = pts
        frame.time_base = _VIDEO_TICK
        # A decoded raw frame says I, and x264 would obey for every frame.
        frame.pict_type = PictureType.I if key else PictureType.NONE
        return list(self.video.encode(frame))

    def encode_sound(self, samples: npt.NDArray[np.float32], pts: int) -> list[Packet]:
        """Encode one frame of mono sound (1024 samples) at sample `pts`; frames must follow each other."""
        if self._first_sound_pts is None:
            self._first_sound_pts = pts
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "fltp", "mono")
        frame.sample_rate = SOUND_RATE_HZ
        frame.time_base = _SOUND_TICK
        frame.pts = pts
        return self._without_priming(self.sound.encode(frame))

    def flush_video(self) -> list[Packet]:
        """What the video encoder still holds."""
        return list(self.video.encode(None))

    def flush_sound(self) -> list[Packet]:
        """What the sound encoder still holds."""
        return self._without_priming(self.sound.encode(None))

    def _without_priming(self, packets: list[Packet]) -> list[Packet]:
        first = self._first_sound_pts
        return [p for p in packets if first is not None and p.pts is not None and p.pts >= first]

    def tracks(self) -> tuple[TrackInfo, ...]:
        """What the segments hold."""
        video = self.video.codec_context
        return (
            TrackInfo(
                "video", avc_codec_string(video.extradata), VIDEO_TIMESCALE, width=video.width, height=video.height
            ),
            TrackInfo(
                "audio",
                aac_codec_string(self.sound.codec_context.extradata),
                SOUND_RATE_HZ,
                sample_rate_hz=SOUND_RATE_HZ,
                channels=1,
            ),
        )

    def close(self) -> None:
        """Free the encoders."""
        self._shell.close()


def avc_codec_string(extradata: bytes | None) -> str:
    """RFC 6381 name of an H.264 stream, from its Annex B parameter sets: avc1.PPCCLL.

    Raises ValueError where there is no sequence parameter set.
    """
    at = (extradata or b"").find(b"\x00\x00\x01\x67")
    if extradata is None or at < 0:
        raise ValueError("the H.264 encoder gave no sequence parameter set")
    return f"avc1.{extradata[at + 4 : at + 7].hex().upper()}"


def aac_codec_string(extradata: bytes | None) -> str:
    """RFC 6381 name of an AAC stream, from its AudioSpecificConfig: mp4a.40.<object type>.

    Raises ValueError where there is none.
    """
    if not extradata:
        raise ValueError("the AAC encoder gave no configuration")
    return f"mp4a.40.{extradata[0] >> 3}"
