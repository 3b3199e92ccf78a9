"""Flat people: pictures with alpha that stand upright in the room."""

from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

SOLID = 128
"""Alpha from here on counts as body."""

HEAD_SHARE = 0.12
"""The topmost share of a whole body that is surely head: the axis of the head is found there."""


@dataclass(frozen=True)
class Sprite:
    """A cut-out person.

    `yuva`: height x width x 4, BT.709 limited, colour already multiplied by alpha. Row 0 is the top of the head.
    `axis_px`: the column of the head's axis. `px_per_m`: scale in the room. `solid_px`: columns the body spans.
    """

    yuva: MatLike
    axis_px: float
    px_per_m: float
    solid_px: tuple[int, int]

    @property
    def height_m(self) -> float:
        """From the top of the head down to the picture's last row."""
        return float(self.yuva.shape[0] / self.px_per_m)

    def covers(self, lateral_m: MatLike, below_top_m: MatLike) -> MatLike:
        """Which points of its plane (metres right of its axis, metres below its top) are body."""
        height, width = self.yuva.shape[:2]
        column, row = lateral_m * self.px_per_m + self.axis_px, below_top_m * self.px_per_m
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        column, row = np.where(inside, column, 0).astype(int), np.where(inside, row, 0).astype(int)
        return np.asarray(inside & (self.yuva[row, column, 3] >= SOLID))


def from_bgra(bgra: MatLike, height_m: float) -> Sprite:
    """A sprite from a straight-alpha picture whose solid part is `height_m` tall in the room."""
    bgra = _trim(bgra)
    alpha = bgra[:, :, 3]
    return Sprite(
        yuva=premultiplied(yuv709(bgra[:, :, :3]), alpha),
        axis_px=head_axis(alpha),
        px_per_m=alpha.shape[0] / height_m,
        solid_px=_solid_columns(alpha),
    )


def top_part(sprite: Sprite, height_m: float) -> Sprite:
    """The sprite down to `height_m` below its top."""
    rows = min(round(height_m * sprite.px_per_m), sprite.yuva.shape[0])
    yuva = np.ascontiguousarray(sprite.yuva[:rows])
    return Sprite(yuva, sprite.axis_px, sprite.px_per_m, _solid_columns(yuva[:, :, 3]))


def head_axis(alpha: MatLike) -> float:
    """The mean column of what is solid in the topmost share of the picture."""
    head = alpha[: max(round(alpha.shape[0] * HEAD_SHARE), 1)] >= SOLID
    weight = head.sum(axis=0)
    return float((np.arange(len(weight)) + 0.5) @ weight / max(weight.sum(), 1))


def yuv709(bgr: MatLike) -> MatLike:
    """BT.709 limited-range Y, Cb, Cr (height x width x 3) of a BGR picture."""
    matrix = np.array(
        [
            [0.062007, 0.614231, 0.182586, 16.0],
            [0.439216, -0.338572, -0.100644, 128.0],
            [-0.040274, -0.398942, 0.439216, 128.0],
        ]
    )
    return cv2.transform(bgr, matrix)


def premultiplied(yuv: MatLike, alpha: MatLike) -> MatLike:
    """Y, Cb, Cr and alpha in one picture, colour multiplied by alpha."""
    spread = cv2.merge([alpha, alpha, alpha])
    return np.dstack([cv2.multiply(yuv, spread, scale=1 / 255), alpha])


def _solid_columns(alpha: MatLike) -> tuple[int, int]:
    columns = np.flatnonzero((alpha >= SOLID).any(axis=0))
    return int(columns[0]), int(columns[-1]) + 1


def _trim(bgra: MatLike) -> MatLike:
    rows = np.flatnonzero((bgra[:, :, 3] >= SOLID).any(axis=1))
    columns = np.flatnonzero((bgra[:, :, 3] >= SOLID // 8).any(axis=0))
    if not len(rows):
        raise ValueError("the picture has nothing solid in it")
    return np.ascontiguousarray(bgra[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
