"""The one pair of encoders that feeds every segment of a lesson."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from followspot.domain.recording import TrackInfo
from followspot.media.cputime import CpuMeter
from followspot.settings.models import Settings

if TYPE_CHECKING:
    from followspot.media.passing import CodedPicture

# A string: PyAV's class is generic to type checkers alone.
Packet: TypeAlias = "av.Packet[Any]"

VIDEO_TIMESCALE = 90_000
SOUND_RATE_HZ = 48_000
SOUND_FRAME_SAMPLES = 1024
VIDEO_TICK = Fraction(1, VIDEO_TIMESCALE)
_SOUND_TICK = Fraction(1, SOUND_RATE_HZ)
MATRIX_BT709 = int(Colorspace.ITU709)
MATRIX_BT601 = int(Colorspace.ITU601)

# NAL unit type of the parameter set that names the profile.
_SEQUENCE_SET = 7
# A player that seeks decodes from the last key frame: at most this much.
_KEY_FRAME_INTERVAL_S = 10
# Room for a busy picture above the average, and the time over which it is bounded.
_MAX_RATE_FACTOR = 1.5
_RATE_BUFFER_S = 2


class SoundEncoder:
    """AAC of mono sound, open at once so that its header is known. `stream` is a template for files' streams.

    Time stamps are in samples. The AAC priming packet is dropped, so no time stamp lies before the first sample.
    """

    def __init__(self, bitrate_kbps: int) -> None:
        # The muxer behind the stream is never fed: it is how PyAV makes streams with open encoders.
        self._shell = av.open(io.BytesIO(), "w", format="mp4")
        self.stream = add_sound_stream(self._shell, bitrate_kbps)
        self._shell.start_encoding()
        self._first_pts: int | None = None

    def encode(self, samples: npt.NDArray[np.float32], pts: int) -> list[Packet]:
        """Encode one frame (1024 samples) at sample `pts`; frames must follow each other."""
        if self._first_pts is None:
            self._first_pts = pts
        return _without_priming(self.stream.encode(_sound_frame(samples, pts)), self._first_pts)

    def flush(self) -> list[Packet]:
        """What the encoder still holds."""
        return _without_priming(self.stream.encode(None), self._first_pts)

    def close(self) -> None:
        """Free the encoder."""
        self._shell.close()


class EncoderPair:
    """H.264 and AAC, opened at once so that their headers are known before the first segment.

    Time stamps in: video in 1/90000 s, sound in samples. No B-frames, sliced threads: what goes in comes out in
    order, dts equal to pts, one frame later. The AAC priming packet is dropped, so no time stamp lies before the
    first sample. `video` and `sound` are templates for the segments' streams.
    """

    def __init__(
        self, settings: Settings, matrix: int, size: tuple[int, int] | None = None, coder: str = "libx264"
    ) -> None:
        """`matrix` is the colour matrix (av Colorspace) of the pictures to come, `size` their size if not [view]'s.

        `coder` is FFmpeg's name of the H.264 encoder.
        """
        self._coder = coder
        self.cpu = CpuMeter()
        """What encoding cost the thread that asked for it; threads of the encoders' own are not in it."""
        # The muxer behind these streams is never fed: it is how PyAV makes streams with open encoders.
        self._shell = av.open(io.BytesIO(), "w", format="mp4")
        self.video = self._add_video(settings, matrix, size or (settings.view.width, settings.view.height))
        self.sound = add_sound_stream(self._shell, settings.encoder.audio_bitrate_kbps)
        self._shell.start_encoding()
        self._first_sound_pts: int | None = None

    def _add_video(self, settings: Settings, matrix: int, size: tuple[int, int]) -> VideoStream:
        bitrate = settings.encoder.bitrate_kbps * 1000
        rate_hz = Fraction(settings.camera.rate_hz).limit_denominator(1001)
        made = self._shell.add_stream(self._coder, rate=rate_hz, width=size[0], height=size[1])
        stream = cast(VideoStream, made)
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
            "bf": "0",
            "maxrate": str(round(bitrate * _MAX_RATE_FACTOR)),
            "bufsize": str(bitrate * _RATE_BUFFER_S),
        }
        if self._coder == "libx264":
            codec.options |= {
                "preset": settings.encoder.preset,
                "aq-strength": str(settings.encoder.aq_strength),
                "sc_threshold": "0",
                "forced-idr": "1",
            }
        return stream

    def encode_picture(self, source: av.VideoFrame | CodedPicture, pts: int, *, key: bool) -> list[Packet]:
        """Encode a frame at `pts`, as an IDR picture if `key`; its own time stamp and type do not matter."""
        assert isinstance(source, av.VideoFrame), "a recording passes all of its pictures or none"
        frame = source
        frame.pts = pts
        frame.time_base = VIDEO_TICK
        # A decoded raw frame says I, and x264 would obey for every frame.
        frame.pict_type = PictureType.I if key else PictureType.NONE
        with self.cpu:
            return list(self.video.encode(frame))

    def encode_sound(self, samples: npt.NDArray[np.float32], pts: int) -> list[Packet]:
        """Encode one frame of mono sound (1024 samples) at sample `pts`; frames must follow each other."""
        if self._first_sound_pts is None:
            self._first_sound_pts = pts
        with self.cpu:
            packets = self.sound.encode(_sound_frame(samples, pts))
        return _without_priming(packets, self._first_sound_pts)

    def flush_video(self) -> list[Packet]:
        """What the video encoder still holds."""
        with self.cpu:
            return list(self.video.encode(None))

    def flush_sound(self) -> list[Packet]:
        """What the sound encoder still holds."""
        return _without_priming(self.sound.encode(None), self._first_sound_pts)

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


