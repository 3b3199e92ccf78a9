"""When a picture was exposed: by the driver's stamp as long as it can be believed, else by the arrival."""

import logging

_LOG = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000
# A picture cannot arrive before it was taken; the rest is the rounding of clocks.
_MAX_AHEAD_NS = 20_000_000
# A stamp further than this before its arrival is of another clock.
_MAX_BEHIND_NS = 5_000_000_000
# Pictures this much later than usual, for this long, are no backlog that is being worked off.
_LATE_NS = 1_000_000_000
_LATE_FOR_NS = 1_000_000_000


class ExposureClock:
    """Exposure times of one camera, CLOCK_MONOTONIC. Once its stamps were wrong they are not believed again."""

    def __init__(self, latency_ns: int, *, trusted: bool) -> None:
        """`latency_ns` from exposure to arrival, for pictures whose stamps are not believed from the start."""
        self._latency_ns = latency_ns
        self._trusted = trusted
        self._usual_ns: int | None = None
        self._previous_ns: int | None = None
        self._late_since_ns: int | None = None

    def exposure_ns(self, stamp_ns: int | None, arrival_ns: int) -> int:
        """When the picture with this stamp, if it has one, was exposed."""
        if self._trusted and stamp_ns is not None:
            wrong = self._what_is_wrong(stamp_ns, arrival_ns)
            if wrong is None:
                self._learn(stamp_ns, arrival_ns)
                return stamp_ns
            self._distrust(wrong)
        return arrival_ns - self._latency_ns

    def _what_is_wrong(self, stamp_ns: int, arrival_ns: int) -> str | None:
        latency_ns = arrival_ns - stamp_ns
        if not -_MAX_AHEAD_NS <= latency_ns <= _MAX_BEHIND_NS:
            return f"are {-latency_ns / _NS_PER_S:.2f} s away from CLOCK_MONOTONIC"
        if self._previous_ns is not None and stamp_ns <= self._previous_ns:
            return f"went back by {(self._previous_ns - stamp_ns) / _NS_PER_S:.2f} s"
        if self._usual_ns is None or latency_ns - self._usual_ns <= _LATE_NS:
            self._late_since_ns = None
        elif self._late_since_ns is None:
            self._late_since_ns = arrival_ns
        elif arrival_ns - self._late_since_ns > _LATE_FOR_NS:
            return f"stay {(latency_ns - self._usual_ns) / _NS_PER_S:.2f} s later than they were"
        return None

    def _learn(self, stamp_ns: int, arrival_ns: int) -> None:
        latency_ns = arrival_ns - stamp_ns
        self._usual_ns = latency_ns if self._usual_ns is None else min(self._usual_ns, latency_ns)
        self._previous_ns = stamp_ns

    def _distrust(self, wrong: str) -> None:
        self._trusted = False
        if self._usual_ns is not None:
            self._latency_ns = self._usual_ns
        _LOG.warning(
            "the camera's time stamps %s: the time of arrival is used; if it stays so, "
            'set camera.timestamps = "arrival" and camera.latency_ms',
            wrong,
        )
