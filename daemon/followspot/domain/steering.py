"""How the motors follow: quiet while the teacher is near the middle, with her speed when she walks.

Pure: estimate, pose and time in, rates out. One object is one run of the motors: it remembers what it last asked for.
"""

import math
from dataclasses import dataclass, replace

from followspot.domain.belief import Estimate
from followspot.domain.board import Both
from followspot.domain.body import Body
from followspot.domain.geometry import NS_PER_S, Aim, clamp, wrap_deg
from followspot.domain.obedience import MotorWatch
from followspot.domain.view import TrackingState
from followspot.domain.zones import ANYWHERE, Territory

PULL_PER_S = 5.0
"""Turning rate for each degree of error: a time constant of 0.2 s, well above the latency that is predicted away."""
REST_SHARE = 0.3
"""The motors rest again when the error is below this share of the dead band."""
SLOW_DPS = 5.0
"""A teacher who appears slower than this stands: an estimate's rate is uncertain by about as much."""
HOMING_DPS = 12.0
"""Going home is nothing to look at: slow and silent."""
RETURN_DPS = 25.0
"""A teacher who comes back is turned to at this rate at the most: the picture shows the whole way there."""
RETURN_AT_MOST_S = 3.0
"""She may walk off faster than that: after this long she is followed as always."""
BRAKE_SHARE = 0.7
"""Before an end stop the motors brake with this share of their acceleration."""
STEP_AT_MOST_S = 0.1
"""A longer time since the last command counts as this long."""
HELD_BACK_DEG = 1e-6
"""A goal further than this from where she is was held back: her speed is then not the camera's."""
AIM_BELOW_TOP_M = 0.45
"""The sensor's middle aims this far below the top of the head: there the middle of a well-composed shot lies."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the motors may do: the stricter of the dock's and the technician's limits."""

    pan_min_deg: float
    pan_max_deg: float
    tilt_min_deg: float
    tilt_max_deg: float
    max_rate_dps: float
    max_acceleration_dps2: float


@dataclass(frozen=True, slots=True)
class Rates:
    """A motion command, degrees per second."""

    pan_dps: float
    tilt_dps: float


