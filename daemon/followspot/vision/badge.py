"""The printed badge: who wears it, in which direction, and how far away.

It is looked for at full resolution in the small region where it must be, and, while it is not seen, in one tile of the
picture after the other, so that a picture never costs much. For one thread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.belief import Estimate
from followspot.domain.geometry import NS_PER_S, Aim, Bearing, Lens, clamp
from followspot.domain.sighting import Sighting, SightingKind
from followspot.vision.tag import only

WANTED_PX = 32.0
"""The picture is shrunk or enlarged until the farthest tag that is expected has sides of this length."""
ENLARGE_AT_MOST = 2.0
"""Beyond this, enlarging shows nothing new."""
LEAST_PX = 14.0
"""Sides in the searched picture: a smaller square is not read, and passing over it saves half of the time."""
WINDOWS_PX = (7, 23)
"""The neighbourhoods that black and white are told by: a cell, and more than half a tag."""
FARTHEST_M = 6.0
"""A badge of unknown place is looked for up to this distance."""
TILE_PX = (480, 360)
"""No more than this is searched of one picture, after shrinking."""
FOLLOW_NS = NS_PER_S
"""A badge seen within this time is looked for where it was."""
SCAN_NS = NS_PER_S
"""After so long without it the expected place and the rest of the picture are searched in turn."""
WALK_MPS = 1.5
"""How fast its wearer leaves the place where it was seen."""
SIGMAS = 3.0
"""The expected place may be wrong by so many of its standard deviations."""
SLACK_M = 0.3
"""However sure the place is: badges hang higher or lower, and people bend."""
RANGE_SLACK = 1.3
"""However sure the distance is, it may be wrong by this factor."""
SIGMA_M = 0.07
"""The badge lies before or behind the body's axis, and swings."""
BEFORE_BODY_M = 0.1
"""Chest and back lie about this far from the body's axis, to which distances count."""
DISTANCE_SIGMA = 0.06
"""Error of ln(distance): two sides of a far tag, each wrong by some tenths of a pixel, always alike."""
NEAREST_M, BEYOND_M = 0.4, 15.0
"""Nearer or farther a square of paper is no badge on a teacher in the room."""

Corners = npt.NDArray[np.float64]
Region = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Badge:
    """The tag's number, and the length of its black square."""

    number: int
    size_m: float


@dataclass(frozen=True, slots=True)
class _Place:
    """Where it may be: a direction, give or take `reach_m` across at `distance_m`, give or take a factor."""

    bearing: Bearing
    distance_m: float
    reach_m: float
    factor: float


