"""What the teacher looks like: colours that tell her from the room, learned while the marker vouches for her."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

Codes = npt.NDArray[np.uint16]
"""For each pixel the number of its colour among COLOURS."""
Shares = npt.NDArray[np.float64]
"""One value per colour."""

LUMA_STEP, CHROMA_STEP, CHROMA_LOW, CHROMA_LEVELS = 20, 5, 88, 16
"""Y in steps of 20 levels; U and V in steps of 5 within 40 of grey, where clothes and rooms lie."""
LUMA_LEVELS = 256 // LUMA_STEP + 1
COLOURS = LUMA_LEVELS * CHROMA_LEVELS * CHROMA_LEVELS
LEARN_TEACHER = 0.08
"""Weight of one picture: an appearance is learned in a second or two and survives a short occlusion."""
LEARN_ROOM = 0.15
"""The room changes while the camera pans."""
FLOOR = 1e-3
"""Share of the pixels below which a colour speaks for nobody."""

_LUMA_CODE = (np.arange(256) // LUMA_STEP * CHROMA_LEVELS * CHROMA_LEVELS).astype(np.uint16)
_V_CODE = np.clip((np.arange(256) - CHROMA_LOW) // CHROMA_STEP, 0, CHROMA_LEVELS - 1).astype(np.uint16)
_U_CODE = _V_CODE * np.uint16(CHROMA_LEVELS)


def codes(colour: MatLike) -> Codes:
    """The colour numbers of a Y, U, V picture."""
    y, u, v = cv2.split(colour)
    return np.asarray(cv2.LUT(y, _LUMA_CODE) + cv2.LUT(u, _U_CODE) + cv2.LUT(v, _V_CODE), np.uint16)


class Appearance:
    """How common each colour is, on the teacher and in the room; and from it a map of who is where."""

    def __init__(self) -> None:
        self._teacher: Shares | None = None
        self._room: Shares | None = None

    @property
    def known(self) -> bool:
        """Whether both have been learned."""
        return self._teacher is not None and self._room is not None

    def learn_teacher(self, seen: Codes) -> None:
        """Learn from pixels that show the teacher."""
        self._teacher = _blend(self._teacher, seen, LEARN_TEACHER)

    def learn_room(self, seen: Codes) -> None:
        """Learn from pixels round the teacher."""
        self._room = _blend(self._room, seen, LEARN_ROOM)

    def likeness(self, seen: Codes) -> MatLike:
        """For each pixel 0 (room) to 255 (teacher), 128 where the colour does not tell."""
        if self._teacher is None or self._room is None:
            return np.full(seen.shape, 128, np.uint8)
        share = (self._teacher + FLOOR) / (self._teacher + self._room + 2 * FLOOR)
        return np.asarray(np.round(255 * share).astype(np.uint8)[seen])


def _blend(old: Shares | None, seen: Codes, weight: float) -> Shares | None:
    if seen.size == 0:
        return old
    new = np.bincount(seen.ravel(), minlength=COLOURS) / seen.size
    return new if old is None else np.asarray((1 - weight) * old + weight * new)
