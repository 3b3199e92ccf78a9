"""Tells people from the room, pixel by pixel, with the installed model: finds the teacher where she is believed to be.

For one thread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from followspot.domain.analysis import AnalysisFrame

SIZE = (256, 144)
"""What the model takes and gives."""
VIEW_SHARE = 0.55
"""The part of the picture that is shown is so many times as high as the person: the model knows people to the waist."""
ABOVE_SHARE = 0.27
"""The head's top is expected this share of that part below its upper edge."""
SURE = 0.5
"""From this probability on a pixel counts as somebody's."""
HEAD_SHARE = 0.12
"""Head and neck reach this share of the height down from the top."""
LEAST_WIDTH, MOST_WIDTH = 0.05, 0.26
"""Widths that somebody's head has, as shares of the height, hair and a lifted hand included; two people are wider."""
TORSO_SHARE = 0.3
"""Somebody reaches at least this share of the height down, unless the part that is shown ends."""
TOP_SHARE = 0.15
"""The head's top lies within this share of the height of where it is expected."""

Mask = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody: the middle of the head's columns, and its top row, None where that is not in what was shown."""

    x: float
    top: float | None


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of the picture that is shown; it may reach beyond the edges. `scale`: the model's pixels for one."""

    left: float
    top: float
    scale: float


class Segmenter:
    """The model. Raises cv2.error where the file is none that OpenCV can read."""

    def __init__(self, file: Path) -> None:
        self._net = cv2.dnn.readNetFromTFLite(str(file))

    def find(self, frame: AnalysisFrame, x: float, top: float, height: float, reach: float) -> Figure | None:
        """Somebody near column `x` (within `reach`), head at `top`, about `height` tall; pixels of the frame."""
        shown = VIEW_SHARE * height
        part = _Part(x - shown * SIZE[0] / SIZE[1] / 2, top - ABOVE_SHARE * shown, SIZE[1] / shown)
        self._net.setInput(_blob(frame, part))
        solid = (np.asarray(self._net.forward()).reshape(SIZE[1], SIZE[0]) >= SURE).astype(np.uint8)
        edge = max(math.ceil(-part.top * part.scale), 0)  # above it the picture's repeated first row is shown
        solid[:edge] = 0
        found = nearest(solid, SIZE[0] / 2, reach * part.scale, height * part.scale)
        if found is None:
            return None
        column, row = found
        seen_top = part.top + row / part.scale
        if abs(seen_top - top) > TOP_SHARE * height:
            return None
        return Figure(part.left + column / part.scale, seen_top if row > edge else None)


def _blob(frame: AnalysisFrame, part: _Part) -> MatLike:
    planes = []
    for plane, shrink in ((frame.y, 1), (frame.u, 2), (frame.v, 2)):
        scale = part.scale * shrink
        matrix = np.array([[scale, 0, -part.left * part.scale], [0, scale, -part.top * part.scale]])
        planes.append(cv2.warpAffine(plane, matrix, SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    y, u, v = planes
    return cv2.dnn.blobFromImage(cv2.cvtColor(cv2.merge([y, v, u]), cv2.COLOR_YCrCb2RGB), 1 / 255)


def nearest(solid: Mask, x: float, reach: float, height: float) -> tuple[float, float] | None:
    """The middle of the head's columns and the top row of the figure nearest to column `x`; None: nobody is there."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    best: tuple[float, float] | None = None
    for label in range(1, count):
        top, rows = int(stats[label, cv2.CC_STAT_TOP]), int(stats[label, cv2.CC_STAT_HEIGHT])
        if rows < min(TORSO_SHARE * height, solid.shape[0] - top - 1):
            continue
        head = labels[top : top + max(round(HEAD_SHARE * height), 1)] == label
        columns = np.flatnonzero(head.any(axis=0))
        if not LEAST_WIDTH * height <= len(columns) <= MOST_WIDTH * height:
            continue
        weights = head.sum(axis=0)
        middle = float(weights @ (np.arange(len(weights)) + 0.5) / weights.sum())
        if abs(middle - x) <= reach and (best is None or abs(middle - x) < abs(best[0] - x)):
            best = (middle, float(top))
    return best