def add_sound_stream(shell: OutputContainer, bitrate_kbps: int) -> AudioStream:
    """A stream of `shell` with the one sound encoder that we use (docs/decisions/0032)."""
    stream = shell.add_stream("aac", rate=SOUND_RATE_HZ, options={"aac_coder": "fast"})
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = bitrate_kbps * 1000
    return stream


def sound_before(sound: Packet, video_pts: int) -> bool:
    """Whether a sound packet starts before a video time stamp, in exact arithmetic."""
    return cast(int, sound.pts) * VIDEO_TIMESCALE < video_pts * SOUND_RATE_HZ


def _sound_frame(samples: npt.NDArray[np.float32], pts: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "fltp", "mono")
    frame.sample_rate = SOUND_RATE_HZ
    frame.time_base = _SOUND_TICK
    frame.pts = pts
    return frame


def _without_priming(packets: list[Packet], first_pts: int | None) -> list[Packet]:
    return [p for p in packets if first_pts is not None and p.pts is not None and p.pts >= first_pts]


def avc_codec_string(extradata: bytes | None) -> str:
    """RFC 6381 name of an H.264 stream, from its parameter sets as Annex B or as MP4 has them: avc1.PPCCLL.

    Raises ValueError where there is no sequence parameter set.
    """
    if (extradata or b"")[:1] == b"\x01":
        return f"avc1.{(extradata or b'')[1:4].hex().upper()}"
    for unit in (extradata or b"").split(b"\x00\x00\x01")[1:]:
        if unit and unit[0] & 0x1F == _SEQUENCE_SET:
            return f"avc1.{unit[1:4].hex().upper()}"
    raise ValueError("the H.264 encoder gave no sequence parameter set")


def aac_codec_string(extradata: bytes | None) -> str:
    """RFC 6381 name of an AAC stream, from its AudioSpecificConfig: mp4a.40.<object type>.

    Raises ValueError where there is none.
    """
    if not extradata:
        raise ValueError("the AAC encoder gave no configuration")
    return f"mp4a.40.{extradata[0] >> 3}"