class BadgeFinder:
    """Looks for one badge in picture after picture."""

    def __init__(self, badge: Badge) -> None:
        self._badge, self._dictionary = badge, only(badge.number)
        self._seen: tuple[int, Bearing, float] | None = None
        self._begun_ns: int | None = None
        self._count = self._tiles = 0

    def look(self, frame: AnalysisFrame, lens: Lens, aim: Aim, estimate: Estimate | None) -> Sighting | None:
        """The badge in `frame`, which `lens` (in its pixels) took from `aim`; None where it is not seen."""
        self._count += 1
        place = self._expected(frame.exposure_ns, estimate)
        region, scale = self._tile(lens) if place is None else self._round(place, lens, aim)
        corners = self._detect(frame.y, region, scale)
        return None if corners is None else self._sighting(frame.exposure_ns, corners, lens, aim)

    def long_unseen(self, now_ns: int) -> bool:
        """Whether it was not seen for SCAN_NS."""
        seen_ns = self._begun_ns if self._seen is None else self._seen[0]
        return seen_ns is not None and now_ns - seen_ns > SCAN_NS

    def _expected(self, now_ns: int, estimate: Estimate | None) -> _Place | None:
        """Where it was just seen, else where the teacher is believed; None: look elsewhere this time."""
        if self._begun_ns is None or now_ns < self._begun_ns:
            self._begun_ns, self._seen = now_ns, None
        if self._seen is not None and 0 <= now_ns - self._seen[0] <= FOLLOW_NS:
            reach_m = SLACK_M + WALK_MPS * (now_ns - self._seen[0]) / NS_PER_S
            return _Place(self._seen[1], self._seen[2], reach_m, RANGE_SLACK)
        if estimate is None or (self.long_unseen(now_ns) and self._count % 2):
            return None
        reach_m = SLACK_M + math.radians(SIGMAS * estimate.azimuth_sigma_deg) * estimate.distance_m
        factor = max(math.exp(min(2 * estimate.distance_sigma, 1.0)), RANGE_SLACK)
        return _Place(estimate.chest, estimate.distance_m, reach_m, factor)

    def _round(self, place: _Place, lens: Lens, aim: Aim) -> tuple[Region, float]:
        """The region round a place, and the scale to search it at."""
        x, y = lens.project(place.bearing, aim)
        per_m = lens.focal_px / place.distance_m
        scale = min(WANTED_PX / (self._badge.size_m * per_m / place.factor), ENLARGE_AT_MOST)
        across = place.reach_m * per_m + 0.75 * self._badge.size_m * per_m * place.factor
        down = (SLACK_M + 0.75 * self._badge.size_m * place.factor) * per_m
        half = min(across, TILE_PX[0] / scale / 2), min(down, TILE_PX[1] / scale / 2)
        return _clipped((x - half[0], y - half[1], x + half[0], y + half[1]), lens), scale

    def _tile(self, lens: Lens) -> tuple[Region, float]:
        """The next tile of the whole picture; tiles overlap by the largest tag that fits into two of them."""
        farthest_px = self._badge.size_m * lens.focal_px / FARTHEST_M
        scale = min(2 * LEAST_PX / 1.4 / farthest_px, 1.0)
        columns, rows = (
            _starts(size, tile / scale) for size, tile in zip((lens.width, lens.height), TILE_PX, strict=True)
        )
        number, self._tiles = self._tiles % (len(columns) * len(rows)), self._tiles + 1
        left, top = columns[number % len(columns)], rows[number // len(columns)]
        return _clipped((left, top, left + TILE_PX[0] / scale, top + TILE_PX[1] / scale), lens), scale

    def _detect(self, luma: MatLike, region: Region, scale: float) -> Corners | None:
        """The tag's corners in the whole picture's pixels, from its own top left clockwise."""
        x, y, width, height = region
        if min(width, height) * scale < LEAST_PX:
            return None
        size = (round(width * scale), round(height * scale))
        way = cv2.INTER_AREA if scale < 0.75 else cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
        part = luma[y : y + height, x : x + width]
        if size != (width, height):
            part = cv2.resize(part, size, interpolation=way)
        found, _, _ = self._detector(size).detectMarkers(np.ascontiguousarray(part))
        if not found:
            return None
        best = max(found, key=lambda corners: cv2.contourArea(corners))
        ratio = np.array([width / size[0], height / size[1]])
        return np.asarray((best.reshape(4, 2) + 0.5) * ratio + [x, y], np.float64)

    def _detector(self, size: tuple[int, int]) -> cv2.aruco.ArucoDetector:
        parameters = cv2.aruco.DetectorParameters()
        parameters.adaptiveThreshWinSizeMin, parameters.adaptiveThreshWinSizeMax = WINDOWS_PX
        parameters.adaptiveThreshWinSizeStep = WINDOWS_PX[1] - WINDOWS_PX[0]
        parameters.minMarkerPerimeterRate = 4 * LEAST_PX / max(size)
        parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        parameters.errorCorrectionRate = 0.0
        return cv2.aruco.ArucoDetector(self._dictionary, parameters)

    def _sighting(self, exposure_ns: int, corners: Corners, lens: Lens, aim: Aim) -> Sighting | None:
        x, y = _middle(corners)
        bearing = lens.unproject(x, y, aim)
        depth_m = self._badge.size_m * lens.focal_px / _side_px(corners)
        distance_m = depth_m * _ground_per_depth(x, y, lens, aim) + BEFORE_BODY_M
        if not NEAREST_M <= distance_m <= BEYOND_M:
            return None
        self._seen = (exposure_ns, bearing, distance_m)
        return Sighting(
            exposure_ns,
            SightingKind.BADGE,
            1.0,
            bearing.azimuth_deg,
            math.degrees(SIGMA_M / distance_m),
            distance_m=distance_m,
            distance_sigma=DISTANCE_SIGMA,
            chest_deg=bearing.elevation_deg,
        )


def _middle(corners: Corners) -> tuple[float, float]:
    """Where the diagonals cross: the square's middle in perspective."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    cross = (cx - ax) * (dy - by) - (cy - ay) * (dx - bx)
    share = ((bx - ax) * (dy - by) - (by - ay) * (dx - bx)) / cross
    return float(ax + share * (cx - ax)), float(ay + share * (cy - ay))


def _side_px(corners: Corners) -> float:
    """The length of the sides that turning away does not shorten: the longer of both pairs' means."""
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return float(max((sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2))


def _ground_per_depth(x: float, y: float, lens: Lens, aim: Aim) -> float:
    """Distance over the ground for each metre along the optical axis, at pixel (x, y)."""
    tilt = math.radians(aim.tilt_deg)
    ahead = math.cos(tilt) - (lens.height / 2 - y) / lens.focal_px * math.sin(tilt)
    return math.hypot((x - lens.width / 2) / lens.focal_px, ahead)


def _starts(size: int, tile: float) -> Sequence[float]:
    """Where tiles begin that cover `size` and overlap by a quarter at least."""
    if tile >= size:
        return (0.0,)
    count = math.ceil((size - tile) / (0.75 * tile)) + 1
    return tuple(number * (size - tile) / (count - 1) for number in range(count))


def _clipped(edges: tuple[float, float, float, float], lens: Lens) -> Region:
    left, right = (int(clamp(edge, 0, lens.width)) for edge in edges[::2])
    top, bottom = (int(clamp(edge, 0, lens.height)) for edge in edges[1::2])
    return left, top, right - left, bottom - top
