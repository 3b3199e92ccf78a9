"""What vision is told and what it tells."""

from dataclasses import dataclass
from enum import StrEnum

from followspot.domain.belief import Estimate
from followspot.domain.geometry import Aim


class SightingKind(StrEnum):
    """What a sighting rests on."""

    MOTION = "motion"
    """Something of a person's size moved there."""
    APPEARANCE = "appearance"
    """It looks like the teacher did while the marker agreed."""
    PERSON = "person"
    """A detector saw a standing person."""
    BADGE = "badge"
    """The configured badge was read: nobody else wears it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A teacher seen in the picture, as a direction in the dock's base frame.

    `time_ns` is the time it holds for; `sigma_deg` its error if it is true; `confidence` 0 to 1 how likely it is true.
    None where they were not measured: `top_deg` (the elevation of the top of the head, wrong by `top_sigma_m` at her
    distance), `distance_m` (the error of its logarithm is `distance_sigma`) and `chest_deg` (the chest's elevation).
    """

    time_ns: int
    kind: SightingKind
    confidence: float
    azimuth_deg: float
    sigma_deg: float
    top_deg: float | None = None
    distance_m: float | None = None
    top_sigma_m: float = 0.15
    distance_sigma: float = 0.3
    chest_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """What the framing believes of one picture: where the camera pointed and the teacher (None: not known).

    `marked` says that the marker vouches for the estimate: vision may learn what the teacher looks like.
    """

    aim: Aim
    estimate: Estimate | None
    marked: bool
