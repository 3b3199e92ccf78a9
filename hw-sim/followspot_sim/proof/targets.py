"""What the figures have to reach, and by which names they are shown."""

import math
from dataclasses import dataclass

from followspot_sim.proof.card import Card

STANDARD = (
    "calm-lecture",
    "pacing",
    "fast-walk-close",
    "board-work",
    "group-work",
    "sits-and-bends",
    "leaves-and-returns",
    "two-cross",
    "window-reflections",
    "under-a-coat",
    "marker-dies",
    "dock-stalls",
    "dark-room",
    "no-marker",
)
"""The shipped scenarios, in the order of their difficulty to a lesson."""
RECORDED = ("recorded", "recorded-coat", "recorded-windows")
"""These need recorded walks."""
FIRST = STANDARD[:7]
"""The everyday ones, which have the stricter targets."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, its bound, and whether more is better. `short`: the heading of its column."""

    figure: str
    short: str
    bound: float | None = None
    more: bool = False
    digits: int = 2

    def met(self, card: Card) -> bool:
        """Whether it is reached; what was not measured misses nothing."""
        value = getattr(card, self.figure)
        if self.bound is None or math.isnan(value):
            return True
        return bool(value >= self.bound if self.more else value <= self.bound)


COMMON = (
    Target("error_p95", "p95", 0.06, digits=3),
    Target("motion_ratio", "motion", 1.5),
    Target("standing_px2", "standing", 0.05, digits=3),
    Target("motor_settle_s", "settle", 2.0),
    Target("motor_overshoot_deg", "over", 1.0),
    Target("wrong_target_s", "wrong"),
    Target("sensor_loss_share", "sensor", digits=4),
    Target("crop_loss_share", "crop", digits=4),
    Target("walking_px2", "walking"),
    Target("motor_starts_per_min", "starts", digits=1),
)


def targets(scenario: str) -> tuple[Target, ...]:
    """Of one scenario."""
    strict = scenario in FIRST
    return (
        Target("safe_share", "safe", 0.995 if strict else 0.97, more=True, digits=4),
        Target("longest_miss_s", "miss", 2.0 if strict else None),
        *COMMON,
    )
