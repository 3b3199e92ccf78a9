"""What the dock's own eye can see: the joint between the room and the dock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """Where a marker truly is, seen from the dock's base, and whether anything hides it.

    Angles in degrees, positive right and up, in the dock's base frame.
    """

    azimuth_deg: float
    elevation_deg: float
    distance_m: float
    visible: bool


@dataclass(frozen=True, slots=True)
class MarkerSight:
    """The sight of the marker with this id."""

    marker_id: int
    sight: Sight
