"""The printed tag: a square ArUco pattern of 4 x 4 cells in a black frame, which says its number."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

IDS = 50
"""The tags of this dictionary differ in four cells at least, however they are turned."""
CELLS = 6
"""Cells along a side, the frame included: the fewest there are, so the largest, and seen from the farthest."""

Pattern = npt.NDArray[np.bool_]


def pattern(number: int) -> Pattern:
    """Which of the CELLS x CELLS cells of tag `number` are black, the top row first."""
    return np.asarray(cv2.aruco.generateImageMarker(_all(), number, CELLS) == 0)


def only(number: int) -> cv2.aruco.Dictionary:
    """A dictionary that knows this tag alone: no other is found, none is taken for it."""
    everyone = _all()
    return cv2.aruco.Dictionary(everyone.bytesList[number : number + 1], everyone.markerSize, 0)


def _all() -> cv2.aruco.Dictionary:
    return cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
