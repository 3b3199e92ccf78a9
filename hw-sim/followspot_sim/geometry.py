"""The simulator's own geometry: from metres in the room to pixels on the sensor.

Room coordinates have their origin at the lens: x to the right, y up, z forward of the dock's base, in metres.
Bearings are degrees in the dock's base frame, azimuth positive right, elevation positive up. Picture coordinates are
continuous: the sensor spans (0, 0) at its top left to (width, height), a pixel's middle lies at +0.5.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LENS_HEIGHT_M = 1.3
"""The dock stands on a desk: its lens is this far above the floor."""

NEAREST_DEPTH_M = 0.05
"""A point with less depth than this lies beside or behind the camera and has no place in the picture."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bearing:
    """A direction and how far it is to what is seen there."""

    azimuth_deg: float
    elevation_deg: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class Stand:
    """A place on the floor, where something flat stands upright and faces the lens."""

    azimuth_deg: float
    distance_m: float

    @classmethod
    def at(cls, x_m: float, z_m: float) -> "Stand":
        """The place at `x_m` right and `z_m` forward of the dock."""
        return cls(math.degrees(math.atan2(x_m, z_m)), math.hypot(x_m, z_m))

    def points(self, lateral_m: Floats, height_m: Floats) -> Floats:
        """Room points (n, 3) this far right of the middle and above the floor, in the upright plane."""
        azimuth = math.radians(self.azimuth_deg)
        sine, cosine = math.sin(azimuth), math.cos(azimuth)
        x = self.distance_m * sine + lateral_m * cosine
        z = self.distance_m * cosine - lateral_m * sine
        return np.stack([x, height_m - LENS_HEIGHT_M, z], axis=-1)

    def bearing(self, height_m: float) -> Bearing:
        """Where the point at `height_m` above this place is seen from the lens."""
        rise_m = height_m - LENS_HEIGHT_M
        elevation_deg = math.degrees(math.atan2(rise_m, self.distance_m))
        return Bearing(self.azimuth_deg, elevation_deg, math.hypot(rise_m, self.distance_m))

    def seen_through(self, points: Floats) -> tuple[Floats, Floats]:
        """Where sight lines to room `points` pass this upright plane (lateral_m, height_m); NaN where they do not."""
        azimuth = math.radians(self.azimuth_deg)
        sine, cosine = math.sin(azimuth), math.cos(azimuth)
        depth = points[:, 0] * sine + points[:, 2] * cosine
        scale = np.where(depth > self.distance_m, self.distance_m / np.maximum(depth, NEAREST_DEPTH_M), np.nan)
        lateral = (points[:, 0] * cosine - points[:, 2] * sine) * scale
        return lateral, points[:, 1] * scale + LENS_HEIGHT_M


@dataclass(frozen=True, slots=True)
class Lens:
    """An ideal perspective camera on a pan-tilt head: first pan about the vertical, then tilt."""

    width: int
    height: int
    hfov_deg: float

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / math.tan(math.radians(self.hfov_deg) / 2)

    def project(self, points: Floats, pan_deg: float, tilt_deg: float) -> Floats:
        """Picture coordinates (n, 2) of room points (n, 3); NaN where a point is beside or behind the camera."""
        pan, tilt = math.radians(pan_deg), math.radians(tilt_deg)
        x, y, z = points[:, 0], points[:, 1], points[:, 2]
        right = x * math.cos(pan) - z * math.sin(pan)
        ahead = x * math.sin(pan) + z * math.cos(pan)
        depth = ahead * math.cos(tilt) + y * math.sin(tilt)
        up = y * math.cos(tilt) - ahead * math.sin(tilt)
        depth = np.where(depth > NEAREST_DEPTH_M, depth, np.nan)
        return np.stack(
            [self.width / 2 + self.focal_px * right / depth, self.height / 2 - self.focal_px * up / depth], axis=-1
        )

    def look(self, u: Floats, v: Floats, tilt_deg: float) -> tuple[Floats, Floats]:
        """The direction seen at picture coordinates: azimuth from the pan axis (radians), tangent of elevation."""
        tilt = math.radians(tilt_deg)
        right = (u - self.width / 2) / self.focal_px
        up = (self.height / 2 - v) / self.focal_px
        ahead = math.cos(tilt) - up * math.sin(tilt)
        height = math.sin(tilt) + up * math.cos(tilt)
        return np.arctan2(right, ahead), height / np.hypot(right, ahead)
