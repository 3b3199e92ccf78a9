"""One command's whole motion of one axis, laid out in stretches of constant jerk: exact at any instant."""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class AxisLimits:
    """What one axis can do, and what is wrong with it.

    `backlash_deg` is the play of its gear: the camera follows the motor only when that is used up. `stick_dps`:
    friction holds a standing axis against commands of a lower rate.
    """

    min_deg: float
    max_deg: float
    max_rate_dps: float
    max_acceleration_dps2: float
    max_jerk_dps3: float = math.inf
    backlash_deg: float = 0.0
    stick_dps: float = 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Constant jerk, mostly none, from `start_s` (after the start of its motion) on."""

    start_s: float
    position_deg: float
    rate_dps: float
    acceleration_dps2: float = 0.0
    jerk_dps3: float = 0.0

    def at(self, time_s: float) -> tuple[float, float]:
        """Position and rate at `time_s` after the start of the motion."""
        elapsed_s = time_s - self.start_s
        rate_dps = self.rate_dps + (self.acceleration_dps2 + self.jerk_dps3 / 2 * elapsed_s) * elapsed_s
        mean_dps = self.rate_dps + (self.acceleration_dps2 / 2 + self.jerk_dps3 / 6 * elapsed_s) * elapsed_s
        return self.position_deg + mean_dps * elapsed_s, rate_dps

    def acceleration_at(self, time_s: float) -> float:
        """Acceleration at `time_s` after the start of the motion."""
        return self.acceleration_dps2 + self.jerk_dps3 * (time_s - self.start_s)

    def turns_s(self) -> Iterator[float]:
        """When, from `start_s` on, the rate passes through zero."""
        for root_s in _roots(self.jerk_dps3 / 2, self.acceleration_dps2, self.rate_dps):
            if root_s > 0:
                yield self.start_s + root_s


@dataclass(frozen=True, slots=True)
class Motion:
    """One command's whole motion; its last stretch lasts for ever. `load_deg` is where the camera stood at first."""

    start_ns: int
    stretches: tuple[Stretch, ...]
    load_deg: float = 0.0

    def at(self, time_ns: int) -> tuple[float, float]:
        """Position and rate of the motor at `time_ns`; before the start, those at the start."""
        time_s = max(time_ns - self.start_ns, 0) / NS_PER_S
        return self._stretch(time_s).at(time_s)

    def acceleration_at(self, time_ns: int) -> float:
        """Acceleration of the motor at `time_ns`."""
        time_s = max(time_ns - self.start_ns, 0) / NS_PER_S
        return self._stretch(time_s).acceleration_at(time_s)

    def load_at(self, time_ns: int, backlash_deg: float) -> float:
        """Position of what hangs behind a gear with this play.

        The classic play operator: it stays unless the motor pushes it, so only the motor's turning points count.
        """
        time_s = max(time_ns - self.start_ns, 0) / NS_PER_S
        load_deg, half_deg = self.load_deg, backlash_deg / 2
        for turn_s in (*self._turns_s(time_s), time_s):
            position_deg = self._stretch(turn_s).at(turn_s)[0]
            load_deg = min(max(load_deg, position_deg - half_deg), position_deg + half_deg)
        return load_deg

    def _turns_s(self, until_s: float) -> Iterator[float]:
        ends_s = [*(stretch.start_s for stretch in self.stretches[1:]), math.inf]
        for stretch, end_s in zip(self.stretches, ends_s, strict=True):
            yield from sorted(turn_s for turn_s in stretch.turns_s() if turn_s < min(end_s, until_s))

    def _stretch(self, time_s: float) -> Stretch:
        index = bisect_right(self.stretches, time_s, key=lambda stretch: stretch.start_s)
        return self.stretches[max(index - 1, 0)]


def chain(
    start_s: float, position_deg: float, rate_dps: float, phases: list[tuple[float, float, float]]
) -> list[Stretch]:
    """Stretches one behind the other, from phases of (seconds, acceleration at first, jerk); then constant rate."""
    stretches = []
    for seconds, acceleration, jerk in phases:
        stretch = Stretch(start_s, position_deg, rate_dps, acceleration, jerk)
        stretches.append(stretch)
        start_s += seconds
        position_deg, rate_dps = stretch.at(start_s)
    return [*stretches, Stretch(start_s, position_deg, rate_dps)]


def _roots(a: float, b: float, c: float) -> list[float]:
    """Real roots of a t² + b t + c that are crossings."""
    if a == 0:
        return [] if b == 0 else [-c / b]
    inside = b * b - 4 * a * c
    if inside <= 0:
        return []
    return [(-b + sign * math.sqrt(inside)) / (2 * a) for sign in (-1, 1)]
