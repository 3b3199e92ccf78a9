"""A printed badge that the teacher wears, front and back: a flat square that may be turned away from the lens."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.geometry import Floats, Stand
from followspot_sim.sprites import premultiplied
from followspot_sim.track import Facing

CELLS, BORDER_CELLS = 6, 1
"""Cells along the black square's side; the white border is one cell wide."""

FINEST_PX = 512
"""Side of the finest picture kept of it; coarser ones, each half of the one before, keep far badges free of aliases."""

PAPER, INK = 200, 32
"""Luma of white paper and black ink in the light of a room."""

BEFORE_BODY_M = 0.12
"""Chest and back lie this far from the body's axis."""

SIDEWAYS_DEG = 75.0
"""Somebody who walks across the view turns the chest away by this much."""


@dataclass(frozen=True, slots=True)
class Worn:
    """The badge at a moment: its middle above the floor, turned away from the lens by `yaw_deg`."""

    stand: Stand
    height_m: float
    yaw_deg: float
    azimuth_rate_dps: float = 0.0


class Badge:
    """Badge `number` of OpenCV's dictionary DICT_4X4_50 with black sides of `size_m`."""

    def __init__(self, number: int, size_m: float) -> None:
        self._side_m = size_m * (CELLS + 2 * BORDER_CELLS) / CELLS
        dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
        cells = cv2.aruco.generateImageMarker(dictionary, number, CELLS)
        cells = cv2.copyMakeBorder(cells, *(BORDER_CELLS,) * 4, cv2.BORDER_CONSTANT, value=(255,))
        inked = np.where(cells > 0, PAPER, INK).astype(np.uint8)
        luma: MatLike = cv2.resize(inked, (FINEST_PX, FINEST_PX), interpolation=cv2.INTER_NEAREST)
        grey, solid = np.full_like(luma, 128), np.full_like(luma, 255)
        picture = premultiplied(cv2.merge([luma, grey, grey]), solid)
        self._pictures = [picture]
        while picture.shape[0] > CELLS + 2 * BORDER_CELLS:
            picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            self._pictures.append(picture)

    def picture(self, side_px: float) -> MatLike:
        """Y, Cb, Cr and alpha, at least as fine as it appears with a side of `side_px`."""
        fine = [picture for picture in self._pictures if picture.shape[0] >= side_px]
        return fine[-1] if fine else self._pictures[0]

    def corners(self, worn: Worn) -> Floats:
        """Room points of its four corners: top left, top right, bottom right, bottom left."""
        half, yaw = self._side_m / 2, math.radians(worn.yaw_deg)
        lateral = np.array([-half, half, half, -half])
        height = worn.height_m + np.array([half, half, -half, -half])
        points = worn.stand.points(lateral * math.cos(yaw) + BEFORE_BODY_M * math.sin(yaw), height)
        azimuth = math.radians(worn.stand.azimuth_deg)
        away = np.array([math.sin(azimuth), 0.0, math.cos(azimuth)])
        depth = lateral * math.sin(yaw) - BEFORE_BODY_M * math.cos(yaw)
        return np.asarray(points + depth[:, None] * away)


def yaw_deg(facing: Facing) -> float:
    """How far the nearer of chest and back is turned away."""
    turned = {Facing.LEFT: -SIDEWAYS_DEG, Facing.RIGHT: SIDEWAYS_DEG}
    return turned.get(facing, 0.0)
