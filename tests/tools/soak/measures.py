"""What a process holds, and what a segment says of sound against picture."""

import os
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from followspot.media.view import plane_view

BEEP_HZ, BEEP_S = 2000.0, 0.03
FLASHES = {"teacher": range(200, 256), "room": range(150, 200)}
"""The mean luma of the picture in which her microphone, or the room's, hears a beep."""
SOUND_HZ = 48_000
SEARCH_S = 0.1
"""Four times what the budget allows: further away nothing is taken for the beep."""
KIB = 1024


@dataclass(frozen=True)
class Holding:
    """What a process holds."""

    resident_mb: float
    handles: int
    threads: int


def holding(pid: int | None = None) -> Holding:
    """Of this process, or of another one of ours."""
    proc = Path(f"/proc/{pid or os.getpid()}")
    fields = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line)
    return Holding(int(fields["VmRSS"].split()[0]) / KIB, len(os.listdir(proc / "fd")), int(fields["Threads"]))


def wave(times_s: npt.NDArray[np.float64], beeps_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sound at these moments: a soft hum, and a beep that begins at each of `beeps_s`."""
    sound = 0.01 * np.sin(2 * np.pi * 150 * times_s)
    for beep_s in beeps_s:
        since_s = times_s - beep_s
        sounding = (since_s >= 0) & (since_s < BEEP_S)
        sound[sounding] += 0.7 * np.sin(2 * np.pi * BEEP_HZ * since_s[sounding])
    return sound


def flashes_s(segment: Path) -> dict[str, list[float]]:
    """When the flashes of each kind are shown, lesson time."""
    with av.open(str(segment)) as container:
        shown = [(float(frame.time or 0), _luma(frame)) for frame in container.decode(video=0)]
    return {name: [time_s for time_s, luma in shown if luma in lumas] for name, lumas in FLASHES.items()}


def _luma(frame: av.VideoFrame) -> int:
    return round(float(plane_view(frame, 0).mean()))


def beep_offsets_ms(file: Path, expected_s: list[float]) -> list[float]:
    """By how much each expected beep is late in the file's sound; those that are not heard are left out."""
    with av.open(str(file)) as container:
        frames = list(container.decode(audio=0))
    if not frames:
        return []
    start = round(float(frames[0].time or 0) * SOUND_HZ)
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    offsets = (_offset_ms(sound, round(moment_s * SOUND_HZ) - start) for moment_s in expected_s)
    return [offset for offset in offsets if offset is not None]


def _offset_ms(sound: npt.NDArray[np.float32], expected: int) -> float | None:
    """By matched filter in quadrature: the phase of the beep does not matter, its edges do."""
    length, reach = round(BEEP_S * SOUND_HZ), round(SEARCH_S * SOUND_HZ)
    first = expected - reach
    piece = sound[max(0, first) : expected + reach + length]
    if first < 0 or len(piece) < 2 * reach + length:
        return None
    phase = 2 * np.pi * BEEP_HZ / SOUND_HZ * np.arange(length)
    level = np.hypot(np.convolve(piece, np.sin(phase)[::-1], "valid"), np.convolve(piece, np.cos(phase)[::-1], "valid"))
    peak = int(np.argmax(level))
    if level[peak] < 0.1 * length:
        return None
    return (peak - reach) / SOUND_HZ * 1000
