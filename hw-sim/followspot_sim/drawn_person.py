"""A person drawn by the program: front, back and side, standing, walking and writing."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.sprites import Sprite, from_bgra
from followspot_sim.track import Facing

STATURE_PX = 640
"""Height of a drawn figure: enough for a teacher two and a half metres from a 720-line camera."""

OVERSAMPLING = 2
"""Drawn larger and shrunk: soft edges."""

WIDTH_SHARE = 0.62
"""Width of the canvas, in shares of the stature: room for a step and a raised arm."""

SHADE_SHARE = 0.035
"""How far from its edge a limb is in full light, in shares of the stature."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Clothes:
    """Colours (B, G, R)."""

    skin: tuple[int, int, int] = (140, 172, 214)
    hair: tuple[int, int, int] = (32, 44, 66)
    top: tuple[int, int, int] = (120, 62, 44)
    legs: tuple[int, int, int] = (66, 58, 54)
    shoes: tuple[int, int, int] = (30, 30, 34)


TEACHER = Clothes()
STUDENTS = (
    Clothes(hair=(28, 30, 36), top=(70, 110, 60)),
    Clothes(hair=(70, 120, 170), top=(60, 60, 150)),
    Clothes(hair=(24, 40, 70), top=(160, 150, 140)),
    Clothes(hair=(40, 46, 50), top=(40, 130, 190)),
)


@lru_cache(maxsize=512)
def figure(facing: Facing, stride: float | None, writing: float | None, clothes: Clothes, stature_m: float) -> Sprite:
    """One pose. `stride`: phase of walking, 0 to 1, None when standing; `writing`: reach of the raised hand, 0 to 1."""
    canvas = _Canvas(clothes)
    swing = 0.0 if stride is None else math.sin(2 * math.pi * stride)
    if facing in (Facing.LEFT, Facing.RIGHT):
        _side(canvas, 0.0 if stride is None else stride, walking=stride is not None)
    else:
        _upright(canvas, swing, writing, back=facing is Facing.BACK)
    bgra = canvas.finished()
    return from_bgra(cv2.flip(bgra, 1) if facing is Facing.LEFT else bgra, stature_m)


@lru_cache(maxsize=1)
def _cloth(shape: tuple[int, int]) -> MatLike:
    """Weave and folds: how light or dark cloth is from point to point."""
    rng = np.random.default_rng(4)
    weave = cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (0, 0), 2)
    folds = cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (0, 0), 14, sigmaY=40)
    return np.asarray(1 + 0.03 * weave / weave.std() + 0.08 * folds / folds.std(), np.float32)


