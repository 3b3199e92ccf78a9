"""The dock's motors in closed form: exact at any instant, however seldom anyone looks.

Each axis follows a commanded rate within its limits of acceleration and jerk. A command lays out the whole motion to
come, as a few stretches of constant jerk: ramp to the rate, cruise, brake before the end stop, and stop when its time
to live is over. The next command takes over from wherever the axis is at that instant.
"""

import math
import threading
from bisect import bisect_right
from dataclasses import replace

from followspot_sim import jerk
from followspot_sim.motion import NS_PER_S, AxisLimits, Motion, Stretch

__all__ = ["LATENCY_MS", "NS_PER_S", "PAN_LIMITS", "TILT_LIMITS", "Axis", "AxisLimits", "Plant", "plan"]

_HISTORY_NS = 3 * NS_PER_S
"""How far back a camera may ask where it looked."""


def plan(
    start_ns: int,
    position_deg: float,
    rate_dps: float,
    target_dps: float,
    ttl_s: float,
    limits: AxisLimits,
    acceleration_dps2: float = 0.0,
) -> Motion:
    """The motion from a state towards a commanded rate, to rest when `ttl_s` is over."""
    target_dps = max(-limits.max_rate_dps, min(limits.max_rate_dps, target_dps))
    if rate_dps == 0 and abs(target_dps) < limits.stick_dps:
        target_dps = 0.0
    if math.isfinite(limits.max_jerk_dps3):
        return Motion(
            start_ns, tuple(jerk.towards(position_deg, rate_dps, acceleration_dps2, target_dps, limits, ttl_s))
        )
    commanded = _towards(position_deg, rate_dps, target_dps, limits)
    kept = [stretch for stretch in commanded if stretch.start_s < ttl_s] or commanded[:1]
    position_deg, rate_dps = kept[-1].at(ttl_s)
    return Motion(start_ns, (*kept, *_brake(ttl_s, position_deg, rate_dps, limits)))


def _towards(position_deg: float, rate_dps: float, target_dps: float, limits: AxisLimits) -> list[Stretch]:
    """Ramp, cruise, brake before the end stop; worked out as if the target were positive, then mirrored back."""
    if target_dps == 0.0:
        return _brake(0.0, position_deg, rate_dps, limits)
    sign = math.copysign(1.0, target_dps)
    end_deg = limits.max_deg if sign > 0 else -limits.min_deg
    position, rate, target, acceleration = (
        sign * position_deg,
        sign * rate_dps,
        sign * target_dps,
        limits.max_acceleration_dps2,
    )
    ramp = Stretch(0.0, position, rate, math.copysign(acceleration, target - rate))
    ramp_s = abs(target - rate) / acceleration
    stretches = [ramp]
    # While speeding up, p(t) + v(t)^2 / 2a reaches the end where a t^2 + 2 v t + p + v^2 / 2a = end.
    brake_s = (math.sqrt(max(rate**2 / 2 + acceleration * (end_deg - position), 0.0)) - rate) / acceleration
    if rate > target or brake_s > ramp_s:
        cruise_position, _ = ramp.at(ramp_s)
        stretches.append(Stretch(ramp_s, cruise_position, target))
        brake_s = ramp_s + max(end_deg - cruise_position - target**2 / (2 * acceleration), 0.0) / target
    brake_s = max(brake_s, 0.0)
    stretches += _brake(brake_s, *stretches[-1].at(brake_s), limits)
    return [_mirrored(stretch, sign) for stretch in stretches]


def _brake(start_s: float, position_deg: float, rate_dps: float, limits: AxisLimits) -> list[Stretch]:
    """Slow down to rest, and rest."""
    brake = Stretch(start_s, position_deg, rate_dps, -math.copysign(limits.max_acceleration_dps2, rate_dps))
    end_s = start_s + abs(rate_dps) / limits.max_acceleration_dps2
    return [brake, Stretch(end_s, brake.at(end_s)[0], 0.0)]


def _mirrored(stretch: Stretch, sign: float) -> Stretch:
    return Stretch(
        stretch.start_s, sign * stretch.position_deg, sign * stretch.rate_dps, sign * stretch.acceleration_dps2
    )


