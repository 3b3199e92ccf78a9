"""Other ways of turning a camera after somebody, one axis at a time, from their published descriptions.

Degrees and seconds. `where` is the bearing that was measured (None: nothing lately), `at` where the motor points.
"""

import math
from typing import Protocol

from followspot.domain.geometry import clamp, wrap_deg

FASTEST_DPS = 60.0
"""None of them is driven faster."""


class Aimer(Protocol):
    """One axis."""

    def rate_dps(self, where_deg: float | None, at_deg: float, dt_s: float) -> float:
        """The rate to ask of the motor now."""


class Proportional:
    """The textbook's tracker: nothing inside the dead band, else a rate in proportion to the error."""

    DEAD_BAND_DEG, GAIN_PER_S = 3.0, 3.0

    def rate_dps(self, where_deg: float | None, at_deg: float, dt_s: float) -> float:  # noqa: ARG002  (it has no memory)
        if where_deg is None:
            return 0.0
        error = wrap_deg(where_deg - at_deg)
        return clamp(self.GAIN_PER_S * error, -FASTEST_DPS, FASTEST_DPS) if abs(error) > self.DEAD_BAND_DEG else 0.0


class OneEuro:
    """The one-euro filter (Casiez, Roussel, Vogel 2012): a low-pass whose cut-off rises with the speed."""

    def __init__(self, cutoff_hz: float, beta: float, speed_cutoff_hz: float) -> None:
        self._cutoff_hz, self._beta, self._speed_cutoff_hz = cutoff_hz, beta, speed_cutoff_hz
        self._last: float | None = None
        self.speed = 0.0

    def filtered(self, value: float, dt_s: float) -> float:
        """The next value."""
        if self._last is None or dt_s <= 0:
            self._last = value if self._last is None else self._last
            return self._last
        speed = (value - self._last) / dt_s
        self.speed += _share(self._speed_cutoff_hz, dt_s) * (speed - self.speed)
        self._last += _share(self._cutoff_hz + self._beta * abs(self.speed), dt_s) * (value - self._last)
        return self._last


def _share(cutoff_hz: float, dt_s: float) -> float:
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * dt_s))


class OneEuroLead:
    """A desktop tracker of a pan-tilt camera: the bearing through a one-euro filter, led by its speed; then PD."""

    GAIN_PER_S, DAMPING, DEAD_BAND_DEG, LEAD_S = 3.0, 0.15, 1.0, 0.15
    CUTOFF_HZ, BETA, SPEED_CUTOFF_HZ = 1.0, 0.05, 1.0

    def __init__(self) -> None:
        self._filter = OneEuro(self.CUTOFF_HZ, self.BETA, self.SPEED_CUTOFF_HZ)
        self._error = 0.0

    def rate_dps(self, where_deg: float | None, at_deg: float, dt_s: float) -> float:
        if where_deg is None:
            self._error = 0.0
            return 0.0
        led = self._filter.filtered(where_deg, dt_s) + self.LEAD_S * self._filter.speed
        error = wrap_deg(led - at_deg)
        change = (error - self._error) / dt_s if dt_s > 0 else 0.0
        self._error = error
        if abs(error) <= self.DEAD_BAND_DEG:
            return 0.0
        return clamp(self.GAIN_PER_S * error + self.DAMPING * change, -FASTEST_DPS, FASTEST_DPS)


class MoveAndWait:
    """A surveillance recorder's autotracker: beyond the threshold one move to where she is, then wait and look anew."""

    THRESHOLD_DEG, ARRIVED_DEG, WAIT_S, GAIN_PER_S = 6.0, 0.7, 0.5, 4.0

    def __init__(self) -> None:
        self._goal_deg: float | None = None
        self._wait_s = 0.0

    def rate_dps(self, where_deg: float | None, at_deg: float, dt_s: float) -> float:
        if self._goal_deg is not None:
            left = wrap_deg(self._goal_deg - at_deg)
            if abs(left) > self.ARRIVED_DEG:
                return clamp(self.GAIN_PER_S * left, -FASTEST_DPS, FASTEST_DPS)
            self._goal_deg, self._wait_s = None, self.WAIT_S
        self._wait_s = max(self._wait_s - dt_s, 0.0)
        if where_deg is not None and not self._wait_s and abs(wrap_deg(where_deg - at_deg)) > self.THRESHOLD_DEG:
            self._goal_deg = where_deg
        return 0.0
