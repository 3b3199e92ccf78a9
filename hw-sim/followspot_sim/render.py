"""One camera picture: the room through the lens at a pan and tilt, and the people who stand in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.badge import Badge, Worn
from followspot_sim.geometry import Floats, Lens, Stand
from followspot_sim.panorama import Panorama
from followspot_sim.sprites import Sprite

MAP_STEPS_PX = (20, 16, 10, 8, 4)
"""The sampling map is computed this coarsely and enlarged: between its nodes it is straight to 0.03 pixels."""

FIDUCIAL_DIAMETER_SHARE = 0.04
"""Of the picture's height."""

MAGENTA_YUV = (78, 214, 230)
"""R255 G0 B255 in BT.709 limited range."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A sprite in the room: its top above the floor, how fast its bearing turns, and the badge it wears, if any."""

    sprite: Sprite
    stand: Stand
    top_m: float
    azimuth_rate_dps: float = 0.0
    badge: Badge | None = None
    worn: Worn | None = None

    def corners(self) -> Floats:
        """Room points of its four corners: top left, top right, bottom right, bottom left."""
        height, width = self.sprite.yuva.shape[:2]
        left, right = -self.sprite.axis_px, width - self.sprite.axis_px
        lateral = np.array([left, right, right, left]) / self.sprite.px_per_m
        bottom_m = self.top_m - height / self.sprite.px_per_m
        return self.stand.points(lateral, np.array([self.top_m, self.top_m, bottom_m, bottom_m]))


@dataclass(frozen=True, slots=True)
class Shot:
    """How a picture is taken."""

    pan_deg: float
    tilt_deg: float
    pan_rate_dps: float
    tilt_rate_dps: float
    exposure_s: float
    light: float = 1.0


