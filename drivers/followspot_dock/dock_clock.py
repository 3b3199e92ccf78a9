"""The dock's clock on the host's time line."""

_WINDOW_NS = 5_000_000_000
"""Half of what is remembered: long enough to hold a report that came without delay, short enough that a clock
100 ppm off errs by no more than 1 ms."""


class DockClock:
    """Maps dock microseconds to host CLOCK_MONOTONIC nanoseconds.

    Delay on the way only ever adds, so the smallest `arrival - dock time` of the last 5 to 10 s is the best
    estimate of the offset between the clocks. A dock time that runs backwards means that the dock restarted.
    """

    def __init__(self) -> None:
        self._latest_us = -1
        self._window_end_ns = 0
        self._previous_ns: int | None = None
        self._current_ns: int | None = None

    def observe(self, dock_us: int, arrival_ns: int) -> None:
        """A message stamped `dock_us` arrived at `arrival_ns`; call in order of arrival, with fresh stamps only."""
        if dock_us < self._latest_us:
            self._previous_ns = self._current_ns = None
        self._latest_us = dock_us
        if arrival_ns >= self._window_end_ns:
            self._previous_ns, self._current_ns = self._current_ns, None
            self._window_end_ns = arrival_ns + _WINDOW_NS
        offset_ns = arrival_ns - dock_us * 1000
        self._current_ns = offset_ns if self._current_ns is None else min(self._current_ns, offset_ns)

    def host_ns(self, dock_us: int) -> int:
        """When it was `dock_us` at the dock. Raises ValueError before the first observation."""
        known = [offset for offset in (self._previous_ns, self._current_ns) if offset is not None]
        if not known:
            raise ValueError("nothing was heard from the dock's clock")
        return dock_us * 1000 + min(known)
