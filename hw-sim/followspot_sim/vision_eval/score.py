"""What counts as seen, and the figures of many pictures."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from followspot_sim.vision_eval.eye import Seen
from followspot_sim.vision_eval.samples import Truth

ACROSS_SHARE, TOP_SHARE = 0.12, 0.12
"""A hit lies within these shares of the body's height from the true middle and the true top of the head."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is told apart: where the pictures come from, the view, the distance (None: any), and who looks."""

    series: str
    view: str
    distance_m: float | None
    detector: str


@dataclass
class Tally:
    """Pictures of one kind. Errors are shares of the body's height: across, of the head's top, of the height."""

    tried: int = 0
    hits: int = 0
    placed: int = 0
    """Right across, whatever was said of the head's top."""
    wrong: int = 0
    """Somebody was seen where nobody is."""
    across: list[float] = field(default_factory=list)
    top: list[float] = field(default_factory=list)
    height: list[float] = field(default_factory=list)
    cost_ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float | int | None]:
        """For the JSON file."""
        return {
            "pictures": self.tried,
            "found": self.hits / self.tried,
            "placed": self.placed / self.tried,
            "wrong": self.wrong / self.tried,
            "across_median": _median(self.across),
            "head_top_median": _median(self.top),
            "height_median": _median(self.height),
            "cost_ms_mean": float(np.mean(self.cost_ms)),
        }


class Score:
    """All tallies."""

    def __init__(self) -> None:
        self.tallies: dict[Kind, Tally] = defaultdict(Tally)

    def note(self, kind: Kind, truth: Truth | None, seen: Seen | None, cost_ms: float) -> bool:
        """Count one picture; whether it was judged right. Without `truth` nobody is in it."""
        tally = self.tallies[kind]
        tally.tried += 1
        tally.cost_ms.append(cost_ms)
        hit = is_hit(truth, seen)
        tally.hits += hit and truth is not None
        tally.placed += truth is not None and seen is not None and _is_near(truth, seen)
        tally.wrong += seen is not None and not hit
        if hit and truth is not None and seen is not None:
            tally.across.append(abs(seen.x - truth.x) / truth.height)
            tally.top.append(abs(seen.top - truth.top) / truth.height)
            tally.height.append(abs(math.log(seen.height / truth.height)))
        return hit


def is_hit(truth: Truth | None, seen: Seen | None) -> bool:
    """Whether what is seen is what is there."""
    if truth is None or seen is None:
        return truth is None and seen is None
    return _is_near(truth, seen) and abs(seen.top - truth.top) <= TOP_SHARE * truth.height


def _is_near(truth: Truth, seen: Seen) -> bool:
    return abs(seen.x - truth.x) <= ACROSS_SHARE * truth.height


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None