class _Canvas:
    """Draws shaded parts. Coordinates in shares of the stature: x from the axis, y from the top of the head."""

    def __init__(self, clothes: Clothes) -> None:
        self.clothes = clothes
        self._unit = STATURE_PX * OVERSAMPLING
        shape = (round(self._unit * 1.01), round(self._unit * WIDTH_SHARE))
        self._bgr = np.zeros((*shape, 3), np.float32)
        self._alpha = np.zeros(shape, np.uint8)
        self._texture = _cloth(shape)

    def limb(self, points: list[Point], width: float, colour: tuple[int, int, int]) -> None:
        """A bent limb of even thickness with round ends."""
        mask = np.zeros_like(self._alpha)
        cv2.polylines(mask, [self._pixels(points)], False, 255, round(width * self._unit), cv2.LINE_AA)
        self._paint(mask, colour)

    def shape(self, points: list[Point], colour: tuple[int, int, int]) -> None:
        """A filled outline."""
        mask = np.zeros_like(self._alpha)
        cv2.fillPoly(mask, [self._pixels(points)], 255, cv2.LINE_AA)
        self._paint(cv2.GaussianBlur(mask, (0, 0), 0.0025 * self._unit), colour)

    def oval(self, centre: Point, radii: Point, colour: tuple[int, int, int], arc: Point = (0, 360)) -> None:
        """A filled ellipse, or the part of it between two angles (degrees clockwise from the right)."""
        mask = np.zeros_like(self._alpha)
        axes = (round(radii[0] * self._unit), round(radii[1] * self._unit))
        middle = tuple(int(v) for v in self._pixels([centre])[0])
        cv2.ellipse(mask, middle, axes, 0, arc[0], arc[1], 255, -1, cv2.LINE_AA)
        self._paint(mask, colour)

    def finished(self) -> MatLike:
        """The figure as straight-alpha BGRA at its final size."""
        colour = np.clip(self._bgr, 0, 255).astype(np.uint8)
        size = (self._alpha.shape[1] // OVERSAMPLING, self._alpha.shape[0] // OVERSAMPLING)
        small = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
        return np.dstack([small, cv2.resize(self._alpha, size, interpolation=cv2.INTER_AREA)])

    def _pixels(self, points: list[Point]) -> MatLike:
        middle = self._alpha.shape[1] / 2
        return np.array([[round(middle + x * self._unit), round(y * self._unit)] for x, y in points], np.int32)

    def _paint(self, mask: MatLike, colour: tuple[int, int, int]) -> None:
        x, y, width, height = cv2.boundingRect(mask)
        window = slice(y, y + height), slice(x, x + width)
        part = mask[window]
        solid = cv2.threshold(cv2.copyMakeBorder(part, 1, 1, 1, 1, cv2.BORDER_CONSTANT), 127, 1, cv2.THRESH_BINARY)[1]
        depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3)[1:-1, 1:-1]
        light = 0.62 + 0.38 * np.sqrt(np.minimum(depth / (SHADE_SHARE * self._unit), 1))
        shaded = np.array(colour, np.float32) * (light * self._texture[window])[:, :, None]
        share = (part / np.float32(255))[:, :, None]
        self._bgr[window] = np.where(
            self._alpha[window][:, :, None] > 0, self._bgr[window] * (1 - share) + shaded * share, shaded
        )
        self._alpha[window] = np.maximum(self._alpha[window], part)


def _upright(canvas: _Canvas, swing: float, writing: float | None, *, back: bool) -> None:
    """Seen from the front or from behind; `swing` -1 to 1 lifts one foot or the other."""
    wear = canvas.clothes
    for side in (-1, 1):
        lift = max(0.0, side * swing) * 0.035
        canvas.limb([(side * 0.05, 0.5), (side * 0.054, 0.72 - lift), (side * 0.052, 0.94 - lift)], 0.082, wear.legs)
        canvas.oval((side * 0.058, 0.975 - lift * 0.7), (0.036, 0.024), wear.shoes)
    for side in (-1, 1):
        hand_forward = side * swing * 0.02
        if writing is not None and side == 1:
            hand = (0.16 + 0.05 * writing, 0.13 + 0.05 * writing)
            canvas.limb([(0.125, 0.215), (0.19, 0.27), hand], 0.052, wear.top)
            canvas.oval((hand[0], hand[1] - 0.02), (0.021, 0.026), wear.skin)
            continue
        canvas.limb([(side * 0.128, 0.215), (side * 0.155, 0.35), (side * 0.15, 0.465 - hand_forward)], 0.055, wear.top)
        canvas.oval((side * 0.15, 0.505 - hand_forward), (0.022, 0.032), wear.skin)
    canvas.shape([(-0.03, 0.1), (0.03, 0.1), (0.036, 0.19), (-0.036, 0.19)], wear.skin)
    right = [(0.035, 0.163), (0.118, 0.185), (0.148, 0.225), (0.112, 0.33), (0.1, 0.42), (0.108, 0.535)]
    canvas.shape([*right, *[(-x, y) for x, y in reversed(right)]], wear.top)
    _head(canvas, back=back)


