"""Robust, not tuned: the same lessons with motors, delays, noise and lens changed by 30 % either way."""

import math
from collections.abc import Mapping, Sequence

from followspot_sim.proof.card import Card

CHANGES = (0.7, 1.3)
VARIED = ("plant_speed", "latency", "noise", "lens")
VARIATIONS: tuple[Mapping[str, float], ...] = ({}, *({name: change} for name in VARIED for change in CHANGES))
"""The first is the lesson as it is."""
HEADING = ("changed", "", "safe", "least safe", "", "miss", "p95", "walking px2", "standing px2", "motion")


def named(conditions: Mapping[str, float]) -> str:
    """A variation in words."""
    return ", ".join(f"{name} x {factor:g}" for name, factor in conditions.items()) or "nothing"


def row(conditions: Mapping[str, float], cards: Mapping[str, Card]) -> list[str]:
    """A line of the table from the cards of all scenarios, all seeds together."""
    least = min(cards, key=lambda scenario: cards[scenario].safe_share)
    several = list(cards.values())
    return [
        named(conditions),
        "",
        f"{_mean(several, 'safe_share'):.4f}",
        f"{cards[least].safe_share:.4f}",
        least,
        f"{max(card.longest_miss_s for card in several):.2f}",
        f"{_mean(several, 'error_p95'):.3f}",
        f"{_mean(several, 'walking_px2'):.2f}",
        f"{_mean(several, 'standing_px2'):.3f}",
        f"{_mean(several, 'motion_ratio'):.2f}",
    ]


def _mean(cards: Sequence[Card], figure: str) -> float:
    values = [value for value in (float(getattr(card, figure)) for card in cards) if not math.isnan(value)]
    return sum(values) / max(len(values), 1)