@dataclass(frozen=True, slots=True)
class Picture:
    """An I420 picture in one buffer, and its planes as views."""

    buffer: MatLike
    luma: MatLike
    blue: MatLike
    red: MatLike

    @classmethod
    def empty(cls, width: int, height: int) -> "Picture":
        """A new picture with undefined content."""
        buffer = np.empty(width * height * 3 // 2, np.uint8)
        pixels = width * height
        blue, red = buffer[pixels : pixels * 5 // 4], buffer[pixels * 5 // 4 :]
        half = (height // 2, width // 2)
        return cls(buffer, buffer[:pixels].reshape(height, width), blue.reshape(half), red.reshape(half))


class Renderer:
    """Takes pictures of one room through one lens. For one thread."""

    def __init__(self, lens: Lens, room: Panorama) -> None:
        self._lens = lens
        self._room = room
        self._step = next(step for step in MAP_STEPS_PX if lens.width % step == 0 and lens.height % step == 0)
        columns, rows = (np.arange(-1, size // self._step + 1) + 0.5 for size in (lens.width, lens.height))
        self._grid = np.meshgrid(columns * self._step, rows * self._step)

    def take(self, shot: Shot, people: Sequence[Placed]) -> Picture:
        """The picture with `people` drawn in their order, so the farthest must come first."""
        picture = Picture.empty(self._lens.width, self._lens.height)
        self._background(picture, shot)
        for person in people:
            self._draw(picture, shot, person)
            if person.badge is not None and person.worn is not None:
                self._pin(picture, shot, person.badge, person.worn)
        if shot.light != 1.0:
            picture.luma[:] = cv2.convertScaleAbs(picture.luma, alpha=shot.light, beta=16 * (1 - shot.light))
        return picture

    def _pin(self, picture: Picture, shot: Shot, badge: Badge, worn: Worn) -> None:
        """Draw a badge in perspective."""
        corners = self._lens.project(badge.corners(worn), shot.pan_deg, shot.tilt_deg)
        box = _even_box(corners, self._lens)
        if box is None:
            return
        x, y, width, height = box
        yuva = badge.picture(float(np.ptp(corners[:, 1])))
        side = yuva.shape[0]
        source = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32) - 0.5
        target = (corners - [x, y] - 0.5).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(source, target)
        patch = cv2.warpPerspective(yuva, matrix, (width, height), flags=cv2.INTER_LINEAR)
        self._lay(picture, box, _blur(patch, self._smear_px(shot, worn.azimuth_rate_dps)))

    def _background(self, picture: Picture, shot: Shot) -> None:
        azimuth, tangent = self._lens.look(self._grid[0], self._grid[1], shot.tilt_deg)
        x, y = self._room.map(azimuth + np.radians(shot.pan_deg), tangent)
        smear = self._smear_px(shot, 0.0)
        luma = self._sample(self._room.luma, x - 0.5, y - 0.5, self._step)
        chroma = self._sample(self._room.chroma, x / 2 - 0.5, y / 2 - 0.5, self._step // 2)
        _blur(luma, smear, picture.luma)
        picture.blue[:], picture.red[:] = cv2.split(_blur(chroma, (smear[0] / 2, smear[1] / 2)))

    def _sample(self, plane: MatLike, x: MatLike, y: MatLike, step: int) -> MatLike:
        """Look the plane up at a coarse map with a margin of one cell, enlarged `step` times."""
        across, down = (
            cv2.resize(nodes, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)[step:-step, step:-step]
            for nodes in (x, y)
        )
        return cv2.remap(plane, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    def _smear_px(self, shot: Shot, azimuth_rate_dps: float) -> tuple[float, float]:
        px_per_deg = np.radians(self._lens.focal_px) * shot.exposure_s
        across = abs(shot.pan_rate_dps - azimuth_rate_dps) * px_per_deg
        return float(across), float(abs(shot.tilt_rate_dps) * px_per_deg)

    def _draw(self, picture: Picture, shot: Shot, person: Placed) -> None:
        corners = self._lens.project(person.corners(), shot.pan_deg, shot.tilt_deg)
        box = _even_box(corners, self._lens)
        if box is None:
            return
        x, y, width, height = box
        rows, columns = person.sprite.yuva.shape[:2]
        source = np.array([[0, 0], [columns, 0], [0, rows]], np.float32) - 0.5
        target = (corners[[0, 1, 3]] - [x, y] - 0.5).astype(np.float32)
        matrix = cv2.getAffineTransform(source, target)
        patch = cv2.warpAffine(person.sprite.yuva, matrix, (width, height), flags=cv2.INTER_LINEAR)
        self._lay(picture, box, _blur(patch, self._smear_px(shot, person.azimuth_rate_dps)))

    def _lay(self, picture: Picture, box: tuple[int, int, int, int], patch: MatLike) -> None:
        """Lay a patch of Y, Cb, Cr and alpha over the picture."""
        x, y, width, height = box
        small = cv2.resize(patch, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        luma, _, _, alpha = cv2.split(patch)
        _, blue, red, small_alpha = cv2.split(small)
        _lay(picture.luma[y : y + height, x : x + width], luma, alpha)
        half = (slice(y // 2, (y + height) // 2), slice(x // 2, (x + width) // 2))
        _lay(picture.blue[half], blue, small_alpha)
        _lay(picture.red[half], red, small_alpha)


def paint_fiducial(picture: Picture, x: float, y: float) -> None:
    """A pure magenta disc over everything else, centred on picture coordinates `x`, `y`."""
    height, width = picture.luma.shape
    radius = height * FIDUCIAL_DIAMETER_SHARE / 2
    if not (-radius < x < width + radius and -radius < y < height + radius):
        return
    planes = (picture.luma, 1), (picture.blue, 2), (picture.red, 2)
    for (plane, shrink), value in zip(planes, MAGENTA_YUV, strict=True):
        rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
        top, left = (max(int((at - radius) / shrink) - 1, 0) for at in (y, x))
        window = slice(top, int((y + radius) / shrink) + 2), slice(left, int((x + radius) / shrink) + 2)
        across = (columns[:, window[1]] + 0.5) * shrink - x
        down = (rows[window[0]] + 0.5) * shrink - y
        plane[window][across**2 + down**2 <= radius**2] = value


def extent(placed: Placed, lens: Lens, shot: Shot) -> tuple[float, float, float, float] | None:
    """x, y, width, height of the sprite's solid part in the picture; None when it is not before the camera."""
    corners = lens.project(placed.corners(), shot.pan_deg, shot.tilt_deg)
    if np.isnan(corners).any():
        return None
    share = np.array(placed.sprite.solid_px)[:, None] / placed.sprite.yuva.shape[1]
    edges = corners[0] + (corners[1] - corners[0]) * share
    top, bottom = corners[:2, 1].min(), corners[2:, 1].max()
    return float(edges[0, 0]), float(top), float(edges[1, 0] - edges[0, 0]), float(bottom - top)


def _even_box(corners: Floats, lens: Lens) -> tuple[int, int, int, int] | None:
    """The part of the picture that the corners span, on even pixels; None when there is none."""
    if np.isnan(corners).any():
        return None
    low = np.floor(corners.min(axis=0) / 2).clip(0) * 2
    high = (np.ceil(corners.max(axis=0) / 2) * 2).clip(None, [lens.width, lens.height])
    x, y, width, height = int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])
    return (x, y, width, height) if width > 0 and height > 0 else None


def _lay(under: MatLike, over: MatLike, alpha: MatLike) -> None:
    """Lay a patch, already multiplied by its alpha, over part of a plane."""
    cv2.add(cv2.multiply(under, cv2.bitwise_not(alpha), scale=1 / 255), over, dst=under)


def _blur(plane: MatLike, smear_px: tuple[float, float], target: MatLike | None = None) -> MatLike:
    """The mean over a smear of this many pixels across and down, into `target` when given."""
    across, down = (2 * round((smear - 1) / 2) + 1 if smear >= 2 else 1 for smear in smear_px)
    if (across, down) != (1, 1):
        return cv2.blur(plane, (across, down), dst=target)
    if target is None:
        return plane
    target[:] = plane
    return target
