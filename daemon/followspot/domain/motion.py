"""Moving a view softly, and not at all for small reasons."""

from dataclasses import dataclass

from followspot.domain.geometry import clamp


@dataclass(frozen=True, slots=True)
class Manner:
    """How one axis of the view follows.

    It wakes when the error exceeds `wake` (a share of the slack) and rests again below `rest`, once target and
    view are slower than `slow` (units per second). `omega` (rad/s) is the stiffness of a critically damped spring, up
    to `hurry` times stiffer as the error nears the slack; `acceleration` bounds it, times the same factor squared.
    """

    wake: float
    rest: float
    slow: float
    omega: float
    hurry: float
    acceleration: float


@dataclass(slots=True)
class Follower:
    """One axis of the view: a position that follows a target on a critically damped spring, with a quiet zone."""

    manner: Manner
    position: float = 0.0
    velocity: float = 0.0
    moving: bool = False

    def settle(self, position: float) -> None:
        """Be there at once, at rest."""
        self.position, self.velocity, self.moving = position, 0.0, False

    def step(self, target: float, target_rate: float, slack: float, dt_s: float) -> float:
        """Follow for `dt_s`; `slack` (> 0) is the error at which the picture would be wrong."""
        manner, error = self.manner, target - self.position
        share = min(abs(error) / slack, 1.0)
        slow = max(abs(target_rate), abs(self.velocity)) < manner.slow
        self.moving = share > manner.rest or not slow if self.moving else share > manner.wake
        if not self.moving:
            error = target_rate = 0.0
        stiffness = 1 + (manner.hurry - 1) * share * share
        omega = manner.omega * stiffness
        limit = manner.acceleration * stiffness * stiffness
        pull = clamp(omega * omega * error + 2 * omega * (target_rate - self.velocity), -limit, limit)
        self.velocity += pull * dt_s
        if not self.moving and abs(self.velocity) < manner.slow / 20:
            self.velocity = 0.0
        self.position += self.velocity * dt_s
        return self.position
