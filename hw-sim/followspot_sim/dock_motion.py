"""The dock's obedience: which motion is fresh, how long it lives, and how it ends."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from followspot_dock.protocol import messages
from followspot_dock.protocol.codes import Outcome, RefusalCode
from followspot_sim.plant import NS_PER_S, AxisLimits, Plant

Command = messages.Drive | messages.MoveTo | messages.Park
Done = Callable[[int, Outcome], None]
"""Told the id of a MoveTo or Park that ended, and how."""

PARKED_DEG = (0.0, -20.0)
"""Straight ahead and looking down, so that everyone sees that the camera rests."""
_GAIN_PER_S = 5.0
"""With the motors' latency of 30 ms far from swinging."""
_BRAKE_SHARE = 0.5
"""Of the acceleration that the motor has: the rest is for what the latency costs."""
_STEER_TTL_S = 0.1
_REACHED_DEG = 0.05
_REST_DPS = 0.5
_NS_PER_MS = 1_000_000


@dataclass(slots=True)
class _Motion:
    kind: int
    id: int
    target_deg: tuple[float, float] | None
    max_rate_dps: float
    end_ns: int


class MotionCore:
    """Takes motion commands of one conversation after the other; steers the plant."""

    def __init__(self, plant: Plant, done: Done) -> None:
        self._plant = plant
        self._done = done
        self._last_id: int | None = None
        self._motion: _Motion | None = None

    @property
    def motion_id(self) -> int:
        """Of the motion under way, 0 at rest."""
        return self._motion.id if self._motion is not None else 0

    def restart(self, now_ns: int) -> None:
        """Another host: stop, and take whatever id comes first."""
        self._plant.stop(now_ns)
        self._last_id = self._motion = None

    def take(self, command: Command, age_us: int, now_ns: int, *, barred: bool) -> RefusalCode | None:
        """Obey, or say why not; a command that is not newer than the last one is neither obeyed nor refused.

        `age_us` is how long ago the host gave it, `barred` whether a fault keeps the dock from moving. What would be
        wrong at any time is said first.
        """
        renews = self._renews(command)
        if not renews and not self._is_new(command.id):
            return None
        if not 1 <= command.ttl_ms <= messages.MAX_TTL_MS:
            return RefusalCode.TTL_OUT_OF_RANGE
        if isinstance(command, messages.MoveTo) and not self._is_within(command):
            return RefusalCode.VALUE_OUT_OF_RANGE
        end_ns = now_ns + command.ttl_ms * _NS_PER_MS - age_us * 1000
        if end_ns <= now_ns:
            return RefusalCode.TOO_OLD
        if barred:
            return RefusalCode.FAULT_STANDS
        if renews and self._motion is not None:
            self._motion.end_ns = max(self._motion.end_ns, end_ns)
        else:
            self._begin(command, now_ns, end_ns)
        return None

    def stop(self, identity: int, now_ns: int) -> None:
        """Stop, unless a newer command came already."""
        if self._last_id is None or identity == self._last_id or messages.is_newer(identity, self._last_id):
            self._last_id = identity
            self.halt(Outcome.STOPPED, now_ns)

    def halt(self, outcome: Outcome, now_ns: int) -> None:
        """Brake, whatever the motion was."""
        self._plant.stop(now_ns)
        self._finish(outcome)

    def advance(self, now_ns: int) -> None:
        """Steer towards the target; end what is over."""
        motion = self._motion
        if motion is None:
            return
        if now_ns >= motion.end_ns:
            self.halt(Outcome.EXPIRED, now_ns)
        elif motion.target_deg is not None:
            self._steer(motion.target_deg, motion.max_rate_dps, now_ns)

    def _begin(self, command: Command, now_ns: int, end_ns: int) -> None:
        self._finish(Outcome.REPLACED)
        self._last_id = command.id
        match command:
            case messages.Drive():
                self._motion = _Motion(command.TYPE, command.id, None, 0.0, end_ns)
                ttl_s = (end_ns - now_ns) / NS_PER_S
                self._plant.drive(now_ns, command.pan_rate_dps, command.tilt_rate_dps, ttl_s)
                return
            case messages.MoveTo():
                target, rate_dps = (command.pan_deg, command.tilt_deg), command.max_rate_dps or math.inf
                self._motion = _Motion(command.TYPE, command.id, target, rate_dps, end_ns)
            case messages.Park():
                self._motion = _Motion(command.TYPE, command.id, PARKED_DEG, math.inf, end_ns)
        self.advance(now_ns)

    def _finish(self, outcome: Outcome) -> None:
        motion, self._motion = self._motion, None
        if motion is not None and motion.target_deg is not None:
            self._done(motion.id, outcome)

    def _steer(self, target_deg: tuple[float, float], max_rate_dps: float, now_ns: int) -> None:
        position, rates = self._plant.encoders_at(now_ns), self._plant.rates_at(now_ns)
        errors = [target - present for target, present in zip(target_deg, position, strict=True)]
        if max(map(abs, errors)) < _REACHED_DEG and max(map(abs, rates)) < _REST_DPS:
            self.halt(Outcome.REACHED, now_ns)
            return
        pan, tilt = (
            _towards(error, max_rate_dps, limits) for error, limits in zip(errors, self._plant.limits, strict=True)
        )
        self._plant.drive(now_ns, pan, tilt, _STEER_TTL_S)

    def _renews(self, command: Command) -> bool:
        motion = self._motion
        if motion is None or motion.target_deg is None:
            return False
        return (command.TYPE, command.id) == (motion.kind, motion.id)

    def _is_new(self, identity: int) -> bool:
        return self._last_id is None or messages.is_newer(identity, self._last_id)

    def _is_within(self, command: messages.MoveTo) -> bool:
        pan, tilt = self._plant.limits
        return (
            pan.min_deg <= command.pan_deg <= pan.max_deg
            and tilt.min_deg <= command.tilt_deg <= tilt.max_deg
            and command.max_rate_dps >= 0
        )


def _towards(error_deg: float, max_rate_dps: float, limits: AxisLimits) -> float:
    """The rate from which the axis still comes to rest at the target."""
    braking_dps = math.sqrt(2 * _BRAKE_SHARE * limits.max_acceleration_dps2 * abs(error_deg))
    rate_dps = min(_GAIN_PER_S * abs(error_deg), braking_dps, max_rate_dps, limits.max_rate_dps)
    return math.copysign(rate_dps, error_deg)
