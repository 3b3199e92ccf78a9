"""A room as a wide picture around the lens, in planes ready for sampling."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Floats
from followspot_sim.sprites import yuv709

Projection = Literal["cylindrical", "equirectangular"]

FULL_TURN_DEG = 355.0
"""A panorama at least this wide is closed to a circle; a narrower one is mirrored at its edges."""

OVERLAP_DEG = 100.0
"""A circle is continued this far beyond its seam, so that a view across the seam needs no special case."""

SHARP_PX_PER_DEG = 18.0
"""A coarser panorama is enlarged once with a good filter; the fast one used for every frame would show its pixels."""


@dataclass(frozen=True)
class Panorama:
    """Luma, and chroma of half the size in two channels. The middle row is the horizon."""

    luma: MatLike
    chroma: MatLike
    px_per_rad: float
    projection: Projection

    def map(self, azimuth_rad: Floats, tangent: Floats) -> tuple[MatLike, MatLike]:
        """Continuous luma coordinates of directions: azimuth in the room, tangent of elevation."""
        height, width = self.luma.shape[:2]
        up = tangent if self.projection == "cylindrical" else np.arctan(tangent)
        x = width / 2 + azimuth_rad * self.px_per_rad
        y = height / 2 - up * self.px_per_rad
        return x.astype(np.float32), y.astype(np.float32)


def from_bgr(bgr: MatLike, projection: Projection, hfov_deg: float) -> Panorama:
    """A panorama from a picture whose middle looks straight ahead."""
    px_per_deg = bgr.shape[1] / hfov_deg
    if px_per_deg < SHARP_PX_PER_DEG:
        scale = SHARP_PX_PER_DEG / px_per_deg
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    px_per_rad = np.rad2deg(bgr.shape[1] / hfov_deg)
    if hfov_deg >= FULL_TURN_DEG:
        overlap = min(round(OVERLAP_DEG * bgr.shape[1] / hfov_deg), bgr.shape[1])
        bgr = cv2.copyMakeBorder(bgr, 0, 0, overlap, overlap, cv2.BORDER_WRAP)
    bgr = bgr[: bgr.shape[0] // 2 * 2, : bgr.shape[1] // 2 * 2]
    luma, blue, red = cv2.split(yuv709(bgr))
    chroma = cv2.resize(cv2.merge([blue, red]), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return Panorama(luma, chroma, float(px_per_rad), projection)


def load(file: Path, projection: Projection, hfov_deg: float) -> Panorama:
    """Read a panorama from a picture file. Raises SimulatorError."""
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SimulatorError(f"room picture {file} cannot be read as a picture")
    return from_bgr(bgr, projection, hfov_deg)