class Axis:
    """One motor: its motions of the last seconds and those to come. Not thread-safe by itself."""

    def __init__(self, limits: AxisLimits, position_deg: float, start_ns: int) -> None:
        self.limits = limits
        self._motions = [Motion(start_ns, (Stretch(0.0, position_deg, 0.0),), position_deg)]
        self._held = False

    def command(self, effective_ns: int, rate_dps: float, ttl_s: float) -> None:
        """Follow `rate_dps` from `effective_ns` on; later commands must not take effect earlier."""
        if self._held:
            return
        acceleration_dps2 = self._motion(effective_ns).acceleration_at(effective_ns)
        self._lay(
            effective_ns,
            plan(effective_ns, *self.at(effective_ns), rate_dps, ttl_s, self.limits, acceleration_dps2),
        )

    def hold(self, now_ns: int, held: bool) -> None:
        """Stand at once, whatever is commanded, until it is let go."""
        if held and not self._held:
            self._lay(now_ns, Motion(now_ns, (Stretch(0.0, self.at(now_ns)[0], 0.0),)))
        self._held = held

    def _lay(self, effective_ns: int, motion: Motion) -> None:
        motion = replace(motion, load_deg=self.load_at(effective_ns))
        past = [motion for motion in self._motions if motion.start_ns < effective_ns]
        oldest = max(bisect_right(past, effective_ns - _HISTORY_NS, key=lambda motion: motion.start_ns) - 1, 0)
        self._motions = [*past[oldest:], motion]

    def at(self, time_ns: int) -> tuple[float, float]:
        """Position of the motor in degrees and its rate in degrees per second."""
        return self._motion(time_ns).at(time_ns)

    def load_at(self, time_ns: int) -> float:
        """Position of what the motor turns, behind its gear, in degrees."""
        motion = self._motion(time_ns)
        return motion.load_at(time_ns, self.limits.backlash_deg) if self.limits.backlash_deg else motion.at(time_ns)[0]

    def effort_at(self, time_ns: int) -> float:
        """Acceleration as a share of the most there is."""
        return abs(self._motion(time_ns).acceleration_at(time_ns)) / self.limits.max_acceleration_dps2

    def _motion(self, time_ns: int) -> Motion:
        index = bisect_right(self._motions, time_ns, key=lambda motion: motion.start_ns)
        return self._motions[max(index - 1, 0)]


PAN_LIMITS = AxisLimits(-170.0, 170.0, 120.0, 400.0)
TILT_LIMITS = AxisLimits(-30.0, 50.0, 90.0, 400.0)
LATENCY_MS = 30.0
"""From a command on the wire to the motor: firmware loop and motor driver."""


class Plant:
    """Pan and tilt of the dock. Commands from one thread; the state may be read from any.

    Angles in degrees, positive right and up; times are CLOCK_MONOTONIC nanoseconds. What was answered for an instant
    up to now never changes: a command takes effect only after the latency.
    """

    def __init__(
        self,
        start_ns: int,
        pan: AxisLimits = PAN_LIMITS,
        tilt: AxisLimits = TILT_LIMITS,
        latency_ms: float = LATENCY_MS,
        pan_deg: float = 0.0,
        tilt_deg: float = 0.0,
    ) -> None:
        self._lock = threading.Lock()
        self._pan = Axis(pan, pan_deg, start_ns)
        self._tilt = Axis(tilt, tilt_deg, start_ns)
        self._latency_ns = round(latency_ms * 1_000_000)

    @property
    def limits(self) -> tuple[AxisLimits, AxisLimits]:
        """Of pan and of tilt."""
        return self._pan.limits, self._tilt.limits

    def drive(self, now_ns: int, pan_dps: float, tilt_dps: float, ttl_s: float) -> None:
        """Turn at these rates, and come to rest by itself after `ttl_s`."""
        with self._lock:
            self._pan.command(now_ns + self._latency_ns, pan_dps, ttl_s)
            self._tilt.command(now_ns + self._latency_ns, tilt_dps, ttl_s)

    def stop(self, now_ns: int) -> None:
        """Brake to rest."""
        self.drive(now_ns, 0.0, 0.0, 0.0)

    def hold(self, now_ns: int, *, pan: bool, tilt: bool) -> None:
        """Hold motors so that they stand, or let them go."""
        with self._lock:
            self._pan.hold(now_ns, pan)
            self._tilt.hold(now_ns, tilt)

    def pose_at(self, time_ns: int) -> tuple[float, float]:
        """(pan, tilt) of the camera, in degrees."""
        with self._lock:
            return self._pan.load_at(time_ns), self._tilt.load_at(time_ns)

    def encoders_at(self, time_ns: int) -> tuple[float, float]:
        """(pan, tilt) of the motors in front of their gears, in degrees: what encoders on them see."""
        with self._lock:
            return self._pan.at(time_ns)[0], self._tilt.at(time_ns)[0]

    def effort_at(self, time_ns: int) -> float:
        """What both motors draw, as a share of the most they can."""
        with self._lock:
            return (self._pan.effort_at(time_ns) + self._tilt.effort_at(time_ns)) / 2

    def rates_at(self, time_ns: int) -> tuple[float, float]:
        """(pan, tilt) in degrees per second."""
        with self._lock:
            return self._pan.at(time_ns)[1], self._tilt.at(time_ns)[1]
