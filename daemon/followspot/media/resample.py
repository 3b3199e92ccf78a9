"""Sample one plane of a picture on a grid of any scale at any place: bilinear, and exact to 1/32 pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from followspot.domain.analysis import Plane

# Where samples lie may be wrong by this much, in source pixels.
_TOLERANCE = 1 / 32
# So many samples a grid may begin before the picture; they are computed in vain.
_LEAD = 64
# From full range (0 to 255) to limited: factor and offset.
_LUMA_TO_LIMITED = 219 / 255, 16.0
_CHROMA_TO_LIMITED = 224 / 255, 128 - 128 * 224 / 255


@dataclass(frozen=True)
class Sampling:
    """One axis of a plane: `count` samples, each `scale` source pixels wide, from `start` (0: the source's edge) on."""

    start: float
    scale: float
    count: int

    @cached_property
    def grid(self) -> Grid:
        """The shortest grid from a whole source pixel on, or else the one that begins nearest to one.

        It meets the middle of the picture exactly, and the ends well enough.
        """
        if abs(self.scale - 1) * self.count / 2 <= _TOLERANCE:
            return self._from(0, self.start, 1.0)
        best, least = 0, math.inf
        for lead in range(_LEAD):
            start = self.start - self.scale * lead
            if start < -_TOLERANCE:
                break
            beyond = start % 1.0
            off = beyond if beyond < 0.5 else 1.0 - beyond
            if off < least:
                best, least = lead, off
            if off <= _TOLERANCE:
                break
        return self._from(best, self.start - self.scale * best, None)

    def _from(self, lead: int, start: float, scale: float | None) -> Grid:
        first = round(start) if abs(start - round(start)) <= _TOLERANCE else start
        half = lead + self.count / 2
        middle = self.start + self.scale * self.count / 2
        return Grid(first, lead, (middle - first) / half if scale is None else scale, self.count)


@dataclass(frozen=True, slots=True)
class Grid:
    """One axis that begins at the source pixel `first`; `lead` samples of it come before the picture's."""

    first: float
    lead: int
    scale: float
    count: int

    @property
    def size(self) -> int:
        """How many source pixels it needs."""
        if self.scale == 1:
            return self.count
        return math.ceil(self.scale * (self.lead + self.count) + 1)

    @property
    def picture(self) -> slice:
        """The picture's samples in it."""
        return slice(self.lead, self.lead + self.count)


def sample(source: Plane, across: Sampling, down: Sampling, target: Plane) -> None:
    """Fill `target` with samples of `source`. Beyond the edge its last pixels are repeated."""
    columns, rows = across.grid, down.grid
    part = _cut(source, columns, rows)
    if columns.scale != 1 or rows.scale != 1:
        size = part.shape
        grid = cv2.resize(part, None, fx=1 / columns.scale, fy=1 / rows.scale, interpolation=cv2.INTER_LINEAR)
        if grid.shape == size:  # OpenCV copies where the size stays, whatever the scale
            _warp(source, across, down, target)
        else:
            target[:] = grid[rows.picture, columns.picture]
    else:
        target[:] = part


def _cut(source: Plane, columns: Grid, rows: Grid) -> Plane:
    """The source pixels from the first one on; where that lies between pixels, they are shifted."""
    width, height = columns.size, rows.size
    x, y = columns.first, rows.first
    if isinstance(x, int) and isinstance(y, int) and x >= 0 and y >= 0:
        part = source[y : y + height, x : x + width]
        if part.shape == (height, width):
            return part
    return np.asarray(cv2.getRectSubPix(source, (width, height), (x + (width - 1) / 2, y + (height - 1) / 2)))


def _warp(source: Plane, across: Sampling, down: Sampling, target: Plane) -> None:
    """Three times as dear, and always right."""
    matrix = np.array(
        [
            [across.scale, 0, across.start + across.scale / 2 - 0.5],
            [0, down.scale, down.start + down.scale / 2 - 0.5],
        ]
    )
    cv2.warpAffine(
        source,
        matrix,
        (across.count, down.count),
        dst=target,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def make_limited(plane: Plane, *, chroma: bool) -> None:
    """Turn full-range values into limited-range ones, in place."""
    factor, offset = _CHROMA_TO_LIMITED if chroma else _LUMA_TO_LIMITED
    cv2.convertScaleAbs(plane, dst=plane, alpha=factor, beta=offset)