class Steering:
    """Turns what is known into rate commands."""

    def __init__(
        self, limits: Limits, body: Body, dead_band_deg: float, home: Aim, territory: Territory = ANYWHERE
    ) -> None:
        self._limits, self._body, self._dead_band_deg = limits, body, dead_band_deg
        self._territory = territory
        self._home = Aim(
            clamp(home.pan_deg, limits.pan_min_deg, limits.pan_max_deg),
            clamp(home.tilt_deg, limits.tilt_min_deg, limits.tilt_max_deg),
        )
        self._return_left_s = 0.0
        self._pan = _Axis(limits.pan_min_deg, limits.pan_max_deg)
        self._tilt = _Axis(limits.tilt_min_deg, limits.tilt_max_deg)
        self._last_ns: int | None = None

    def command(
        self, estimate: Estimate | None, state: TrackingState, aim: Aim, now_ns: int, both: Both | None = None
    ) -> Rates:
        """What to ask of the motors at `now_ns`, when they point at `aim`; `both` is to be in the picture with her."""
        dt_s = self._elapsed_s(now_ns)
        if state is TrackingState.PARKED or estimate is None:
            self._return_left_s = RETURN_AT_MOST_S
            return self._drive(self._goal(self._home, aim), 0.0, aim, self._at_most(HOMING_DPS), dt_s)
        if state is TrackingState.SEARCHING:
            self._return_left_s = RETURN_AT_MOST_S
            return self._drive(aim, 0.0, aim, self._limits, dt_s)
        above_m = self._body.stature_m - AIM_BELOW_TOP_M - self._body.marker_height_m
        elevation = self._body.elevation_deg(estimate.chest.elevation_deg, estimate.distance_m, above_m)
        pan_deg = aim.pan_deg + wrap_deg(estimate.chest.azimuth_deg - aim.pan_deg)
        rate_dps = estimate.rate_dps
        if both is not None:
            pan_deg += both.share * wrap_deg(both.centre.azimuth_deg - pan_deg)
            elevation += both.share * (both.centre.elevation_deg - elevation)
            rate_dps *= 1 - both.share / 2  # the middle between her and what stands still
        goal = self._goal(Aim(pan_deg, elevation), aim)
        rate_dps = rate_dps if abs(goal.pan_deg - pan_deg) < HELD_BACK_DEG else 0.0
        return self._drive(goal, rate_dps, aim, self._returning(goal, aim, dt_s), dt_s)

    def _goal(self, wanted: Aim, aim: Aim) -> Aim:
        """Where the camera may aim instead of `wanted`."""
        within = (self._pan.low_deg, self._pan.high_deg)
        goal = self._territory.goal(wanted, aim, within)
        return Aim(clamp(goal.pan_deg, *within), goal.tilt_deg)

    def _returning(self, goal: Aim, aim: Aim, dt_s: float) -> Limits:
        """The limits now: stricter on the way back to a teacher who was lost."""
        if abs(goal.pan_deg - aim.pan_deg) <= self._dead_band_deg:
            self._return_left_s = 0.0
        self._return_left_s = max(self._return_left_s - dt_s, 0.0)
        return self._at_most(RETURN_DPS) if self._return_left_s else self._limits

    def _at_most(self, rate_dps: float) -> Limits:
        return replace(self._limits, max_rate_dps=min(rate_dps, self._limits.max_rate_dps))

    @property
    def doubted(self) -> tuple[str, ...]:
        """The axes whose pose does not follow what is asked of them."""
        return tuple(name for name, axis in (("pan", self._pan), ("tilt", self._tilt)) if axis.watch.doubted)

    def halt(self) -> None:
        """The motors were stopped by other means: the next command begins from rest."""
        self._pan.halt()
        self._tilt.halt()

    def _elapsed_s(self, now_ns: int) -> float:
        last_ns, self._last_ns = self._last_ns, now_ns
        return clamp((now_ns - last_ns) / NS_PER_S, 0.0, STEP_AT_MOST_S) if last_ns is not None else 0.0

    def _drive(self, goal: Aim, pan_rate_dps: float, aim: Aim, limits: Limits, dt_s: float) -> Rates:
        pan_error, tilt_error = goal.pan_deg - aim.pan_deg, goal.tilt_deg - aim.tilt_deg
        return Rates(
            self._pan.step(pan_error, pan_rate_dps, aim.pan_deg, self._dead_band_deg, limits, dt_s),
            self._tilt.step(tilt_error, 0.0, aim.tilt_deg, self._dead_band_deg, limits, dt_s),
        )


class _Axis:
    """One motor: its commanded rate and whether it is at rest."""

    def __init__(self, low_deg: float, high_deg: float) -> None:
        self.low_deg, self.high_deg = low_deg, high_deg
        self._rate_dps = 0.0
        self._moving = False
        self.watch = MotorWatch()

    def halt(self) -> None:
        self._rate_dps, self._moving = 0.0, False

    def step(
        self, error_deg: float, target_dps: float, at_deg: float, dead_band_deg: float, limits: Limits, dt_s: float
    ) -> float:
        if self._moving:
            self._moving = abs(error_deg) > REST_SHARE * dead_band_deg or abs(target_dps) > SLOW_DPS
        else:
            self._moving = abs(error_deg) > dead_band_deg
        wanted = target_dps + PULL_PER_S * error_deg if self._moving else 0.0
        wanted = clamp(wanted, -limits.max_rate_dps, limits.max_rate_dps)
        braking = 2 * BRAKE_SHARE * limits.max_acceleration_dps2
        wanted = min(wanted, math.sqrt(braking * max(self.high_deg - at_deg, 0.0)))
        wanted = max(wanted, -math.sqrt(braking * max(at_deg - self.low_deg, 0.0)))
        change = limits.max_acceleration_dps2 * dt_s
        self._rate_dps += clamp(wanted - self._rate_dps, -change, change)
        allowed = self.watch.allowed(self._rate_dps, at_deg, dt_s)
        if self.watch.doubted:
            self.halt()
        return allowed
