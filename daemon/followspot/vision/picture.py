"""The small picture that vision works on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.geometry import Aim, Lens

WIDTH = 320
"""A teacher five metres away is still 100 pixels tall in it, and every step costs well below a millisecond."""

SAME_LIGHT = 0.03
"""A change of light below this moves no colour to another bin."""


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """One picture, small: `luma` at analysis size, `colour` (Y, U, V) at half of it; and from where it was taken."""

    exposure_ns: int
    aim: Aim
    lens: Lens
    luma: MatLike
    colour: MatLike

    @classmethod
    def of(cls, frame: AnalysisFrame, aim: Aim, hfov_deg: float, *, sideways: bool = False) -> SmallPicture:
        """Shrink a frame; its planes are not kept."""
        rows, columns = frame.y.shape
        height = max(round(rows * WIDTH / columns / 2) * 2, 2)
        luma = cv2.resize(frame.y, (WIDTH, height), interpolation=cv2.INTER_LINEAR)
        half = (WIDTH // 2, height // 2)
        y = cv2.resize(luma, half, interpolation=cv2.INTER_LINEAR)
        u, v = (cv2.resize(plane, half, interpolation=cv2.INTER_LINEAR) for plane in (frame.u, frame.v))
        return cls(frame.exposure_ns, aim, Lens(WIDTH, height, hfov_deg, sideways), luma, cv2.merge([y, u, v]))

    def lit_colour(self, gain: float) -> MatLike:
        """`colour` as it would look in usual light, of which there is `gain` (0.8: a dip of 20 % is undone)."""
        if abs(gain - 1) < SAME_LIGHT:
            return self.colour
        y, u, v = cv2.split(self.colour)
        y = cv2.convertScaleAbs(y, alpha=1 / gain, beta=16 - 16 / gain)
        u, v = (cv2.convertScaleAbs(plane, alpha=1 / gain, beta=128 - 128 / gain) for plane in (u, v))
        return cv2.merge([y, u, v])


def turn(lens: Lens, before: Aim, now: Aim) -> MatLike:
    """The homography that carries pixels of a picture taken at `before` to where they appear at `now`."""
    focal, x, y = lens.focal_px, lens.width / 2 - 0.5, lens.height / 2 - 0.5
    camera = np.array([[focal, 0, x], [0, focal, y], [0, 0, 1]])
    rays = np.array([[1 / focal, 0, -x / focal], [0, 1 / focal, -y / focal], [0, 0, 1]])
    return np.asarray(camera @ _rotation(now) @ _rotation(before).T @ rays)


def _rotation(aim: Aim) -> MatLike:
    """From the base frame (x right, y down, z ahead) to the camera's."""
    pan, tilt = math.radians(aim.pan_deg), math.radians(aim.tilt_deg)
    about_vertical = np.array([[math.cos(pan), 0, -math.sin(pan)], [0, 1, 0], [math.sin(pan), 0, math.cos(pan)]])
    about_side = np.array([[1, 0, 0], [0, math.cos(tilt), math.sin(tilt)], [0, -math.sin(tilt), math.cos(tilt)]])
    return np.asarray(about_side @ about_vertical)
