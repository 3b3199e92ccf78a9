"""Motion that is limited in jerk, in closed form.

From any state to a rate in three phases: build acceleration up, hold it, take it back (Biagiotti and Melchiorri,
"Trajectory Planning for Automatic Machines and Robots", 2008, chapter 3.4, the double-S profile). Where the end of the
range comes first, stopping begins at the last moment from which it still ends there: the one root that is found by
halving, for the place where a stop ends moves on as long as the axis does.
"""

import math
from bisect import bisect_right

from followspot_sim.motion import AxisLimits, Stretch, chain

_HALVINGS = 50
"""To a billionth of a second."""


def towards(
    position_deg: float, rate_dps: float, acceleration_dps2: float, target_dps: float, limits: AxisLimits, ttl_s: float
) -> list[Stretch]:
    """To `target_dps`, and to rest before the end of the range or when `ttl_s` is over."""
    ramp = reach(0.0, position_deg, rate_dps, acceleration_dps2, target_dps, limits)
    stop_s = ttl_s
    if target_dps != 0 and _passes(ramp, stop_s, target_dps, limits):
        early_s, late_s = 0.0, stop_s
        for _ in range(_HALVINGS):
            middle_s = (early_s + late_s) / 2
            if _passes(ramp, middle_s, target_dps, limits):
                late_s = middle_s
            else:
                early_s = middle_s
        stop_s = early_s
    kept = [stretch for stretch in ramp if stretch.start_s < stop_s] or ramp[:1]
    return [*kept, *_stop(kept, stop_s, limits)]


def reach(
    start_s: float,
    position_deg: float,
    rate_dps: float,
    acceleration_dps2: float,
    target_dps: float,
    limits: AxisLimits,
) -> list[Stretch]:
    """To `target_dps`, and on at that rate."""
    most, jerk = limits.max_acceleration_dps2, limits.max_jerk_dps3
    # Where the rate would end up if the present acceleration were only taken back decides which way to push.
    ends_dps = rate_dps + acceleration_dps2 * abs(acceleration_dps2) / (2 * jerk)
    sign = math.copysign(1.0, target_dps - ends_dps)
    present, change_dps = sign * acceleration_dps2, sign * (target_dps - rate_dps)
    peak = min(math.sqrt(max(jerk * change_dps + present**2 / 2, 0.0)), most)
    peak = max(peak, present)
    hold_s = max((change_dps - (2 * peak**2 - present**2) / (2 * jerk)) / peak, 0.0) if peak > 0 else 0.0
    phases = [
        ((peak - present) / jerk, acceleration_dps2, sign * jerk),
        (hold_s, sign * peak, 0.0),
        (peak / jerk, sign * peak, -sign * jerk),
    ]
    stretches = chain(start_s, position_deg, rate_dps, phases)
    last = stretches[-1]
    return [*stretches[:-1], Stretch(last.start_s, last.position_deg, target_dps)]  # exactly: rest is rest


def _passes(ramp: list[Stretch], stop_s: float, target_dps: float, limits: AxisLimits) -> bool:
    """Whether a stop that begins then ends beyond the range, on the side of the target."""
    rest_deg = _stop(ramp, stop_s, limits)[-1].position_deg
    return rest_deg > limits.max_deg if target_dps > 0 else rest_deg < limits.min_deg


def _stop(stretches: list[Stretch], stop_s: float, limits: AxisLimits) -> list[Stretch]:
    index = max(bisect_right(stretches, stop_s, key=lambda stretch: stretch.start_s) - 1, 0)
    present = stretches[index]
    return reach(stop_s, *present.at(stop_s), present.acceleration_at(stop_s), 0.0, limits)