def _head(canvas: _Canvas, *, back: bool) -> None:
    wear = canvas.clothes
    if back:
        canvas.oval((0.0, 0.066), (0.05, 0.066), wear.hair)
        return
    canvas.oval((0.0, 0.06), (0.052, 0.06), wear.hair)
    canvas.oval((0.0, 0.073), (0.043, 0.058), wear.skin)
    canvas.oval((0.0, 0.045), (0.046, 0.044), wear.hair, (180, 360))
    for side in (-1, 1):
        canvas.oval((side * 0.017, 0.068), (0.006, 0.004), (40, 40, 48))
        canvas.oval((side * 0.017, 0.059), (0.01, 0.003), wear.hair)
    canvas.oval((0.0, 0.083), (0.006, 0.008), tuple(round(v * 0.9) for v in wear.skin))  # type: ignore[arg-type]
    canvas.oval((0.0, 0.103), (0.014, 0.004), (96, 96, 160))


def _side(canvas: _Canvas, stride: float, *, walking: bool) -> None:
    """Seen from the side, going right."""
    wear = canvas.clothes
    for offset, shade in ((0.5, 0.72), (0.0, 1.0)):
        angle = math.sin(2 * math.pi * (stride + offset)) * (0.42 if walking else 0.0)
        lifted = max(0.0, math.cos(2 * math.pi * (stride + offset))) * (0.5 if walking else 0.0)
        _leg(canvas, angle, lifted, tuple(round(v * shade) for v in wear.legs))  # type: ignore[arg-type]
    arm = math.sin(2 * math.pi * (stride + 0.5)) * (0.45 if walking else 0.05)
    _arm(canvas, -arm, 0.75)
    canvas.shape([(-0.03, 0.1), (0.028, 0.11), (0.034, 0.19), (-0.036, 0.18)], wear.skin)
    outline = [(-0.03, 0.165), (0.035, 0.172), (0.062, 0.23), (0.068, 0.33), (0.062, 0.42), (0.066, 0.535)]
    canvas.shape([*outline, (-0.07, 0.535), (-0.062, 0.42), (-0.068, 0.28), (-0.058, 0.2)], wear.top)
    canvas.oval((-0.006, 0.064), (0.056, 0.064), wear.hair)
    canvas.oval((0.016, 0.076), (0.037, 0.055), wear.skin)
    canvas.shape([(0.048, 0.07), (0.066, 0.09), (0.047, 0.095)], wear.skin)
    canvas.oval((0.034, 0.068), (0.005, 0.005), (40, 40, 48))
    canvas.oval((0.006, 0.04), (0.05, 0.034), wear.hair, (180, 360))
    _arm(canvas, arm, 1.0)


def _leg(canvas: _Canvas, angle: float, lifted: float, colour: tuple[int, int, int]) -> None:
    knee = (0.22 * math.sin(angle + lifted * 0.5), 0.5 + 0.22 * math.cos(angle + lifted * 0.5))
    shin = angle - lifted
    ankle = (knee[0] + 0.225 * math.sin(shin), min(knee[1] + 0.225 * math.cos(shin), 0.945))
    canvas.limb([(0.0, 0.5), knee, ankle], 0.085, colour)
    canvas.oval((ankle[0] + 0.022, ankle[1] + 0.03), (0.052, 0.024), canvas.clothes.shoes)


def _arm(canvas: _Canvas, angle: float, shade: float) -> None:
    colour = tuple(round(v * shade) for v in canvas.clothes.top)
    elbow = (0.15 * math.sin(angle), 0.22 + 0.15 * math.cos(angle))
    wrist = (elbow[0] + 0.13 * math.sin(angle + 0.25), elbow[1] + 0.13 * math.cos(angle + 0.25))
    canvas.limb([(0.0, 0.22), elbow, wrist], 0.056, colour)  # type: ignore[arg-type]
    canvas.oval((wrist[0] + 0.005, wrist[1] + 0.025), (0.022, 0.03), canvas.clothes.skin)
