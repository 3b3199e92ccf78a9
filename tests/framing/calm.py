"""How calmly the recorded view moves, in pixels of the recorded picture, while the teacher stands and while she walks.

The view's middle is followed over the room, by the camera's true pose: what a viewer sees move is the room. Its second
difference is in px/frame², its third in px/frame³; figures are the root mean square over frames, both axes together.
"""

import math
from dataclasses import dataclass

import numpy as np

from followspot.domain.geometry import Lens
from framing.virtual_lesson import FRAME_NS, Judged

STANDS_BELOW_MPS, WALKS_ABOVE_MPS = 0.1, 0.4
"""Across the view, by the truth; what lies between belongs to neither."""
AROUND = 22
"""She stands where she has not moved for so many frames before and after: 0.7 s, as long as the view looks ahead."""


@dataclass(frozen=True)
class Calm:
    """RMS of the second and third difference while she stands and while she walks; nan where she never does."""

    stands_2: float
    stands_3: float
    walks_2: float
    walks_3: float


def calm(lesson: Judged, lens: Lens, width: int) -> Calm:
    """Judge the views of a lesson, recorded `width` pixels wide."""
    path = _path(lesson, lens, width)
    speed = _speed(lesson)
    second, third = (np.linalg.norm(np.diff(path, order, axis=0), axis=1) for order in (2, 3))
    padded = np.pad(speed, AROUND, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1)
    stands = around.max(axis=1) < STANDS_BELOW_MPS
    walks = speed > WALKS_ABOVE_MPS
    return Calm(
        _rms(second[stands[1:-1]]), _rms(third[stands[1:-2]]), _rms(second[walks[1:-1]]), _rms(third[walks[1:-2]])
    )


def _path(lesson: Judged, lens: Lens, width: int) -> np.ndarray:
    """Where the view's middle points, as pixels of the picture: angles by the scale in its middle, added up."""
    angles, scales = [], []
    for view, aim in zip(lesson.views, lesson.aims, strict=True):
        bearing = lens.unproject(*view.crop.centre, aim)
        angles.append((math.radians(bearing.azimuth_deg), math.radians(bearing.elevation_deg)))
        scales.append(lens.focal_px * width / view.crop.width)
    steps = np.diff(np.unwrap(np.array(angles), axis=0), axis=0) * np.array(scales)[1:, None]
    return np.cumsum(np.vstack((np.zeros((1, 2)), steps)), axis=0)


def _speed(lesson: Judged) -> np.ndarray:
    """Her speed across the view, m/s, frame by frame."""
    azimuth = np.unwrap(np.radians([truth.azimuth_deg for truth in lesson.truths]))
    distance = np.array([truth.distance_m for truth in lesson.truths])
    smooth = np.convolve(np.pad(azimuth, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    return np.abs(np.gradient(smooth) * distance / (FRAME_NS / 1e9))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else math.nan
