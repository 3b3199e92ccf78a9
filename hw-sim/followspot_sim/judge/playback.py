"""What is in the recorded files, by decoding them: pictures, claps, the fiducial, sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 48_000
CLAP_SEARCH_S = 0.5
"""A clap is looked for this far around its time: beyond that, picture and sound would be hopeless anyway."""
CLAP_TONE_HZ = 2000.0
CLAP_TONE_S = 0.005

MAGENTA_UV = (212, 234)
"""Pure magenta in BT.709 limited range: Cb, Cr."""
MAGENTA_TOLERANCE = 28
"""H.264 at 4 Mbit/s bends a saturated colour by this much at the most; skin and red cloth are further away."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded frame: mean luma 0 to 255, and the disc as (x share, y share, diameter / picture height)."""

    media_ns: int
    luma: float
    disc: tuple[float, float, float] | None


@dataclass(frozen=True)
class Recording:
    """A lesson as a player gets it. `sound` is mono, `sound_start_ns` the media time of its first sample."""

    width: int
    height: int
    pictures: list[Picture]
    sound: Samples
    sound_start_ns: int

    @property
    def duration_s(self) -> float:
        """From the first picture to the last."""
        return (self.pictures[-1].media_ns - self.pictures[0].media_ns) / 1e9 if self.pictures else 0.0

    @property
    def sound_db(self) -> float:
        """RMS of the sound in dB of full scale; -120 for silence."""
        power = float(np.mean(self.sound**2)) if self.sound.size else 0.0
        return 10 * float(np.log10(max(power, 1e-12)))


def planes(frame: av.VideoFrame) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """The Y, U and V planes of a yuv420p frame, without copying."""
    views: list[NDArray[np.uint8]] = []
    for plane in frame.planes:
        view = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
        views.append(view[: plane.height, : plane.width])
    return views[0], views[1], views[2]


def find_disc(frame: av.VideoFrame) -> tuple[float, float, float] | None:
    """The largest magenta blob, or None. Its size is that of the circle of equal area."""
    _, u, v = planes(frame)
    near_u = cv2.inRange(u, MAGENTA_UV[0] - MAGENTA_TOLERANCE, 255)
    near_v = cv2.inRange(v, MAGENTA_UV[1] - MAGENTA_TOLERANCE, 255)
    count, _, stats, centres = cv2.connectedComponentsWithStats(cv2.bitwise_and(near_u, near_v))
    if count < 2:
        return None
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    area = float(stats[best, cv2.CC_STAT_AREA])
    if area < 12:
        return None
    height, width = u.shape
    x, y = centres[best]
    return (float(x) + 0.5) / width, (float(y) + 0.5) / height, 2 * (area / np.pi) ** 0.5 / height


def decode(files: Sequence[Path]) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Every frame of a lesson's segments, in order. Raises av.error.FFmpegError for a file that does not play."""
    for file in files:
        with av.open(str(file)) as container:
            for packet in container.demux():
                yield from (f for f in packet.decode() if isinstance(f, av.VideoFrame | av.AudioFrame))


def read_recording(files: Sequence[Path], *, with_disc: bool = False) -> Recording:
    """Decode a whole lesson once."""
    pictures: list[Picture] = []
    sound: list[Samples] = []
    starts: list[int] = []
    width = height = 0
    for frame in decode(files):
        media_ns = int(frame.pts * frame.time_base * 1_000_000_000) if frame.pts is not None and frame.time_base else 0
        if isinstance(frame, av.VideoFrame):
            width, height = frame.width, frame.height
            luma = cv2.mean(planes(frame)[0])[0]
            pictures.append(Picture(media_ns, luma, find_disc(frame) if with_disc else None))
        else:
            starts.append(media_ns)
            sound.append(frame.to_ndarray().astype(np.float32, copy=False)[0])
    samples = np.concatenate(sound) if sound else np.zeros(0, np.float32)
    return Recording(width, height, pictures, samples, starts[0] if starts else 0)


def av_offsets_ms(recording: Recording, claps_ns: Sequence[int]) -> list[float]:
    """Sound minus picture at each clap that both show, in milliseconds; positive: the sound is late.

    A clap is one darkened frame and a burst of 2 kHz at the same instant.
    """
    offsets: list[float] = []
    for near_ns in claps_ns:
        seen = _seen_ns(recording.pictures, near_ns)
        heard = _heard_ns(recording, near_ns)
        if seen is not None and heard is not None:
            offsets.append((heard - seen) / 1e6)
    return offsets


def _seen_ns(pictures: Sequence[Picture], near_ns: int) -> int | None:
    """The frame darker than both its neighbours by at least 8 %, nearest the stated time."""
    dark = [
        frame.media_ns
        for before, frame, after in zip(pictures, pictures[1:], pictures[2:], strict=False)
        if abs(frame.media_ns - near_ns) <= CLAP_SEARCH_S * 1e9
        and frame.luma < 0.92 * before.luma
        and frame.luma < 0.92 * after.luma
    ]
    return min(dark, key=lambda seen_ns: abs(seen_ns - near_ns), default=None)


def _heard_ns(recording: Recording, near_ns: int) -> int | None:
    """The start of the strongest 2 kHz burst near the stated time, by matched filter in quadrature."""
    centre = round((near_ns - recording.sound_start_ns) * SAMPLE_RATE_HZ / 1e9)
    reach = round(CLAP_SEARCH_S * SAMPLE_RATE_HZ)
    first = max(0, centre - reach)
    piece = recording.sound[first : centre + reach]
    length = round(CLAP_TONE_S * SAMPLE_RATE_HZ)
    if piece.size < 2 * length:
        return None
    phase = 2 * np.pi * CLAP_TONE_HZ / SAMPLE_RATE_HZ * np.arange(length)
    level = np.hypot(np.convolve(piece, np.sin(phase)[::-1], "valid"), np.convolve(piece, np.cos(phase)[::-1], "valid"))
    peak = int(np.argmax(level))
    if level[peak] < 6 * float(np.median(level)) + 1e-3:
        return None
    return recording.sound_start_ns + round((first + peak) * 1e9 / SAMPLE_RATE_HZ)


def stills(files: Sequence[Path], times_ns: Sequence[int]) -> list[tuple[int, NDArray[np.uint8]]]:
    """The first picture at or after each time (ascending), as (media time, height x width x 3 BGR)."""
    due = list(times_ns)
    out: list[tuple[int, NDArray[Any]]] = []
    for frame in decode(files):
        if not due:
            break
        if not isinstance(frame, av.VideoFrame) or frame.pts is None or frame.time_base is None:
            continue
        media_ns = int(frame.pts * frame.time_base * 1_000_000_000)
        if media_ns >= due[0]:
            out.append((media_ns, frame.to_ndarray(format="bgr24")))
            due = due[1:]
    return out
