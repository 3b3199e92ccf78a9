"""Parts of the room that the camera keeps off: rectangles of azimuth and elevation in the dock's base frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from followspot.domain.geometry import Aim, Bearing, Lens, clamp, wrap_deg
from followspot.domain.view import Rect

HALVINGS = 12
"""A curve of equal elevation is found on the sensor to a fraction of a pixel."""
ABEAM_DEG = 90.0
"""Whatever is this far to the side of the optical axis is in no picture."""


@dataclass(frozen=True, slots=True)
class Zone:
    """From left to right and from bottom to top, degrees; left < right, bottom < top."""

    left_deg: float
    right_deg: float
    bottom_deg: float
    top_deg: float

    @property
    def width_deg(self) -> float:
        """Its extent in azimuth."""
        return self.right_deg - self.left_deg

    @property
    def height_deg(self) -> float:
        """Its extent in elevation."""
        return self.top_deg - self.bottom_deg

    def holds(self, bearing: Bearing) -> bool:
        """Whether the direction lies inside."""
        from_left = (bearing.azimuth_deg - self.left_deg) % 360
        return from_left < self.width_deg and self.bottom_deg < bearing.elevation_deg < self.top_deg

    def grown(self, sideways_deg: float, upwards_deg: float) -> Zone:
        """The same with a margin all round."""
        return Zone(
            self.left_deg - sideways_deg,
            self.right_deg + sideways_deg,
            self.bottom_deg - upwards_deg,
            self.top_deg + upwards_deg,
        )

    def nearest(self, bearing: Bearing) -> Bearing:
        """The direction inside that is nearest to `bearing`."""
        middle = (self.left_deg + self.right_deg) / 2
        off = clamp(wrap_deg(bearing.azimuth_deg - middle), -self.width_deg / 2, self.width_deg / 2)
        return Bearing(wrap_deg(middle + off), clamp(bearing.elevation_deg, self.bottom_deg, self.top_deg))

    def on_sensor(self, lens: Lens, aim: Aim) -> Iterator[Rect]:
        """Rectangles of the picture taken from `aim` outside of which nothing of the zone is seen."""
        if not _looks_ahead(lens, aim):
            yield Rect(0.0, 0.0, lens.width, lens.height)
            return
        left = wrap_deg(self.left_deg - aim.pan_deg)
        for start in (left, left - 360.0):
            end = start + self.width_deg
            if end <= -ABEAM_DEG or start >= ABEAM_DEG:
                continue
            first = max(min(_columns(lens, aim, start)), 0.0)
            last = min(max(_columns(lens, aim, end)), float(lens.width))
            if first >= last:
                continue
            top = _row(lens, aim, self.top_deg, highest=True)
            bottom = _row(lens, aim, self.bottom_deg, highest=False)
            if top < bottom:
                yield Rect(first, top, last - first, bottom - top)


def _looks_ahead(lens: Lens, aim: Aim) -> bool:
    """Whether zenith and nadir are out of the picture: only then every edge has one place on each line of it."""
    tilt = math.radians(aim.tilt_deg)
    rise = lens.height / 2 / lens.focal_px
    return math.cos(tilt) > 0 and math.cos(tilt) - rise * abs(math.sin(tilt)) > 0


def _columns(lens: Lens, aim: Aim, relative_deg: float) -> tuple[float, float]:
    """Where the line of equal azimuth, which is straight, meets the first and the last line of the picture."""
    if abs(relative_deg) >= ABEAM_DEG:
        return (math.copysign(math.inf, relative_deg),) * 2
    tilt, slope = math.radians(aim.tilt_deg), math.tan(math.radians(relative_deg))
    ahead, rise = math.cos(tilt), lens.height / 2 / lens.focal_px * math.sin(tilt)
    middle = lens.width / 2
    return middle + lens.focal_px * slope * (ahead - rise), middle + lens.focal_px * slope * (ahead + rise)


def _row(lens: Lens, aim: Aim, elevation_deg: float, *, highest: bool) -> float:
    """The highest (or lowest) line of the picture that the curve of equal elevation touches.

    The curve is nearest to the horizon in the middle of the picture and bends away from it to either side alike.
    """
    if highest is not (elevation_deg > 0):
        return _row_in_the_middle(lens, aim, elevation_deg)
    return _row_at_the_side(lens, aim, elevation_deg, highest=highest)


def _row_in_the_middle(lens: Lens, aim: Aim, elevation_deg: float) -> float:
    above_deg = elevation_deg - aim.tilt_deg
    if abs(above_deg) >= ABEAM_DEG:
        return 0.0 if above_deg > 0 else float(lens.height)
    return clamp(lens.height / 2 - lens.focal_px * math.tan(math.radians(above_deg)), 0.0, lens.height)


def _row_at_the_side(lens: Lens, aim: Aim, elevation_deg: float, *, highest: bool) -> float:
    """Going down a column of the picture the elevation only falls: halve until the place is known."""
    above, below = 0.0, float(lens.height)
    if lens.unproject(0.0, above, aim).elevation_deg <= elevation_deg:
        return above
    if lens.unproject(0.0, below, aim).elevation_deg >= elevation_deg:
        return below
    for _ in range(HALVINGS):
        middle = (above + below) / 2
        if lens.unproject(0.0, middle, aim).elevation_deg > elevation_deg:
            above = middle
        else:
            below = middle
    return above if highest else below


@dataclass(frozen=True, slots=True)
class Territory:
    """Where the camera may aim: in the area, if there is one, and in none of the blocked zones."""

    area: Zone | None = None
    blocked: tuple[Zone, ...] = ()

    def allows(self, bearing: Bearing) -> bool:
        """Whether the camera may look for somebody there."""
        in_area = self.area is None or self.area.holds(bearing)
        return in_area and not any(zone.holds(bearing) for zone in self.blocked)

    def with_room(self, sideways_deg: float) -> Territory:
        """The same with the blocked zones wider by so much on either side."""
        return replace(self, blocked=tuple(zone.grown(sideways_deg, 0.0) for zone in self.blocked))

    def in_area(self, bearing: Bearing) -> Bearing:
        """The direction in the area that is nearest."""
        return bearing if self.area is None else self.area.nearest(bearing)

    def goal(self, wanted: Aim, aim: Aim, limits: tuple[float, float]) -> Aim:
        """Where to turn when `wanted` is asked for and the camera is at `aim`; pan within `limits`.

        In front of a zone the camera stays on its own side of it, until the goal is beyond.
        """
        inside = self.in_area(Bearing(wanted.pan_deg, wanted.tilt_deg))
        pan = wanted.pan_deg + wrap_deg(inside.azimuth_deg - wanted.pan_deg)
        tilt = inside.elevation_deg
        for low, high in _merged(zone for zone in self.blocked if zone.bottom_deg < tilt < zone.top_deg):
            if not low < pan < high:
                continue
            free = [edge for edge in (low, high) if limits[0] <= edge <= limits[1]]
            pan = min(free, key=lambda edge: abs(edge - aim.pan_deg)) if free else aim.pan_deg
        return Aim(pan, tilt)


ANYWHERE = Territory()
"""No area and no zones."""


def _merged(zones: Iterator[Zone]) -> list[tuple[float, float]]:
    """The spans of azimuth of the zones, joined where they overlap, all the ways round that a dock may turn."""
    spans = sorted((z.left_deg + turn, z.right_deg + turn) for z in zones for turn in (-360.0, 0.0, 360.0))
    joined: list[tuple[float, float]] = []
    for low, high in spans:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def free_parts(whole: Rect, taken: Sequence[Rect]) -> list[Rect]:
    """The largest rectangles of `whole` that touch none of `taken`."""
    parts = [whole]
    for rect in taken:
        cut = [piece for part in parts for piece in _around(part, rect)]
        parts = [
            p for i, p in enumerate(cut) if not any(_within(p, q) and (q != p or j < i) for j, q in enumerate(cut))
        ]
    return parts


def _around(part: Rect, rect: Rect) -> Iterator[Rect]:
    right, bottom = part.x + part.width, part.y + part.height
    end, foot = rect.x + rect.width, rect.y + rect.height
    if rect.x >= right or end <= part.x or rect.y >= bottom or foot <= part.y:
        yield part
        return
    if rect.x > part.x:
        yield Rect(part.x, part.y, rect.x - part.x, part.height)
    if end < right:
        yield Rect(end, part.y, right - end, part.height)
    if rect.y > part.y:
        yield Rect(part.x, part.y, part.width, rect.y - part.y)
    if foot < bottom:
        yield Rect(part.x, foot, part.width, bottom - foot)


def _within(inner: Rect, outer: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )
