"""Standing people by their outline: the Daimler HOG detector, on pictures of the size it was trained for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

Floats = npt.NDArray[np.float64]

PERSON_PX = 76.0
PERSON_SHARE = PERSON_PX / 96
"""A person in the detector's 48 x 96 window is about this tall."""
HEAD_SHARE = 0.1
"""The top of the head lies this share of the window below its top."""
BORDER_PX = 24
"""The detector needs room round a person; people at the picture's edge get it from the repeated edge."""
FEET_PX = 48
"""The legs are often below the picture: the repeated last row stands in for them."""
THRESHOLD = 0.0
PATCH_SLACK = 8
PATCH = (48 + PATCH_SLACK, 96 + PATCH_SLACK)
"""The window and one cell more."""
LEAST_SCORE = -3.0
"""Nothing looks less like a person than this."""
STEP = 1.15
SPREAD = 1.35
"""A believed size may be wrong by this factor either way."""
LEVELS = 1 + round(2 * math.log(SPREAD) / math.log(STEP))
"""So many sizes, each STEP larger than the one before, cover that."""


@dataclass(frozen=True, slots=True)
class Person:
    """One hit in the given picture's pixels: its middle, the top of its head, and how tall the whole person is."""

    x: float
    top: float
    height: float
    score: float


class PeopleDetector:
    """The detector; for one thread."""

    def __init__(self) -> None:
        self._hog = _detector(LEVELS)

    def find(self, luma: MatLike, region: tuple[int, int, int, int], height_px: float) -> list[Person]:
        """People in `region` (x, y, width, height) between 1/SPREAD and SPREAD times `height_px` tall."""
        x, y, width, height = region
        scale = PERSON_PX * SPREAD / height_px
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        part = cv2.resize(luma[y : y + height, x : x + width], size, interpolation=cv2.INTER_LINEAR)
        part = cv2.copyMakeBorder(part, BORDER_PX, FEET_PX, BORDER_PX, BORDER_PX, cv2.BORDER_REPLICATE)
        boxes, scores = self._hog.detectMultiScale(part, THRESHOLD, (4, 8), (0, 0), STEP, 0)
        return [
            Person(
                x + (left + wide / 2 - BORDER_PX) / scale,
                y + (top + HEAD_SHARE * high - BORDER_PX) / scale,
                high * PERSON_SHARE / scale,
                float(score),
            )
            for (left, top, wide, high), score in zip(boxes, scores, strict=True)
        ]


class OutlineScorer:
    """How well a person fits at one place, for each of several sizes; for one thread."""

    def __init__(self) -> None:
        self._hog = _detector(1)

    def scores(self, luma: MatLike, x: float, tops: Floats, heights_px: Floats) -> Floats:
        """The detector's score for a person at column `x` with the head's top at each of `tops`, so tall each."""
        return np.array([self._score(luma, x, top, height) for top, height in zip(tops, heights_px, strict=True)])

    def _score(self, luma: MatLike, x: float, top: float, height_px: float) -> float:
        """The best within half a cell each way: the place is known that well."""
        scale = PERSON_PX / height_px
        matrix = np.array(
            [[scale, 0, PATCH[0] / 2 - scale * x], [0, scale, HEAD_SHARE * 96 + PATCH_SLACK / 2 - scale * top]]
        )
        patch = cv2.warpAffine(luma, matrix, PATCH, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        _, scores = self._hog.detect(patch, hitThreshold=LEAST_SCORE, winStride=(PATCH_SLACK, PATCH_SLACK))
        return max((float(score) for score in np.ravel(scores)), default=LEAST_SCORE)


def _detector(levels: int) -> cv2.HOGDescriptor:
    hog = cv2.HOGDescriptor((48, 96), (16, 16), (8, 8), (8, 8), 9, 1, -1, 0, 0.2, False, levels)
    hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDaimlerPeopleDetector(), np.float32))
    return hog
