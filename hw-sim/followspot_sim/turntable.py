"""Two motors that turn until they are told otherwise, or go to a position: what other docks have inside."""

import math

from followspot_sim.plant import NS_PER_S, Axis, AxisLimits

FOREVER_S = 3600.0


class Turntable:
    """Pan and tilt, resting straight ahead at first. Angles in degrees, times CLOCK_MONOTONIC nanoseconds."""

    def __init__(self, start_ns: int, pan: AxisLimits, tilt: AxisLimits, latency_ms: float) -> None:
        self._axes = (Axis(pan, 0.0, start_ns), Axis(tilt, 0.0, start_ns))
        self._latency_ns = round(latency_ms * 1_000_000)

    def turn(self, now_ns: int, pan_dps: float, tilt_dps: float) -> None:
        """Turn at these rates from now on."""
        for axis, rate_dps in zip(self._axes, (pan_dps, tilt_dps), strict=True):
            axis.command(now_ns + self._latency_ns, rate_dps, FOREVER_S)

    def go(self, now_ns: int, goal_deg: tuple[float, float], rate_dps: tuple[float, float]) -> None:
        """Turn to (pan, tilt) at up to these rates, and rest there."""
        effective_ns = now_ns + self._latency_ns
        for axis, goal, rate in zip(self._axes, goal_deg, rate_dps, strict=True):
            position_deg, present_dps = axis.at(effective_ns)
            rate, time_s = _trip(goal - position_deg, present_dps, rate, axis.limits.max_acceleration_dps2)
            axis.command(effective_ns, rate, time_s)

    def pose_at(self, time_ns: int) -> tuple[float, float]:
        """(pan, tilt) in degrees."""
        return self._axes[0].at(time_ns)[0], self._axes[1].at(time_ns)[0]

    def rates_at(self, time_ns: int) -> tuple[float, float]:
        """(pan, tilt) in degrees per second."""
        return self._axes[0].at(time_ns)[1], self._axes[1].at(time_ns)[1]

    def rests(self, now_ns: int) -> bool:
        """Whether both motors stand still, and will."""
        soon_ns = now_ns + self._latency_ns + NS_PER_S // 100
        return self.rates_at(now_ns) == self.rates_at(soon_ns) == (0.0, 0.0)


def _trip(distance_deg: float, present_dps: float, rate_dps: float, acceleration: float) -> tuple[float, float]:
    """(rate, time until braking) that end at the distance: ramp, cruise and brake of a trapezoid."""
    sign = math.copysign(1.0, distance_deg)
    distance, present = abs(distance_deg), sign * present_dps
    peak = min(rate_dps, math.sqrt(max(acceleration * distance + present**2 / 2, 0.0)))
    if peak <= max(present, 0.0) or peak == 0.0:
        cruise_deg = distance - present * abs(present) / (2 * acceleration)
        return sign * present, max(cruise_deg / present, 0.0) if present > 0 else 0.0
    ramp_deg = (peak**2 - present**2) / (2 * acceleration)
    cruise_s = max(distance - ramp_deg - peak**2 / (2 * acceleration), 0.0) / peak
    return sign * peak, (peak - present) / acceleration + cruise_s
