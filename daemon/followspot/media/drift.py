"""Tie a device's sample count to CLOCK_MONOTONIC by when its packets arrive."""

from collections import deque

_NS_PER_S = 1_000_000_000

# The promptest packet of this time is taken as undelayed: longer than a burst of late packets.
_WINDOW_NS = 1_000_000_000
# Follow the estimate this slowly: 200 ppm of clock error then cost 0.4 ms, and jitter is not heard.
_TIME_CONSTANT_NS = 2_000_000_000
# At first take the promptest packet as it is: packets that waited while the device was opened come late.
_SETTLE_NS = 200_000_000
# A change this large is no drift: samples were lost.
_STEP_NS = 30_000_000


class ArrivalClock:
    """Capture time of any sample, from arrivals that are never early and often late.

    The windowed minimum of (arrival - time by count) discards lateness, a first-order low-pass follows the drift.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._prompt: deque[tuple[int, int]] = deque()  # (arrival, offset), offsets rising: the first is the minimum
        self._first_arrival_ns = 0
        self._last_arrival_ns = 0
        self._offset_ns: float | None = None

    @property
    def settled(self) -> bool:
        """Whether enough has arrived for `time_ns` to be trusted."""
        return self._offset_ns is not None and self._last_arrival_ns - self._first_arrival_ns >= _SETTLE_NS

    def observe(self, samples_so_far: int, arrival_ns: int) -> None:
        """The packet that ends after `samples_so_far` samples arrived at `arrival_ns`."""
        self._keep(arrival_ns, arrival_ns - samples_so_far * _NS_PER_S // self._rate_hz)
        target = self._prompt[0][1]
        if self._offset_ns is None:
            self._first_arrival_ns = arrival_ns
        if self._offset_ns is None or not self.settled or abs(target - self._offset_ns) > _STEP_NS:
            self._offset_ns = target
        else:
            share = min((arrival_ns - self._last_arrival_ns) / _TIME_CONSTANT_NS, 1.0)
            self._offset_ns += (target - self._offset_ns) * share
        self._last_arrival_ns = arrival_ns

    def time_ns(self, sample: int) -> int:
        """When `sample` was captured. Only after the first `observe`."""
        assert self._offset_ns is not None
        return sample * _NS_PER_S // self._rate_hz + round(self._offset_ns)

    def _keep(self, arrival_ns: int, offset_ns: int) -> None:
        while self._prompt and self._prompt[-1][1] >= offset_ns:
            self._prompt.pop()
        self._prompt.append((arrival_ns, offset_ns))
        while self._prompt[0][0] < arrival_ns - _WINDOW_NS:
            self._prompt.popleft()
