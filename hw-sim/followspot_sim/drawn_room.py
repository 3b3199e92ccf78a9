"""A classroom drawn by the program: four walls, floor and ceiling, seen from the dock as a cylinder."""

from collections.abc import Iterator

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.geometry import LENS_HEIGHT_M
from followspot_sim.panorama import Panorama, from_bgr

SIDE_M, FRONT_M, REAR_M, CEILING_M = 5.2, 6.0, 4.0, 3.0
"""From the dock to the walls, and from the floor to the ceiling."""

PX_PER_M = 170
"""Detail of the walls: as fine as the panorama shows the front wall."""

PX_PER_DEG, HALF_WIDTH_DEG, HALF_HEIGHT_DEG = 19.0, 110.0, 36.0

Colour = tuple[int, int, int]
WALL: Colour = (196, 208, 214)
WOOD: Colour = (72, 104, 142)
BOARD: Colour = (62, 84, 44)
CHALK: Colour = (206, 216, 212)


def draw(seed: int) -> Panorama:
    """The room; `seed` moves books, marks and grain."""
    rng = np.random.default_rng([seed, 11])
    focal = np.rad2deg(PX_PER_DEG)
    width, height = round(2 * HALF_WIDTH_DEG * PX_PER_DEG), round(2 * np.tan(np.radians(HALF_HEIGHT_DEG)) * focal)
    azimuth = ((np.arange(width) + 0.5) - width / 2) / focal
    tangent = (height / 2 - (np.arange(height) + 0.5)) / focal
    strip, reach_m = _along_walls(azimuth)
    top = reach_m[None, :] * tangent[:, None] + LENS_HEIGHT_M
    x = np.broadcast_to((strip * PX_PER_M).astype(np.float32), (height, width))
    y = ((CEILING_M - top) * PX_PER_M).astype(np.float32)
    picture = cv2.remap(_walls(rng), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    for surface, rise_m in ((_floor(rng), -LENS_HEIGHT_M), (_ceiling(), CEILING_M - LENS_HEIGHT_M)):
        rows = np.flatnonzero(tangent * rise_m > 0)
        seen = _flat(surface, azimuth, tangent[rows], rise_m)
        beyond = (top[rows] < 0) if rise_m < 0 else (top[rows] > CEILING_M)
        picture[rows] = np.where(beyond[:, :, None], seen, picture[rows])
    grain = rng.normal(0, 2.0, (height, width, 1)).astype(np.float32)
    return from_bgr(np.clip(picture + grain, 0, 255).astype(np.uint8), "cylindrical", 2 * HALF_WIDTH_DEG)


def _along_walls(azimuth: MatLike) -> tuple[MatLike, MatLike]:
    """Per direction: metres along the unrolled walls (left, front, right), and the horizontal distance to the wall."""
    sine, cosine = np.sin(azimuth), np.cos(azimuth)
    to_side = SIDE_M / np.maximum(np.abs(sine), 1e-9)
    to_front = np.where(cosine > 0, FRONT_M / np.maximum(cosine, 1e-9), np.inf)
    reach = np.minimum(to_side, to_front)
    length = REAR_M + FRONT_M
    on_side = np.where(sine < 0, REAR_M + cosine * reach, length + 2 * SIDE_M + FRONT_M - cosine * reach)
    return np.where(to_front <= to_side, length + SIDE_M + sine * reach, on_side), reach


def _flat(surface: MatLike, azimuth: MatLike, tangent: MatLike, rise_m: float) -> MatLike:
    reach = rise_m / tangent[:, None]
    x = (reach * np.sin(azimuth)[None, :] + SIDE_M) * PX_PER_M
    y = (reach * np.cos(azimuth)[None, :] + REAR_M) * PX_PER_M
    return cv2.remap(
        surface, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )


def _walls(rng: np.random.Generator) -> MatLike:
    length_m = 2 * (REAR_M + FRONT_M) + 2 * SIDE_M
    walls = np.empty((round(CEILING_M * PX_PER_M), round(length_m * PX_PER_M), 3), np.uint8)
    walls[:] = WALL
    left, front, right = 0.0, REAR_M + FRONT_M, REAR_M + FRONT_M + 2 * SIDE_M
    _box(walls, 0, 0.0, length_m, 0.1, (96, 116, 134))
    _shelves(walls, rng, left + REAR_M + 1.2, 2.6)
    _posters(walls, rng, left + REAR_M + 4.2)
    _chalkboard(walls, rng, front + SIDE_M)
    _door(walls, front + SIDE_M + 3.3)
    _clock(walls, front + SIDE_M + 2.75)
    _posters(walls, rng, front + SIDE_M - 4.4)
    for start in (1.4, 3.6, 5.8):
        _window(walls, rng, right + start - 1.0)
    noise = cv2.GaussianBlur(rng.normal(0, 1, walls.shape[:2]).astype(np.float32), (0, 0), 6)
    light = np.linspace(1.04, 0.86, walls.shape[0])[:, None] * (1 + 0.25 * noise)
    for corner_m in (front, right):
        distance = np.abs(np.arange(walls.shape[1]) / PX_PER_M - corner_m)
        light = light * (1 - 0.2 * np.exp(-distance / 0.35))[None, :]
    return np.clip(walls * light[:, :, None], 0, 255).astype(np.uint8)


def _box(wall: MatLike, left_m: float, bottom_m: float, width_m: float, height_m: float, colour: Colour) -> None:
    """A filled rectangle, metres along the wall and above the floor."""
    top = round((CEILING_M - bottom_m - height_m) * PX_PER_M)
    left, right = round(left_m * PX_PER_M), round((left_m + width_m) * PX_PER_M)
    wall[top : round((CEILING_M - bottom_m) * PX_PER_M), left:right] = colour


def _pixel(x_m: float, height_m: float) -> tuple[int, int]:
    return round(x_m * PX_PER_M), round((CEILING_M - height_m) * PX_PER_M)


def _chalkboard(wall: MatLike, rng: np.random.Generator, middle_m: float) -> None:
    _box(wall, middle_m - 2.3, 0.82, 4.6, 1.5, WOOD)
    _box(wall, middle_m - 2.24, 0.88, 4.48, 1.38, BOARD)
    _box(wall, middle_m - 2.3, 0.78, 4.6, 0.05, (110, 140, 170))
    _box(wall, middle_m - 0.01, 0.88, 0.02, 1.38, (48, 66, 36))
    writing = ["f(x) = ax + bx + c", "x = -b/2a", "y' = 2ax + b", "area = gh / 2", "s = n(n + 1) / 2", "v = s / t"]
    for number, text in enumerate(rng.permutation(writing)):
        left = middle_m - 2.12 + (number % 2) * 2.25
        origin = _pixel(left + float(rng.uniform(0, 0.08)), 1.95 - (number // 2) * 0.36)
        cv2.putText(wall, str(text), origin, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.15, CHALK, 2, cv2.LINE_AA)
    triangle = np.array([_pixel(middle_m + x, y) for x, y in ((1.6, 0.98), (2.1, 0.98), (1.6, 1.27))], np.int32)
    cv2.polylines(wall, [triangle], True, CHALK, 3, cv2.LINE_AA)


def _door(wall: MatLike, left_m: float) -> None:
    _box(wall, left_m, 0.0, 1.14, 2.14, (120, 130, 138))
    _box(wall, left_m + 0.07, 0.0, 1.0, 2.07, (88, 126, 166))
    for bottom_m in (0.25, 1.2):
        _box(wall, left_m + 0.22, bottom_m, 0.7, 0.7, (78, 114, 152))
    cv2.circle(wall, _pixel(left_m + 0.98, 1.03), 7, (60, 66, 70), -1, cv2.LINE_AA)


def _clock(wall: MatLike, middle_m: float) -> None:
    middle = _pixel(middle_m, 2.45)
    cv2.circle(wall, middle, 27, (60, 60, 60), -1, cv2.LINE_AA)
    cv2.circle(wall, middle, 23, (236, 240, 240), -1, cv2.LINE_AA)
    cv2.line(wall, middle, (middle[0] + 9, middle[1] - 8), (40, 40, 40), 3, cv2.LINE_AA)
    cv2.line(wall, middle, (middle[0] - 3, middle[1] - 18), (40, 40, 40), 2, cv2.LINE_AA)


def _paint(rng: np.random.Generator, low: int, high: int) -> Colour:
    """Any colour but the fiducial's magenta: green is never the least of the three."""
    blue, green, red = (int(value) for value in rng.integers(low, high, 3))
    return blue, max(green, min(blue, red)), red


def _posters(wall: MatLike, rng: np.random.Generator, left_m: float) -> None:
    for number in range(2):
        x = left_m + 0.75 * number
        _box(wall, x, 1.35, 0.62, 0.85, (230, 236, 238))
        _box(wall, x + 0.05, 1.62, 0.52, 0.53, _paint(rng, 60, 200))
        cv2.circle(wall, _pixel(x + 0.31, 1.9), 26, _paint(rng, 40, 230), -1, cv2.LINE_AA)
        for line in range(4):
            _box(wall, x + 0.07, 1.56 - 0.05 * line, float(rng.uniform(0.25, 0.46)), 0.016, (120, 120, 120))


def _shelves(wall: MatLike, rng: np.random.Generator, left_m: float, width_m: float) -> None:
    _box(wall, left_m - 0.05, 0.0, width_m + 0.1, 2.0, (62, 88, 120))
    for shelf in range(5):
        bottom_m = 0.08 + shelf * 0.38
        _box(wall, left_m, bottom_m, width_m, 0.34, (44, 62, 84))
        for x_m, book_m in _books(rng, width_m):
            _box(wall, left_m + x_m, bottom_m, book_m, float(rng.uniform(0.2, 0.31)), _paint(rng, 40, 190))


def _books(rng: np.random.Generator, width_m: float) -> Iterator[tuple[float, float]]:
    x_m = 0.02
    while x_m < width_m - 0.1:
        book_m = float(rng.uniform(0.025, 0.07))
        if rng.random() < 0.85:
            yield x_m, book_m
        x_m += book_m + 0.004


def _window(wall: MatLike, rng: np.random.Generator, left_m: float) -> None:
    _box(wall, left_m - 0.08, 0.9, 1.76, 1.66, (226, 230, 232))
    top, bottom = _pixel(0, 2.48)[1], _pixel(0, 0.98)[1]
    left, right = round(left_m * PX_PER_M), round((left_m + 1.6) * PX_PER_M)
    fade = np.linspace(0, 1, bottom - top)[:, None, None]
    wall[top:bottom, left:right] = (232, 206, 172) * (1 - fade) + np.array((236, 228, 216)) * fade
    glass = wall[top:bottom, left:right]
    for _ in range(26):
        centre = (int(rng.integers(0, right - left)), int(rng.integers(round((bottom - top) * 0.62), bottom - top)))
        green = int(rng.integers(90, 150))
        cv2.circle(glass, centre, int(rng.integers(10, 28)), (green // 2, green, green // 2 + 20), -1, cv2.LINE_AA)
    _box(wall, left_m + 0.77, 0.98, 0.06, 1.5, (214, 220, 222))
    _box(wall, left_m - 0.14, 0.84, 1.88, 0.07, (206, 212, 214))


def _floor(rng: np.random.Generator) -> MatLike:
    rows, columns = round((REAR_M + FRONT_M) * PX_PER_M), round(2 * SIDE_M * PX_PER_M)
    plank_px = round(0.16 * PX_PER_M)
    tone = np.repeat(rng.uniform(0.82, 1.08, columns // plank_px + 1), plank_px)[:columns]
    grain = cv2.GaussianBlur(rng.normal(0, 1, (rows, columns)).astype(np.float32), (0, 0), 1.5, sigmaY=30)
    light = tone[None, :] * (1 + 0.05 * grain / grain.std())
    light[:, ::plank_px] *= 0.7
    return np.asarray(np.clip(np.array((104, 142, 178)) * light[:, :, None], 0, 255), np.uint8)


def _ceiling() -> MatLike:
    rows, columns = round((REAR_M + FRONT_M) * PX_PER_M), round(2 * SIDE_M * PX_PER_M)
    ceiling = np.full((rows, columns, 3), (214, 220, 222), np.uint8)
    tile = round(0.6 * PX_PER_M)
    ceiling[::tile], ceiling[:, ::tile] = (176, 182, 184), (176, 182, 184)
    for row in range(2 * tile, rows - tile, 4 * tile):
        for column in range(2 * tile, columns - 2 * tile, 5 * tile):
            ceiling[row : row + tile, column : column + 2 * tile] = (250, 252, 252)
    return ceiling
