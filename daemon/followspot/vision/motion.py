"""What moved between two pictures, the camera's own motion taken out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot.vision.picture import SmallPicture, turn

SHIFT_AT_MOST_PX = 4.0
"""Encoder and timing errors misplace the warped picture by less; a greater shift is a mistake of the correlation."""
SHIFT_FELT_PX = 0.2
"""A smaller shift is left alone: it changes less than `_changed` allows for."""
LITTLE = 0.005
"""A camera at rest sees so small a share change while nobody walks; the least shake that matters changes more."""
SHIFT_SURE = 0.15
"""Response of the phase correlation from which on its shift is believed."""
CHANGE_LEVELS = 10
"""Grey levels: camera noise, shrunk, stays below."""
GAIN_RANGE = (0.5, 2.0)
"""Light that changes more within one picture is another scene."""
VALID_MARGIN = np.ones((5, 5), np.uint8)
"""Pixels this near to the warped picture's edge may be half outside."""
APART_AT_MOST_NS = 500_000_000
"""Pictures further apart show different poses of a walker, not one motion."""


@dataclass(frozen=True, slots=True)
class Change:
    """`mask` (255 where something changed) in the later picture's pixels; `gain` is later light over earlier light."""

    mask: MatLike
    gain: float


class MotionFinder:
    """Compares pictures. Keeps one Hann window."""

    def __init__(self) -> None:
        self._window: MatLike | None = None

    def compare(self, before: SmallPicture, now: SmallPicture) -> Change | None:
        """What changed; None where the two cannot be compared."""
        if before.luma.shape != now.luma.shape or not 0 < now.exposure_ns - before.exposure_ns <= APART_AT_MOST_NS:
            return None
        if _still(before, now):
            change = _change(before.luma, np.full_like(before.luma, 255), now.luma)
            if change is not None and cv2.countNonZero(change.mask) <= LITTLE * change.mask.size:
                return change
        homography = turn(now.lens, before.aim, now.aim)
        warped, valid = _warp(before.luma, homography)
        shift = self._residual(warped, valid, now.luma)
        if shift is not None and math.hypot(*shift) > SHIFT_FELT_PX:
            homography = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) @ homography
            warped, valid = _warp(before.luma, homography)
        return _change(warped, valid, now.luma)

    def _residual(self, warped: MatLike, valid: MatLike, luma: MatLike) -> tuple[float, float] | None:
        """What the pose did not explain, pixels."""
        if self._window is None or self._window.shape != luma.shape:
            self._window = cv2.createHanningWindow((luma.shape[1], luma.shape[0]), cv2.CV_32F)
        now = cv2.bitwise_and(luma, valid)
        (x, y), response = cv2.phaseCorrelate(warped.astype(np.float32), now.astype(np.float32), self._window)
        if response < SHIFT_SURE or abs(x) > SHIFT_AT_MOST_PX or abs(y) > SHIFT_AT_MOST_PX:
            return None
        return x, y


def _still(before: SmallPicture, now: SmallPicture) -> bool:
    turned_deg = math.hypot(now.aim.pan_deg - before.aim.pan_deg, now.aim.tilt_deg - before.aim.tilt_deg)
    return math.radians(turned_deg) * now.lens.focal_px <= SHIFT_FELT_PX


def _warp(luma: MatLike, homography: MatLike) -> tuple[MatLike, MatLike]:
    """The picture as it appears after the turn, and where in that there is any."""
    rows, columns = luma.shape
    warped = cv2.warpPerspective(luma, homography, (columns, rows), flags=cv2.INTER_LINEAR)
    valid = np.zeros_like(luma)
    corners = np.array([[0, 0, 1], [columns - 1, 0, 1], [columns - 1, rows - 1, 1], [0, rows - 1, 1]]) @ homography.T
    if corners[:, 2].min() > 0:  # else the turn put a part of the picture behind the camera
        cv2.fillConvexPoly(valid, np.rint(corners[:, :2] / corners[:, 2:]).astype(np.int32), 255)
    return warped, cv2.erode(valid, VALID_MARGIN)


def _change(before: MatLike, valid: MatLike, now: MatLike) -> Change | None:
    """What changed where `valid`; None where the light did too much."""
    brightness = cv2.mean(now, valid)[0] - 16, cv2.mean(before, valid)[0] - 16
    if min(brightness) < 1:
        return None
    gain = brightness[0] / brightness[1]
    if not GAIN_RANGE[0] <= gain <= GAIN_RANGE[1]:
        return None
    return Change(cv2.bitwise_and(_changed(before, now, gain), valid), gain)


def _changed(before: MatLike, now: MatLike, gain: float) -> MatLike:
    """Where `now` lies outside what `before` shows within a pixel: a residual shift of a pixel is no change."""
    before = cv2.convertScaleAbs(before, alpha=gain, beta=16 - 16 * gain)
    kernel = np.ones((3, 3), np.uint8)
    above = cv2.subtract(now, cv2.dilate(before, kernel))
    below = cv2.subtract(cv2.erode(before, kernel), now)
    _, mask = cv2.threshold(cv2.max(above, below), CHANGE_LEVELS, 255, cv2.THRESH_BINARY)
    return cv2.medianBlur(mask, 3)
