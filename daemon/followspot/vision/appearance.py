"""What the teacher looks like: colours that tell her from the room, learned while the marker vouches for her."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike

BINS = [12, 16, 16]
RANGES = [16.0, 236.0, 88.0, 168.0, 88.0, 168.0]
"""Y over its range; clothes and rooms lie within 40 levels of grey in U and V."""
LEARN_TEACHER = 0.08
"""Weight of one picture: an appearance is learned in a second or two and survives a short occlusion."""
LEARN_ROOM = 0.15
"""The room changes while the camera pans."""
FLOOR = 2e-4
"""Colours seen less than this speak for nobody."""


class Appearance:
    """Two colour histograms, teacher and room, and from them a map of who is where."""

    def __init__(self) -> None:
        self._teacher: MatLike | None = None
        self._room: MatLike | None = None

    @property
    def known(self) -> bool:
        """Whether it has been learned at all."""
        return self._teacher is not None and self._room is not None

    def learn_teacher(self, colour: MatLike, mask: MatLike) -> None:
        """Learn from the pixels where `mask` is 255."""
        self._teacher = _blend(self._teacher, _histogram(colour, mask), LEARN_TEACHER)

    def learn_room(self, colour: MatLike, mask: MatLike) -> None:
        """Learn what surrounds the teacher."""
        self._room = _blend(self._room, _histogram(colour, mask), LEARN_ROOM)

    def likeness(self, colour: MatLike) -> MatLike:
        """For each pixel 0 (room) to 255 (teacher), 128 where the colour does not tell."""
        if self._teacher is None or self._room is None:
            return np.full(colour.shape[:2], 128, np.uint8)
        share = 255 * (self._teacher + FLOOR) / (self._teacher + self._room + 2 * FLOOR)
        clipped = _within_ranges(colour)
        return cv2.calcBackProject([clipped], [0, 1, 2], share.astype(np.float32), RANGES, 1)


def _within_ranges(colour: MatLike) -> MatLike:
    return np.clip(colour, (16, 88, 88), (235, 167, 167)).astype(np.uint8)


def _histogram(colour: MatLike, mask: MatLike) -> MatLike | None:
    histogram = cv2.calcHist([_within_ranges(colour)], [0, 1, 2], mask, BINS, RANGES)
    total = float(histogram.sum())
    return np.divide(histogram, total) if total > 0 else None


def _blend(old: MatLike | None, new: MatLike | None, weight: float) -> MatLike | None:
    if old is None or new is None:
        return old if new is None else new
    return np.asarray((1 - weight) * old + weight * new)
