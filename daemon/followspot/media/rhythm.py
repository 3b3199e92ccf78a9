"""How often pictures come, and which of them are recorded."""

import logging
from collections import deque
from itertools import pairwise
from statistics import median

_LOG = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000
# Without a picture for this long the last one is held: longer than any hiccup, shorter than what looks broken.
_HOLD_AFTER_NS = 250_000_000
# A slow camera is not a missing one.
_HOLD_AFTER_PERIODS = 2.5
# Times between pictures that tell the present pace: few, since a camera slows down at once when the light goes out.
_RECENT_INTERVALS = 5
# Times between pictures that tell how fast a camera is: many, since pictures may come in bursts.
_RATE_INTERVALS = 30


class Rhythm:
    """The present pace of a camera, from the exposures of its pictures."""

    def __init__(self, period_ns: int) -> None:
        """`period_ns` is expected until enough pictures were seen."""
        self._period_ns = period_ns
        self._exposures: deque[int] = deque(maxlen=_RECENT_INTERVALS + 1)

    def observe(self, exposure_ns: int) -> None:
        """One more picture."""
        self._exposures.append(exposure_ns)

    @property
    def hold_after_ns(self) -> int:
        """How long a picture may be missing before it is."""
        period_ns = self._period_ns
        if len(self._exposures) > _RECENT_INTERVALS:
            period_ns = max(period_ns, round(median(b - a for a, b in pairwise(self._exposures))))
        return max(_HOLD_AFTER_NS, round(period_ns * _HOLD_AFTER_PERIODS))


class Thinning:
    """Keeps every n-th picture of a camera that is n times faster than is recorded."""

    def __init__(self, rate_hz: float) -> None:
        """`rate_hz` is wanted."""
        self._rate_hz = rate_hz
        self._exposures: deque[int] = deque(maxlen=_RATE_INTERVALS + 1)
        self._since_kept = 0
        self._told = False

    def keeps(self, exposure_ns: int) -> bool:
        """Whether the next picture is recorded."""
        self._exposures.append(exposure_ns)
        self._since_kept += 1
        if self._since_kept < self._times_faster():
            return False
        self._since_kept = 0
        return True

    def _times_faster(self) -> int:
        span_ns = self._exposures[-1] - self._exposures[0]
        if len(self._exposures) <= _RATE_INTERVALS or span_ns <= 0:
            return 1
        rate_hz = _RATE_INTERVALS * _NS_PER_S / span_ns
        times = max(1, round(rate_hz / self._rate_hz))
        if times > 1 and not self._told:
            _LOG.warning(
                "the camera gives %.0f pictures a second, camera.rate_hz is %g: one of %d is recorded; "
                "set framerate in camera.options to save the processor the others",
                rate_hz,
                self._rate_hz,
                times,
            )
            self._told = True
        return times
