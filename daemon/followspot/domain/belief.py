"""What is believed of the teacher at one moment, and how belief ages and learns: Kalman filters in closed form.

Azimuth: a walker whose velocity is forgotten within seconds (Ornstein-Uhlenbeck velocity): it follows a steady walk,
and without measurements the prediction comes to rest while its uncertainty grows. Elevation of the chest and the
logarithm of the distance change slowly, on their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from followspot.domain.body import Body
from followspot.domain.geometry import NS_PER_S, Bearing, clamp, wrap_deg

WALK_SPEED_MPS = 0.8
"""Root mean square speed across the view of a teacher who walks and stands in turn."""
WALK_MEMORY_S = 2.0
"""A teacher's walk lasts about this long; with the speed above it means accelerations of about 1.5 m/s²."""
ELEVATION_WANDER_DEG = 0.5
"""The elevation drifts by this much in a second: it changes with the distance only."""
DISTANCE_SPREAD = 0.35
"""Standard deviation of ln(distance) while it is only known to be typical: 2.5 to 5 m round 3.5 m."""
DISTANCE_MEMORY_S = 4.0
"""A measured distance is worth something for about this long."""
APPROACH_MEMORY_S = 1.0
"""A teacher walks towards the camera or away from it for about this long."""
SURPRISE = 4.0
"""Heights that are off by more than this many standard deviations are believed only as if they were this many."""
SMALL_STEP = 0.01
"""For the slope of the top of the head over ln(distance)."""
NEAREST_M, FARTHEST_M = 0.7, 20.0
"""Distances beyond these are not believed."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value with its variance."""

    mean: float
    var: float

    def updated(self, value: float, sigma: float) -> Scalar:
        """After measuring `value` with the error `sigma`."""
        gain = self.var / (self.var + sigma * sigma)
        return Scalar(self.mean + gain * (value - self.mean), (1 - gain) * self.var)

    def moved(self, gain: float, by: float, slope: float) -> Scalar:
        """After a measurement that depends on it with `slope` was off `by` so much; `gain` is this value's share."""
        return Scalar(self.mean + gain * by, max(1 - gain * slope, 0.0) * self.var)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The teacher at one time: the bearing of the chest, how it moves, how far away, and how sure all this is."""

    chest: Bearing
    rate_dps: float
    distance_m: float
    azimuth_sigma_deg: float
    distance_sigma: float


@dataclass(frozen=True, slots=True)
class Belief:
    """The teacher at `time_ns`: azimuth and its rate with their covariance, elevation of the chest, ln(distance/m)."""

    time_ns: int
    azimuth_deg: float
    rate_dps: float
    var_azimuth: float
    covariance: float
    var_rate: float
    elevation: Scalar
    log_distance: Scalar

    @property
    def distance_m(self) -> float:
        """The believed distance."""
        return clamp(math.exp(self.log_distance.mean), NEAREST_M, FARTHEST_M)

    @property
    def walk_speed_dps(self) -> float:
        """The usual walking speed as it appears at this distance."""
        return math.degrees(WALK_SPEED_MPS / self.distance_m)

    @property
    def _approach(self) -> float:
        """Growth per second of the variance of ln(distance): who crosses the view so fast may as well come nearer."""
        return 2 * APPROACH_MEMORY_S * math.radians(self.rate_dps) ** 2

    def at(self, time_ns: int, typical: Scalar) -> Belief:
        """The belief carried to `time_ns` (backwards: on a straight line, as sure as it is now).

        `typical` is what ln(distance) relaxes to.
        """
        dt_s = (time_ns - self.time_ns) / NS_PER_S
        if dt_s <= 0:
            return replace(self, time_ns=time_ns, azimuth_deg=wrap_deg(self.azimuth_deg + self.rate_dps * dt_s))
        kept = math.exp(-dt_s / WALK_MEMORY_S)
        lever_s = WALK_MEMORY_S * (1 - kept)
        wander = self.walk_speed_dps**2
        grown = 2 * WALK_MEMORY_S * (dt_s - 2 * lever_s + WALK_MEMORY_S * (1 - kept * kept) / 2)
        return Belief(
            time_ns=time_ns,
            azimuth_deg=wrap_deg(self.azimuth_deg + lever_s * self.rate_dps),
            rate_dps=kept * self.rate_dps,
            var_azimuth=self.var_azimuth + 2 * lever_s * self.covariance + lever_s**2 * self.var_rate + wander * grown,
            covariance=kept * (self.covariance + lever_s * self.var_rate) + wander * WALK_MEMORY_S * (1 - kept) ** 2,
            var_rate=kept * kept * self.var_rate + wander * (1 - kept * kept),
            elevation=Scalar(self.elevation.mean, self.elevation.var + ELEVATION_WANDER_DEG**2 * dt_s),
            log_distance=_relaxed(
                self.log_distance, typical, math.exp(-dt_s / DISTANCE_MEMORY_S), self._approach * dt_s
            ),
        )

    def estimate(self) -> Estimate:
        """What others may know of it."""
        return Estimate(
            Bearing(self.azimuth_deg, self.elevation.mean),
            self.rate_dps,
            self.distance_m,
            math.sqrt(self.var_azimuth),
            math.sqrt(self.log_distance.var),
        )

    def surprise(self, azimuth_deg: float, sigma_deg: float) -> float:
        """How far an azimuth measured now is off, in standard deviations."""
        return abs(wrap_deg(azimuth_deg - self.azimuth_deg)) / math.sqrt(self.var_azimuth + sigma_deg**2)

    def with_azimuth(self, azimuth_deg: float, sigma_deg: float) -> Belief:
        """After measuring the azimuth at this time."""
        off = wrap_deg(azimuth_deg - self.azimuth_deg)
        total = self.var_azimuth + sigma_deg**2
        gain, rate_gain = self.var_azimuth / total, self.covariance / total
        return Belief(
            time_ns=self.time_ns,
            azimuth_deg=wrap_deg(self.azimuth_deg + gain * off),
            rate_dps=self.rate_dps + rate_gain * off,
            var_azimuth=(1 - gain) * self.var_azimuth,
            covariance=(1 - gain) * self.covariance,
            var_rate=self.var_rate - rate_gain * self.covariance,
            elevation=self.elevation,
            log_distance=self.log_distance,
        )

    def with_chest(self, chest_deg: float, sigma_deg: float) -> Belief:
        """After measuring the elevation of the chest; a great surprise moves it slowly."""
        sigma_deg = max(sigma_deg, abs(chest_deg - self.elevation.mean) / SURPRISE)
        return replace(self, elevation=self.elevation.updated(chest_deg, sigma_deg))

    def with_distance(self, distance_m: float, sigma: float) -> Belief:
        """After measuring the distance; `sigma` is the error of its logarithm."""
        return replace(self, log_distance=self.log_distance.updated(math.log(distance_m), sigma))

    def with_top(self, top_deg: float, sigma_m: float, body: Body) -> Belief:
        """After measuring the elevation of the top of the head, which depends on chest and distance alike."""
        off = top_deg - body.top_deg(self.elevation.mean, self.distance_m)
        sigma_deg = max(math.degrees(sigma_m / self.distance_m), abs(off) / SURPRISE)
        nearer = body.top_deg(self.elevation.mean, self.distance_m * math.exp(-SMALL_STEP))
        slope = (body.top_deg(self.elevation.mean, self.distance_m) - nearer) / SMALL_STEP
        total = self.elevation.var + slope * slope * self.log_distance.var + sigma_deg**2
        return replace(
            self,
            elevation=self.elevation.moved(self.elevation.var / total, off, 1.0),
            log_distance=self.log_distance.moved(slope * self.log_distance.var / total, off, slope),
        )


def _relaxed(value: Scalar, rest: Scalar, kept: float, growth: float) -> Scalar:
    mean = rest.mean + kept * (value.mean - rest.mean)
    return Scalar(mean, min(rest.var + kept * kept * (value.var - rest.var) + growth, max(rest.var, value.var)))
