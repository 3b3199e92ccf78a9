"""The teacher's proportions: from where the chest is to where head and shoulders are."""

import math
from dataclasses import dataclass

from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.domain.view import Rect

BUST_HEIGHT = 0.25
"""Head and shoulders reach from the top of the head this share of the stature down."""
BUST_WIDTH = 0.27
"""The width across the shoulders, as a share of the stature."""


@dataclass(frozen=True, slots=True)
class Body:
    """How tall the teacher is and how high the marker hangs, metres."""

    stature_m: float
    marker_height_m: float

    @property
    def bust_height_m(self) -> float:
        """From the top of the head to the bottom of head and shoulders."""
        return BUST_HEIGHT * self.stature_m

    def elevation_deg(self, chest_deg: float, distance_m: float, above_marker_m: float) -> float:
        """The elevation of a point `above_marker_m` over the marker, which itself is seen at `chest_deg`."""
        return math.degrees(math.atan(math.tan(math.radians(chest_deg)) + above_marker_m / distance_m))

    def top_deg(self, chest_deg: float, distance_m: float) -> float:
        """The elevation of the top of the head."""
        return self.elevation_deg(chest_deg, distance_m, self.stature_m - self.marker_height_m)

    def bust(self, lens: Lens, aim: Aim, chest: Bearing, distance_m: float) -> Rect:
        """Head and shoulders in sensor pixels for a marker seen at `chest`."""
        above_m = self.stature_m - self.marker_height_m
        top = self.elevation_deg(chest.elevation_deg, distance_m, above_m)
        bottom = self.elevation_deg(chest.elevation_deg, distance_m, above_m - self.bust_height_m)
        x_top, y_top = lens.project(Bearing(chest.azimuth_deg, top), aim)
        x_bottom, y_bottom = lens.project(Bearing(chest.azimuth_deg, bottom), aim)
        height = max(y_bottom - y_top, 1.0)
        width = height * BUST_WIDTH / BUST_HEIGHT
        return Rect((x_top + x_bottom - width) / 2, y_top, width, height)
