"""Tie a device's sample count to CLOCK_MONOTONIC by when its packets arrive."""

from collections import deque
from dataclasses import dataclass

_NS_PER_S = 1_000_000_000

# The promptest packet of this time is taken as undelayed: longer than a burst of late packets.
_WINDOW_NS = 1_000_000_000
# Follow the estimate this slowly: 200 ppm of clock error then cost 0.4 ms, and jitter is not heard.
_TIME_CONSTANT_NS = 2_000_000_000
# At first take the promptest packet as it is: packets that waited while the device was opened come late.
_SETTLE_NS = 200_000_000
# A change this large is no drift: samples were lost.
_STEP_NS = 30_000_000
# Packets that are steadily late for this long are not late: samples before them were lost. A burst of late packets
# catches up with the clock instead. Shorter than the encoder waits for sound.
_DECIDE_NS = 200_000_000


@dataclass(slots=True)
class _LateRun:
    """Packets in a row that came much later than their count says."""

    since_ns: int
    least_ns: int
    most_ns: int

    def add(self, offset_ns: int) -> None:
        self.least_ns = min(self.least_ns, offset_ns)
        self.most_ns = max(self.most_ns, offset_ns)

    def is_steady_above(self, offset_ns: float) -> bool:
        return self.most_ns - self.least_ns < (self.least_ns - offset_ns) / 2


class ArrivalClock:
    """Capture time of any sample, from arrivals that are never early and often late.

    The windowed minimum of (arrival - time by count) discards lateness, a first-order low-pass follows the drift.
    Where samples were lost, it steps.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._prompt: deque[tuple[int, int]] = deque()  # (arrival, offset), offsets rising: the first is the minimum
        self._first_arrival_ns = 0
        self._last_arrival_ns = 0
        self._offset_ns: float | None = None
        self._late: _LateRun | None = None

    @property
    def settled(self) -> bool:
        """Whether enough has arrived for `time_ns` to be trusted."""
        return self._offset_ns is not None and self._last_arrival_ns - self._first_arrival_ns >= _SETTLE_NS

    @property
    def undecided(self) -> bool:
        """Whether the newest packets are late, or samples before them are lost: `time_ns` will tell soon."""
        return self._late is not None and self._last_arrival_ns - self._late.since_ns < _DECIDE_NS

    def observe(self, samples_so_far: int, arrival_ns: int) -> bool:
        """The packet that ends after `samples_so_far` samples arrived at `arrival_ns`.

        Whether there is a step: from the first packet that was undecided on (or this one), times are new.
        """
        offset_ns = arrival_ns - samples_so_far * _NS_PER_S // self._rate_hz
        self._keep(arrival_ns, offset_ns)
        stepped = False
        if self._offset_ns is None:
            self._first_arrival_ns = arrival_ns
            self._offset_ns = offset_ns
        elif not self.settled:
            self._offset_ns = self._prompt[0][1]
        else:
            self._note_lateness(arrival_ns, offset_ns, self._offset_ns)
            stepped = self._follow(arrival_ns, self._offset_ns)
        self._last_arrival_ns = arrival_ns
        return stepped

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

    def _note_lateness(self, arrival_ns: int, offset_ns: int, believed_ns: float) -> None:
        """Judge the run of late packets; when samples were lost before it, only its own packets count any more."""
        if offset_ns - believed_ns <= _STEP_NS:
            self._late = None
            return
        if self._late is None:
            self._late = _LateRun(arrival_ns, offset_ns, offset_ns)
        self._late.add(offset_ns)
        if arrival_ns - self._late.since_ns >= _DECIDE_NS and self._late.is_steady_above(believed_ns):
            while self._prompt[0][0] < self._late.since_ns:
                self._prompt.popleft()

    def _follow(self, arrival_ns: int, believed_ns: float) -> bool:
        target_ns = self._prompt[0][1]
        if abs(target_ns - believed_ns) > _STEP_NS:
            self._offset_ns = target_ns
            self._late = None
            return True
        share = min((arrival_ns - self._last_arrival_ns) / _TIME_CONSTANT_NS, 1.0)
        self._offset_ns = believed_ns + (target_ns - believed_ns) * share
        return False
