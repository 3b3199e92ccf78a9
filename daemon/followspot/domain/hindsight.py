"""Where the teacher was, each moment judged by what was measured before it and after it.

The Rauch-Tung-Striebel smoother over the beliefs of `domain/belief`: Automatica 3 (1965), 1445-1450, in the closed
form that two states and two independent scalars allow.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from followspot.domain.belief import WALK_MEMORY_S, Belief, Estimate, Scalar
from followspot.domain.geometry import NS_PER_S, Bearing, wrap_deg

JUMP = 4.5
"""What lies further from its prediction than this many standard deviations is another belief, not this one moved."""


@dataclass(frozen=True, slots=True)
class Hindsight:
    """Smoothed beliefs, oldest first, at least one."""

    beliefs: tuple[Belief, ...]
    typical: Scalar

    @classmethod
    def of(cls, filtered: Sequence[Belief], typical: Scalar, since_ns: int = 0) -> Hindsight:
        """Of the beliefs as they were, oldest first, at least one; those from before `since_ns` are left out."""
        later = filtered[-1]
        smoothed = [later]
        for belief in reversed(filtered[:-1]):
            if later.time_ns < since_ns:
                break
            later = _smoothed(belief, later, typical)
            smoothed.append(later)
        smoothed.reverse()
        return cls(tuple(smoothed), typical)

    def at(self, time_ns: int) -> Estimate:
        """The estimate at any time near them."""
        index = bisect_right(self.beliefs, time_ns, key=lambda belief: belief.time_ns)
        if index == 0:
            return self.beliefs[0].at(time_ns, self.typical).estimate()
        earlier = self.beliefs[index - 1]
        if index == len(self.beliefs):
            return earlier.at(time_ns, self.typical).estimate()
        return _between(earlier, self.beliefs[index], time_ns)

    def measured_around(self, time_ns: int) -> tuple[int | None, int | None]:
        """When something was measured last at or before a time, and first after it."""
        index = bisect_right(self.beliefs, time_ns, key=lambda belief: belief.time_ns)
        before = self.beliefs[index - 1].time_ns if index else None
        return before, self.beliefs[index].time_ns if index < len(self.beliefs) else None


def _smoothed(belief: Belief, later: Belief, typical: Scalar) -> Belief:
    expected = belief.at(later.time_ns, typical)
    off = wrap_deg(later.azimuth_deg - expected.azimuth_deg)
    if off * off > JUMP * JUMP * expected.var_azimuth:
        return belief
    rate_off = later.rate_dps - expected.rate_dps
    kept = math.exp(-(later.time_ns - belief.time_ns) / NS_PER_S / WALK_MEMORY_S)
    lever_s = WALK_MEMORY_S * (1 - kept)
    azimuth_gains = _gains(belief.var_azimuth + lever_s * belief.covariance, kept * belief.covariance, expected)
    rate_gains = _gains(belief.covariance + lever_s * belief.var_rate, kept * belief.var_rate, expected)
    return Belief(
        belief.time_ns,
        wrap_deg(belief.azimuth_deg + azimuth_gains[0] * off + azimuth_gains[1] * rate_off),
        belief.rate_dps + rate_gains[0] * off + rate_gains[1] * rate_off,
        belief.var_azimuth,
        belief.covariance,
        belief.var_rate,
        _moved(belief.elevation, expected.elevation, later.elevation),
        _moved(belief.log_distance, expected.log_distance, later.log_distance),
    )


def _gains(with_azimuth: float, with_rate: float, expected: Belief) -> tuple[float, float]:
    """One row of the smoother's gain: the covariances of a state now with both later, over the latter's own."""
    determinant = expected.var_azimuth * expected.var_rate - expected.covariance**2
    if determinant <= 0:
        return 0.0, 0.0
    return (
        (with_azimuth * expected.var_rate - with_rate * expected.covariance) / determinant,
        (with_rate * expected.var_azimuth - with_azimuth * expected.covariance) / determinant,
    )


def _moved(value: Scalar, expected: Scalar, later: Scalar) -> Scalar:
    """A value that drifts: what is known of it later counts as far as it has not drifted."""
    share = min(value.var / expected.var, 1.0) if expected.var > 0 else 0.0
    return Scalar(value.mean + share * (later.mean - expected.mean), value.var)


def _between(earlier: Belief, later: Belief, time_ns: int) -> Estimate:
    """On the cubic through both, with their rates."""
    span_s = (later.time_ns - earlier.time_ns) / NS_PER_S
    s = (time_ns - earlier.time_ns) / (later.time_ns - earlier.time_ns)
    step = wrap_deg(later.azimuth_deg - earlier.azimuth_deg)
    bend = s * (1 - s)
    azimuth = earlier.azimuth_deg + step * s * s * (3 - 2 * s)
    azimuth += span_s * bend * ((1 - s) * earlier.rate_dps - s * later.rate_dps)
    one, other = earlier.estimate(), later.estimate()
    return Estimate(
        Bearing(wrap_deg(azimuth), _mixed(one.chest.elevation_deg, other.chest.elevation_deg, s)),
        _mixed(one.rate_dps, other.rate_dps, s),
        _mixed(one.distance_m, other.distance_m, s),
        _mixed(one.azimuth_sigma_deg, other.azimuth_sigma_deg, s),
        _mixed(one.distance_sigma, other.distance_sigma, s),
    )


def _mixed(one: float, other: float, share: float) -> float:
    return one + share * (other - one)
