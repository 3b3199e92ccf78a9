"""How large the teacher is in the picture, and so how far away: the size at which everything above her chest fits.

The chest is where the marker says. For each distance she may have, the top of the head is then at a known row: below
it the picture must differ from what is beside it, and move when she moves; above it it must not; and a person's outline
of just that size must fit. Nothing here rests on the believed distance or on learned looks, so that a wrong belief
cannot confirm itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from followspot.domain.body import Body
from followspot.vision.motion import Change
from followspot.vision.people import Floats, OutlineScorer
from followspot.vision.picture import SmallPicture

Sums = npt.NDArray[np.int32]

NEAREST_M, FARTHEST_M, TRIED = 1.6, 9.0, 17
"""The distances tried: each 11 % farther than the one before."""
OUTLINE_EVERY = 2
"""An outline fits sizes a fifth apart alike, and costs the most."""
HEAD_HALF_M, HEAD_M = 0.07, 0.2
"""Half a head's width that is surely head, and its height."""
BESIDE = (2.0, 4.0)
"""Beside the head there is room from and to this many of those half widths."""
OFFSETS = (-1.0, 0.0, 1.0)
"""The head is looked for so many of those half widths beside the place: people lean, and the place errs."""
BELOW, ABOVE = (0.15, 1.0), (-0.9, -0.1)
"""The rows compared, in heights of a head from its top downwards."""
CHROMA_WEIGHT = 3.0
"""Light and shade change brightness more than colour."""
PLAIN = 40.0
"""A difference in levels beyond which it says no more."""
CONTRAST_UNIT, MOTION_UNIT = 4.0, 0.17
"""What speaks as much for a size as one more unit of the outline's score: this difference, this share of pixels."""
SHARPNESS = 1.0
"""How decidedly a difference of scores decides: with it the stated errors agree with the true ones."""
SPREAD_MOST = 0.45
"""With sizes this much apart (of their logarithms) equally likely, the picture does not tell."""


@dataclass(frozen=True, slots=True)
class Size:
    """What one picture tells: ln(distance/m) and its error."""

    log_distance: float
    sigma: float


class SizeFinder:
    """For one thread and one body."""

    def __init__(self, body: Body) -> None:
        self._body, self._outline = body, OutlineScorer()
        self._tried_m = np.geomspace(NEAREST_M, FARTHEST_M, TRIED)
        self._logs = np.log(self._tried_m)

    def find(self, picture: SmallPicture, change: Change | None, x: float, chest_y: float) -> Size | None:
        """The size of a teacher whose chest is at column `x`, row `chest_y`; None where the picture does not tell."""
        per_m = picture.lens.focal_px / self._tried_m
        tops = chest_y - (self._body.stature_m - self._body.marker_height_m) * per_m
        outlined = slice(None, None, OUTLINE_EVERY)
        scores = self._outline.scores(picture.luma, x, tops[outlined], self._body.stature_m * per_m[outlined])
        fit = np.interp(self._logs, self._logs[outlined], scores)
        fit += _contrast(picture.colour, x, tops, per_m) / CONTRAST_UNIT
        if change is not None:
            fit += _moved(change.mask, x, tops, per_m) / MOTION_UNIT
        weights = np.exp(SHARPNESS * (fit - fit.max()))
        weights /= weights.sum()
        mean = float(weights @ self._logs)
        sigma = math.sqrt(float(weights @ (self._logs - mean) ** 2) + _STEP**2 / 12)
        return Size(mean, sigma) if sigma <= SPREAD_MOST else None


_STEP = math.log(FARTHEST_M / NEAREST_M) / (TRIED - 1)


def _contrast(colour: MatLike, x: float, tops: Floats, per_m: Floats) -> Floats:
    """How much more a head's width differs from both its sides below each top than above it, in levels."""
    x, tops, per_m = x / 2, tops / 2, per_m / 2
    half = np.maximum(HEAD_HALF_M * per_m, 1.0)
    places = (x + np.multiply.outer(OFFSETS, half)).ravel()
    found = _contrast_at(
        _row_sums(colour), places, *(np.tile(one, len(OFFSETS)) for one in (half, tops, HEAD_M * per_m))
    )
    return np.asarray(found.reshape(len(OFFSETS), -1).max(axis=0))


def _contrast_at(sums: Sums, x: Floats, half: Floats, tops: Floats, head: Floats) -> Floats:
    middle = _means(sums, x - half, x + half)
    sides = [_means(sums, x + side[0] * half, x + side[1] * half) for side in (BESIDE, (-BESIDE[1], -BESIDE[0]))]
    weights = np.array([1.0, CHROMA_WEIGHT, CHROMA_WEIGHT]) / 2
    differences = [np.abs(middle - side) @ weights for side in sides]
    return _step(np.minimum(np.minimum(*differences), PLAIN), tops, head)


def _moved(mask: MatLike, x: float, tops: Floats, per_m: Floats) -> Floats:
    """How much more changed below each top than above it, as a share of the pixels."""
    sums = _row_sums(mask)[:, :, None]
    half = 2 * HEAD_HALF_M * per_m
    return _step(_means(sums, x - half, x + half)[:, :, 0] / 255, tops, HEAD_M * per_m)


def _row_sums(picture: MatLike) -> Sums:
    """For each row the sum of what lies left of each column."""
    return np.diff(cv2.integral(picture), axis=0)


def _means(sums: Sums, left: Floats, right: Floats) -> Floats:
    """For each row and each distance the mean from column `left` to `right`; 0 outside the picture."""
    last = sums.shape[1] - 1
    first = np.clip(np.round(left), 0, last).astype(int)
    stop = np.clip(np.round(right), 0, last).astype(int)
    return np.asarray((sums.take(stop, axis=1) - sums.take(first, axis=1)) / np.maximum(stop - first, 1)[:, None])


def _step(rows: Floats, tops: Floats, head: Floats) -> Floats:
    """For each distance (column of `rows`) the mean below its top less the mean above."""
    sums = np.vstack([np.zeros(rows.shape[1]), np.cumsum(rows, axis=0)])
    return _between(sums, tops, head, BELOW) - _between(sums, tops, head, ABOVE)


def _between(sums: Floats, tops: Floats, head: Floats, part: tuple[float, float]) -> Floats:
    first, stop = (np.clip(np.round(tops + share * head), 0, len(sums) - 1).astype(int) for share in part)
    at = np.arange(len(tops))
    return np.asarray((sums[stop, at] - sums[first, at]) / np.maximum(stop - first, 1))
