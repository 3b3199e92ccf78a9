"""The dock's clock on the host's time line."""

import itertools
from collections import deque
from dataclasses import dataclass

_SLICE_NS = 1_000_000_000
_SLICES = 8
"""Long enough to hold messages that met no delay either way, short enough that drift hardly matters."""
_MAX_DRIFT_PPM = 200
"""Twice what a poor crystal does over temperature."""
_ABSURD_NS = 1_000_000_000
"""No transport that still works delays a message by this much: such a stamp is wrong, not late."""

_Bound = tuple[int, int]
"""A bound of the offset between the clocks, and the dock time at which it held."""


@dataclass(slots=True)
class _Slice:
    """The tightest bounds that a second of traffic gave; each with the dock time at which it held."""

    begun_ns: int
    lower_ns: int | None = None
    lower_at_ns: int = 0
    upper_ns: int | None = None
    upper_at_ns: int = 0


class DockClock:
    """Maps dock microseconds to host CLOCK_MONOTONIC nanoseconds and back.

    A message takes time, never negative time. So `arrival - dock's stamp` of what the dock sent is an upper bound of
    the offset between the clocks, and `sending - dock's stamp of receipt` of what the host sent is a lower one; the
    truth lies between, and the middle errs by at most half the shortest round trip. This is the estimate by minimum
    delay of NTP (RFC 5905, clock filter), with every report as a further sample of one direction. Bounds of the last
    seconds are carried to the present by the drift that they themselves allow.
    """

    def __init__(self) -> None:
        self._slices: deque[_Slice] = deque(maxlen=_SLICES)
        self._drift = 0.0
        self._lower: _Bound | None = None
        self._upper: _Bound | None = None

    def heard(self, dock_us: int, arrival_ns: int) -> bool:
        """A message stamped `dock_us` as it left arrived at `arrival_ns`; False where the stamp is absurd."""
        offset_ns = arrival_ns - dock_us * 1000
        if self._is_absurd(offset_ns, dock_us):
            return False
        now = self._slice(arrival_ns)
        if now.upper_ns is None or offset_ns < now.upper_ns:
            now.upper_ns, now.upper_at_ns = offset_ns, dock_us * 1000
            self._tighten()
        return True

    def reached(self, sent_ns: int, dock_us: int) -> None:
        """A message sent at `sent_ns` had reached the dock at `dock_us`."""
        offset_ns = sent_ns - dock_us * 1000
        if self._is_absurd(offset_ns, dock_us):
            return
        now = self._slice(sent_ns)
        if now.lower_ns is None or offset_ns > now.lower_ns:
            now.lower_ns, now.lower_at_ns = offset_ns, dock_us * 1000
            self._tighten()

    def host_ns(self, dock_us: int) -> int:
        """When it was `dock_us` at the dock. Raises ValueError before the first stamp."""
        dock_ns = dock_us * 1000
        return dock_ns + self._offset_ns(dock_ns)

    def dock_us(self, host_ns: int) -> int:
        """What the dock's clock showed at `host_ns`. Raises ValueError before the first stamp."""
        about_ns = host_ns - self._offset_ns(self._latest_dock_ns())
        return (host_ns - self._offset_ns(about_ns)) // 1000

    def uncertainty_ns(self) -> int | None:
        """By how much `host_ns` can be wrong at most, now; None until both directions were heard."""
        lower, upper = self._bounds(self._latest_dock_ns()) if self._slices else (None, None)
        return None if lower is None or upper is None else abs(upper - lower) // 2

    def _slice(self, now_ns: int) -> _Slice:
        if not self._slices or now_ns - self._slices[-1].begun_ns >= _SLICE_NS:
            self._slices.append(_Slice(now_ns))
            self._drift = self._estimate_drift()
            self._tighten()
        return self._slices[-1]

    def _is_absurd(self, offset_ns: int, dock_us: int) -> bool:
        return bool(self._slices) and abs(offset_ns - self._offset_ns(dock_us * 1000)) > _ABSURD_NS

    def _offset_ns(self, dock_ns: int) -> int:
        lower, upper = self._bounds(dock_ns)
        if lower is None or upper is None:
            one = upper if lower is None else lower
            if one is None:
                raise ValueError("nothing was heard from the dock's clock")
            return one
        return (lower + upper) // 2

    def _bounds(self, dock_ns: int) -> tuple[int | None, int | None]:
        lower = self._carried(self._lower, dock_ns) if self._lower is not None else None
        upper = self._carried(self._upper, dock_ns) if self._upper is not None else None
        return lower, upper

    def _tighten(self) -> None:
        """Find the tightest bounds: all move by the same drift, so they stay the tightest at any time."""
        latest_ns = self._latest_dock_ns()
        lowers = [(s.lower_ns, s.lower_at_ns) for s in self._slices if s.lower_ns is not None]
        uppers = [(s.upper_ns, s.upper_at_ns) for s in self._slices if s.upper_ns is not None]
        self._lower = max(lowers, key=lambda bound: self._carried(bound, latest_ns), default=None)
        self._upper = min(uppers, key=lambda bound: self._carried(bound, latest_ns), default=None)

    def _carried(self, bound: _Bound, dock_ns: int) -> int:
        return bound[0] + round((dock_ns - bound[1]) * self._drift)

    def _latest_dock_ns(self) -> int:
        return max((max(s.lower_at_ns, s.upper_at_ns) for s in self._slices), default=0)

    def _estimate_drift(self) -> float:
        """The middle of the drifts that no pair of bounds rules out."""
        least, most = -_MAX_DRIFT_PPM / 1e6, _MAX_DRIFT_PPM / 1e6
        for old, new in itertools.combinations(self._slices, 2):
            most = min(most, _slope(old.lower_ns, old.lower_at_ns, new.upper_ns, new.upper_at_ns, most))
            least = max(least, _slope(old.upper_ns, old.upper_at_ns, new.lower_ns, new.lower_at_ns, least))
        return (least + most) / 2 if least <= most else self._drift


def _slope(old_ns: int | None, old_at_ns: int, new_ns: int | None, new_at_ns: int, unknown: float) -> float:
    """The drift from one bound to another; `unknown` where there are not two, or they are too close to tell."""
    span_ns = new_at_ns - old_at_ns
    if old_ns is None or new_ns is None or span_ns < _SLICE_NS // 2:
        return unknown
    return (new_ns - old_ns) / span_ns
