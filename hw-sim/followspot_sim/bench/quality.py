"""How true recorded pictures are to those that were filmed: PSNR and SSIM of luma, computed here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import av
import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.errors import SimulatorError

PEAK = 255.0
SSIM_EVERY = 10
"""SSIM costs much, and pictures that follow each other are alike."""
WINDOW, SIGMA = (11, 11), 1.5
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
"""Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment, IEEE Transactions on Image Processing 13 (4), 2004."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the pictures."""

    psnr_db: float
    ssim: float
    mbit_per_s: float

    def to_json(self) -> dict[str, float]:
        """For bench.json."""
        return {"psnr_db": round(self.psnr_db, 3), "ssim": round(self.ssim, 5), "mbit_per_s": round(self.mbit_per_s, 3)}


def measure(segments: Iterable[Path], clip: Path, width: int, height: int) -> Quality:
    """Compare recorded pictures with those of `clip` (I420, played in a circle), from wherever they begin in it."""
    files = sorted(segments)
    pictures = np.memmap(clip, np.uint8, "r").reshape(-1, width * height * 3 // 2)
    lumas = pictures[:, : width * height].reshape(-1, height, width)
    psnrs, ssims, expected = [], [], None
    for number, shown in enumerate(_lumas(files)):
        candidates = range(len(lumas)) if expected is None else (expected - 1, expected, expected + 1)
        errors = {index % len(lumas): _error(shown, lumas[index % len(lumas)]) for index in candidates}
        found = min(errors, key=errors.__getitem__)
        expected = found + 1
        psnrs.append(10 * np.log10(PEAK**2 / max(errors[found], 1e-9)))
        if number % SSIM_EVERY == 0:
            ssims.append(ssim(shown, lumas[found]))
    if not psnrs:
        raise SimulatorError(f"no picture in {', '.join(map(str, files)) or 'no file'}")
    return Quality(fmean(psnrs), fmean(ssims), _rate(files))


def ssim(one: MatLike, other: MatLike) -> float:
    """The structural similarity of two pictures, 1 for equal ones."""
    x, y = one.astype(np.float32), other.astype(np.float32)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    return float((similarity / ((mean_x**2 + mean_y**2 + C1) * (variance_x + variance_y + C2))).mean())


def _blur(picture: MatLike) -> MatLike:
    return cv2.GaussianBlur(picture, WINDOW, SIGMA)


def _error(one: MatLike, other: MatLike) -> float:
    return float(cv2.norm(one, np.ascontiguousarray(other), cv2.NORM_L2SQR)) / one.size


def _lumas(files: Iterable[Path]) -> Iterator[MatLike]:
    for file in files:
        with av.open(str(file)) as container:
            for frame in container.decode(video=0):
                plane = frame.planes[0]
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
                yield np.ascontiguousarray(rows[: plane.height, : plane.width])


def _rate(files: Iterable[Path]) -> float:
    """Of the picture alone."""
    octets, seconds = 0, 0.0
    for file in files:
        with av.open(str(file)) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                octets += packet.size
                if packet.duration and packet.time_base:
                    seconds += float(packet.duration * packet.time_base)
    return octets * 8 / 1e6 / seconds if seconds else 0.0
