"""Does an H.264 encoder work? Segments are made with it, decoded alone, and compared with what went in."""

import io
from collections import defaultdict
from collections.abc import Callable

import av
import numpy as np

from followspot.domain.clock import Clock
from followspot.domain.recording import Gap, LessonOrigin, SegmentEnd
from followspot.media.encoder import (
    MATRIX_BT709,
    SOUND_FRAME_SAMPLES,
    SOUND_RATE_HZ,
    VIDEO_TIMESCALE,
    EncoderPair,
    Packet,
)
from followspot.media.picturetime import PictureTime
from followspot.media.segmenter import Segmenter
from followspot.media.view import black_picture, plane_view
from followspot.settings.models import Settings

# Two segments: the second shows that a key picture comes when it is asked for.
_PICTURES_PER_SEGMENT = 30
_SEGMENTS = 2
_FRAGMENT_S = 0.5
# A smooth picture comes back with 40 dB and more from a working encoder; planes that were swapped, torn or are from
# another picture do not reach 20.
_LEAST_PSNR_DB = 30.0
_FULL_SCALE = 255.0
_FULL_PICTURE = (1920, 1080)

OpenPair = Callable[[], EncoderPair]


class TrialError(Exception):
    """The encoder cannot be used: why, for people."""


def trial_size(settings: Settings) -> tuple[int, int]:
    """The size that lessons will have; where the camera decides, the usual one."""
    return (settings.view.width, settings.view.height) if settings.recording.picture == "framed" else _FULL_PICTURE


def what_is_wrong(coder: str, settings: Settings, clock: Clock, open_pair: OpenPair | None = None) -> str | None:
    """Why lessons cannot be encoded with `coder` (FFmpeg's name); None where it works.

    `open_pair` stands in for the way in which lessons open their encoders.
    """
    size = trial_size(settings)
    try:
        pair = (open_pair or (lambda: EncoderPair(settings, MATRIX_BT709, size, coder)))()
        try:
            _try(pair, settings, size, clock)
        finally:
            pair.close()
    except TrialError as error:
        return str(error)
    except (av.FFmpegError, OSError, ValueError, AssertionError) as error:
        return f"it could not be opened or broke off: {error or type(error).__name__}"
    return None


def _try(pair: EncoderPair, settings: Settings, size: tuple[int, int], clock: Clock) -> None:
    pair.tracks()  # raises where the parameter sets are not there before the first picture: files could not be played
    time = PictureTime(0, 0, settings.camera.rate_hz)
    sink = _Memory()
    began_ns = clock.monotonic_ns()
    stamps = _encode(pair, Segmenter(pair, sink, time, 0, _FRAGMENT_S, lambda _: ()), time, size)
    took_ns = clock.monotonic_ns() - began_ns
    if len(sink.segments) != _SEGMENTS:
        raise TrialError(f"{len(sink.segments)} segments came out in place of {_SEGMENTS}")
    for index in range(_SEGMENTS):
        first = index * _PICTURES_PER_SEGMENT
        _compare(bytes(sink.segments[index]), stamps[first : first + _PICTURES_PER_SEGMENT], first, size)
    if took_ns > len(stamps) * time.period_ns:
        raise TrialError("it is slower than the camera")


def _encode(pair: EncoderPair, segmenter: Segmenter, time: PictureTime, size: tuple[int, int]) -> list[int]:
    """Encode all pictures with silence beside them; their time stamps."""
    stamps = [time.pts(count * time.period_ns) for count in range(_SEGMENTS * _PICTURES_PER_SEGMENT + 1)]
    sound_pts = 0
    for count, pts in enumerate(stamps[:-1]):
        key = count % _PICTURES_PER_SEGMENT == 0
        if key:
            segmenter.cut_at(pts)
        _add_pictures(segmenter, pair.encode_picture(trial_picture(count, size), pts, key=key))
        while sound_pts * VIDEO_TIMESCALE < pts * SOUND_RATE_HZ:
            for packet in pair.encode_sound(np.zeros(SOUND_FRAME_SAMPLES, np.float32), sound_pts):
                segmenter.add_sound(packet)
            sound_pts += SOUND_FRAME_SAMPLES
    _add_pictures(segmenter, pair.flush_video())
    for packet in pair.flush_sound():
        segmenter.add_sound(packet)
    segmenter.finish(stamps[-1])
    return stamps[:-1]


def _add_pictures(segmenter: Segmenter, packets: list[Packet]) -> None:
    for packet in packets:
        if packet.pts is None or packet.pts != packet.dts:
            raise TrialError("pictures come out in another order than they went in, or without their time")
        segmenter.add_video(packet)


def trial_picture(count: int, size: tuple[int, int]) -> av.VideoFrame:
    """A smooth slope that moves on with `count`, of a colour that is not grey."""
    picture = black_picture(*size)
    luma = plane_view(picture, 0)
    slope = 128 + 100 * np.sin(2 * np.pi * (np.arange(size[0]) / size[0] + count / _PICTURES_PER_SEGMENT))
    luma[:] = slope.astype(np.uint8)
    luma[: size[1] // 4] = 60  # so that a picture upside down is another one
    plane_view(picture, 1)[:] = 90
    plane_view(picture, 2)[:] = 160
    return picture


def _compare(segment: bytes, stamps: list[int], first: int, size: tuple[int, int]) -> None:
    with av.open(io.BytesIO(segment), "r") as container:
        frames = list(container.decode(video=0))
    if [frame.pts for frame in frames] != stamps:
        raise TrialError(f"{len(frames)} pictures could be decoded in place of {len(stamps)}, or at other times")
    for count, frame in enumerate(frames, first):
        if (frame.width, frame.height) != size or frame.format.name != "yuv420p":
            raise TrialError(f"it made {frame.width}x{frame.height} {frame.format.name} out of {size[0]}x{size[1]}")
        if (quality_db := _psnr_db(trial_picture(count, size), frame)) < _LEAST_PSNR_DB:
            raise TrialError(f"its pictures are not those that went in: {quality_db:.0f} dB are left")


def _psnr_db(wanted: av.VideoFrame, got: av.VideoFrame) -> float:
    """Of the worst plane."""
    errors = []
    for plane in range(3):
        difference = plane_view(wanted, plane).astype(np.float32) - plane_view(got, plane)
        errors.append(float(np.mean(np.square(difference))))
    return float(10 * np.log10(_FULL_SCALE**2 / max(*errors, 1e-9)))


class _Memory:
    """A SegmentSink that keeps the segments' bytes."""

    def __init__(self) -> None:
        self.segments: defaultdict[int, bytearray] = defaultdict(bytearray)

    def begin(self, origin: LessonOrigin) -> None:
        """Nobody calls it here."""

    def open_segment(self, index: int, start_ns: int) -> None:
        """Its first fragment makes it."""

    def write_fragment(self, index: int, data: bytes) -> None:
        self.segments[index] += data

    def write_framing(self, line: bytes) -> None:
        """Nobody calls it here."""

    def declare_gap(self, gap: Gap) -> None:
        """Nobody calls it here."""

    def finish_segment(self, end: SegmentEnd) -> None:
        """Its bytes are here already."""
