"""Blocked zones are kept out of the recorded picture: the crop is moved and made smaller, or nothing is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from followspot.domain.geometry import Aim, Lens, clamp
from followspot.domain.view import Hiding, Rect
from followspot.domain.zones import Zone, free_parts

MARGIN_DEG = 1.0
"""The pose of a moving camera and the drawn zones are true to about this."""
STAY = 0.5
"""The distance to the last picture counts this much: no flicker between the two sides of a door."""
SAME_PX = 1e-6
"""Rounding alone moves a crop by less."""


@dataclass(slots=True)
class Hider:
    """Keeps crops off the zones. It remembers the last crop, and belongs to whoever calls it once per frame."""

    zones: tuple[Zone, ...]
    _last: Rect | None = None

    def hidden(self, lens: Lens, aim: Aim, wanted: Rect, least_height: float) -> tuple[Rect, Hiding]:
        """The crop nearest to `wanted` that shows no zone, and what was done to it.

        It is no higher than `wanted` and no lower than `least_height`; where there is no such crop it is COVERED:
        the crop is `wanted`, and must not be shown.
        """
        taken = [rect for zone in self.zones for rect in zone.grown(MARGIN_DEG, MARGIN_DEG).on_sensor(lens, aim)]
        parts = free_parts(Rect(0.0, 0.0, lens.width, lens.height), taken)
        crops = [_fitted(wanted, part) for part in parts]
        crops = [crop for crop in crops if crop.height >= least_height - SAME_PX]
        if not crops:
            self._last = None
            return wanted, Hiding.COVERED
        crop = min(crops, key=lambda one: self._cost(wanted, one))
        self._last = crop
        return crop, Hiding.MOVED if _differ(crop, wanted) else Hiding.NONE

    def _cost(self, wanted: Rect, crop: Rect) -> float:
        cost = math.dist(crop.centre, wanted.centre) / wanted.height + math.log(wanted.height / crop.height)
        if self._last is not None:
            cost += STAY * math.dist(crop.centre, self._last.centre) / wanted.height
        return cost


def _fitted(wanted: Rect, part: Rect) -> Rect:
    """`wanted`, made to fit into `part`: no larger than it, of the same shape, about the same place."""
    scale = min(1.0, part.width / wanted.width, part.height / wanted.height)
    width, height = wanted.width * scale, wanted.height * scale
    x, y = wanted.centre
    left = clamp(x - width / 2, part.x, part.x + part.width - width)
    return Rect(left, clamp(y - height / 2, part.y, part.y + part.height - height), width, height)


def _differ(one: Rect, other: Rect) -> bool:
    pairs = ((one.x, other.x), (one.y, other.y), (one.width, other.width), (one.height, other.height))
    return any(abs(a - b) > SAME_PX for a, b in pairs)
