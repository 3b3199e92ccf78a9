"""What motion and looks say along the strip, and where they and the prediction agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from followspot.domain.geometry import clamp
from followspot.domain.sighting import Sighting, SightingKind
from followspot.vision.picture import SmallPicture
from followspot.vision.strip import Profile, Strip

MOTION_SHARE = 0.06
"""A walker changes at least this share of the pixels across her width."""
MOTION_PLENTY = 0.25
"""More than this says no more."""
MOTION_CONTRAST = 2.0
"""She changes so many times more than the rest of the strip; else the picture was misplaced, or the light changed."""
MOTION_SIGMA_M = 0.09
"""Arms and legs swing: the middle of what moves wanders by this much about the body's."""
LIKENESS_LEAST = 0.1
"""How much a place must look like her, from -1 (like the room) to 1."""
LIKENESS_WEIGHT = 1.5
"""A whole likeness says this many times more than plenty of motion: others move too."""
LIKENESS_SIGMA_M = 0.07
"""The middle of the coloured area wanders by this much about the body's."""
PRIOR_WEIGHT = 0.06
"""Cost of lying one standard deviation off the prediction, in units of plenty of motion."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture's strip with its profiles: `moved` 0 to 1 since `before_ns`, `alike` -1 to 1, `trust` 0 to 1."""

    picture: SmallPicture
    strip: Strip
    distance_m: float
    before_ns: int
    moved: Profile
    alike: Profile
    trust: float

    def decide(self) -> float:
        """The column that motion, looks and prediction agree on best."""
        strip, columns = self.strip, np.arange(len(self.moved)) + 0.5
        motion = np.minimum(strip.filled(self.moved) / MOTION_PLENTY, 1.0)
        looks = LIKENESS_WEIGHT * self.trust * np.maximum(strip.filled(self.alike), 0)
        off = np.abs(columns - strip.x)
        prior = PRIOR_WEIGHT * (off / max(strip.sigma, strip.width / 4)) ** 2
        score = np.where(off <= strip.reach, motion + looks - prior, -np.inf)
        return float(columns[int(score.argmax())]) if np.isfinite(score).any() else strip.x

    def moving(self, x: float) -> Sighting | None:
        """Motion at `x`: the middle of all that changed between two pictures is where she was half-way in time."""
        x = self.strip.centre(self.moved, x)
        share = self._filled(self.moved, x)
        elsewhere = np.abs(np.arange(len(self.moved)) - x) > self.strip.width
        rest = float(self.moved[elsewhere].mean()) if elsewhere.any() else 0.0
        if share < MOTION_SHARE or share < MOTION_CONTRAST * rest or abs(x - self.strip.x) > self.strip.reach:
            return None
        confidence = clamp(share / MOTION_PLENTY, 0.2, 1.0) * (1 - rest / share)
        middle_ns = (self.before_ns + self.picture.exposure_ns) // 2
        return self._sighting(middle_ns, SightingKind.MOTION, confidence, x, MOTION_SIGMA_M)

    def looking(self, x: float) -> Sighting | None:
        """Looks at `x`: the middle of what has her colours."""
        x = self.strip.centre(np.maximum(self.alike, 0), x)
        share = self._filled(self.alike, x)
        if self.trust <= 0 or share < LIKENESS_LEAST or abs(x - self.strip.x) > self.strip.reach:
            return None
        confidence = self.trust * clamp(2 * share, 0.2, 1.0)
        return self._sighting(self.picture.exposure_ns, SightingKind.APPEARANCE, confidence, x, LIKENESS_SIGMA_M)

    def _filled(self, profile: Profile, x: float) -> float:
        return float(self.strip.filled(profile)[int(clamp(x, 0, len(profile) - 1))])

    def _sighting(self, time_ns: int, kind: SightingKind, confidence: float, x: float, sigma_m: float) -> Sighting:
        middle = (self.strip.top + self.strip.bottom) / 2
        azimuth_deg = self.picture.lens.unproject(x, middle, self.picture.aim).azimuth_deg
        return Sighting(time_ns, kind, confidence, azimuth_deg, math.degrees(sigma_m / self.distance_m))
