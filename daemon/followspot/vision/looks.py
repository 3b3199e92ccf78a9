"""Learning what the teacher looks like, and whether that would find her."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from followspot.domain.geometry import clamp
from followspot.domain.view import Rect
from followspot.vision.appearance import Appearance, Codes
from followspot.vision.strip import Profile, Strip

Mask = npt.NDArray[np.bool_]

TRUST_STEP = 0.08
"""Weight of one picture in learning whether the looks find her."""
TRUST_LEAST = 0.5
"""Less trust counts as none: a dozen agreements in a row earn it."""
TESTED_WIDTHS = 3.0
"""So many of her widths to both sides the looks must tell her from the room."""

_HEAD = (0.14, 0.08, 0.55)
_TORSO = (0.32, 0.6, 1.6)
"""Surely body: half width, top and bottom, in widths and heights of the box of head and shoulders."""
_BESIDE = (0.7, 4.0)
"""Surely room: from and to this many widths to both sides of her middle."""


class Looks:
    """The learned appearance and the trust in it."""

    def __init__(self) -> None:
        self._appearance = Appearance()
        self._trust = 0.0

    @property
    def trust(self) -> float:
        """0 (of no use) to 1 (found her every time)."""
        return self._trust if self._trust >= TRUST_LEAST else 0.0

    def likeness(self, seen: Codes) -> MatLike:
        """For each pixel 0 (room) to 255 (teacher)."""
        return self._appearance.likeness(seen)

    def learn(self, seen: Codes, alike: Profile, strip: Strip, bust: Rect) -> None:
        """The marker vouches for the place: see whether the looks would have found it, then learn from it."""
        if self._appearance.known:
            near = np.abs(np.arange(len(alike)) + 0.5 - strip.x) <= TESTED_WIDTHS * strip.width
            best = int(np.where(near, strip.filled(alike), -np.inf).argmax())
            agreed = abs(best + 0.5 - strip.x) < 0.5 * strip.width
            self._trust += TRUST_STEP * (float(agreed) - self._trust)
        scale = seen.shape[1] / len(alike)
        body, room = _masks(seen.shape, bust, scale)
        self._appearance.learn_teacher(seen[body])
        self._appearance.learn_room(seen[room])


def _masks(shape: tuple[int, ...], bust: Rect, scale: float) -> tuple[Mask, Mask]:
    """Head and torso, and the room beside them, in a picture `scale` times the size of the one `bust` is in."""
    body, room = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for half, top, bottom in (_HEAD, _TORSO):
        body[_window(shape, bust, scale, half, top, bottom)] = True
    room[_window(shape, bust, scale, _BESIDE[1], 0.0, _TORSO[2])] = True
    room[_window(shape, bust, scale, _BESIDE[0], 0.0, _TORSO[2])] = False
    return body, room


def _window(
    shape: tuple[int, ...], bust: Rect, scale: float, half: float, top: float, bottom: float
) -> tuple[slice, slice]:
    x, width, height = bust.centre[0] * scale, bust.width * scale, bust.height * scale
    edges = (bust.y * scale + top * height, bust.y * scale + bottom * height)
    rows = slice(*(int(clamp(edge, 0, shape[0])) for edge in edges))
    return rows, slice(*(int(clamp(x + side * half * width, 0, shape[1])) for side in (-1, 1)))
