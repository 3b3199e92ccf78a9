"""A path that is decided later than it is shown: the calmest one that stays near where it should be.

The path is a uniform cubic B-spline, so position, speed and acceleration are continuous whatever is decided. Each
step decides one more coefficient, knowing the zones of the path's next steps: it minimises

    sum((Δc)² a₁ + (Δ²c)² a₂ + (Δ³c)² a₃) + sum(w · d(v)²)

over the coefficients c to come, where the ones decided before are fixed, v are the path's values at the steps, and d
is how far a value lies outside its zone. Inside the zone nothing pulls: a path at rest stays at rest.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

REST_STEPS = 3.0
"""Within its zone a path comes to rest in about so many steps."""
INNER = 0.65
"""A path that moves is led into this part of its zones; one that rests wakes at their edges."""
SLOW = 0.002
"""Who moves less than this share of the zone in three steps stops: nobody sees it."""
ROUNDS = 8
"""The set of values outside their zones is found in two or three rounds, and never costs more than this."""
FIXED = 4
"""So many decided coefficients reach into what is still to be decided."""
LOOSE = 1e-6
"""Before anything is decided the middle of the zones pulls this much, so that there is one answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """From where to where the path's values may lie at the steps to come, and what each is worth."""

    low: Values
    high: Values
    worth: Values

    @property
    def inner(self) -> Zones:
        """Their inner parts."""
        margin = (self.high - self.low) * (1 - INNER) / 2
        return Zones(self.low + margin, self.high - margin, self.worth)


@dataclass(frozen=True, slots=True, eq=False)
class _System:
    """What does not depend on the zones, for one number of steps."""

    values: Values
    """From coefficients to values at the steps."""
    calm: Values
    """The calm's quadratic form over all coefficients."""


class Glide:
    """One axis. Steps count from 0; the path can be read up to the end of the last decided step."""

    def __init__(self, pace: float) -> None:
        """`pace` (radians per step): faster deviations than this are smoothed away."""
        self._pace = pace
        self._coefficients: deque[float] = deque(maxlen=2 * FIXED)
        self._next = 0

    @property
    def first_free(self) -> int:
        """The first step whose zone still counts."""
        return self._next - 1

    @property
    def reached(self) -> float:
        """The value at the step before that one."""
        a, b, c = list(self._coefficients)[-3:]
        return (a + 4 * b + c) / 6

    def begin(self, step: int, zones: Zones) -> None:
        """Begin anew with `step`, whose zone is the first of `zones`."""
        solved = _solved(self._pace, np.empty(0), zones.inner)
        self._coefficients.clear()
        self._coefficients.extend(float(value) for value in solved[:FIXED])
        self._next = step + FIXED - 1

    def decide(self, zones: Zones) -> Values:
        """Decide one more step, by the zones from `first_free` on; the values that are now expected there.

        Once it moves, a path goes on into the inner part of its zones, so that it does not wake again at once.
        """
        fixed = np.array(list(self._coefficients)[-FIXED:])
        rest = float(fixed[-1])
        slow = np.ptp(fixed) <= SLOW * float(zones.high[0] - zones.low[0])
        if slow and bool(np.all((zones.low <= rest) & (rest <= zones.high))):
            solved = np.append(fixed, np.full(len(zones.low), rest))
        else:
            solved = _solved(self._pace, fixed, zones.inner)
        self._coefficients.append(float(solved[FIXED]))
        self._next += 1
        values: Values = _system(self._pace, len(solved), len(zones.low)).values @ solved
        return values

    def knows(self, step: float) -> bool:
        """Whether the path is decided there."""
        return math.floor(step) + 2 < self._next

    def at(self, step: float) -> float:
        """The path's value at a step or between two."""
        whole = math.floor(step)
        s = step - whole
        place = len(self._coefficients) - (self._next - (whole - 1))
        a, b, c, d = (self._coefficients[place + i] for i in range(4))
        weights = (1 - s) ** 3, 3 * s**3 - 6 * s**2 + 4, -3 * s**3 + 3 * s**2 + 3 * s + 1, s**3
        return (weights[0] * a + weights[1] * b + weights[2] * c + weights[3] * d) / 6


@lru_cache(maxsize=32)
def _system(pace: float, count: int, steps: int) -> _System:
    values = np.zeros((steps, count))
    first = count - steps - 2
    for row in range(steps):
        values[row, first + row : first + row + 3] = (1 / 6, 4 / 6, 1 / 6)
    second = pace**-4
    weights = (second / (REST_STEPS * REST_STEPS), second, pace**-6)
    calm = np.zeros((count, count))
    for order, weight in enumerate(weights, start=1):
        differences = np.diff(np.eye(count), order, axis=0)
        calm += weight * differences.T @ differences
    return _System(values, calm)


def _solved(pace: float, fixed: Values, zones: Zones) -> Values:
    """All coefficients, the fixed ones first: Newton's method on a function that is quadratic in pieces."""
    steps, kept = len(zones.low), len(fixed)
    count = steps + (FIXED if kept else 2)
    system = _system(pace, count, steps)
    free = system.values[:, kept:]
    quadratic = system.calm[kept:, kept:]
    linear = -system.calm[kept:, :kept] @ fixed if kept else np.zeros(count)
    resting = system.values[:, :kept] @ fixed if kept else np.zeros(steps)
    solution = np.full(count - kept, fixed[-1] if kept else float(np.mean(zones.low + zones.high) / 2))
    if not kept:
        pull = LOOSE * zones.worth
        quadratic = quadratic + (free * pull[:, None]).T @ free
        linear = linear + free.T @ (pull * (zones.low + zones.high) / 2)
    active: npt.NDArray[np.bool_] | None = None
    for _ in range(ROUNDS):
        values = free @ solution + resting
        below, above = values < zones.low, values > zones.high
        outside = below | above
        if active is not None and bool(np.array_equal(outside, active)):
            break
        active = outside
        weight = np.where(outside, zones.worth, 0.0)
        edge = np.where(below, zones.low, zones.high)
        solution = np.linalg.solve(
            quadratic + (free * weight[:, None]).T @ free, linear + free.T @ (weight * (edge - resting))
        )
    return np.concatenate((fixed, solution))
