"""Positions that were asked for, on the host's time line."""

from followspot_dock.port import Pose

_MIN_BASE_NS = 30_000_000
"""Rates from positions closer together than this would be noise of the last digit."""


class PoseMaker:
    """Makes poses of answered questions. The dock has no clock, so the answer is dated half a round trip back;
    the rates are those between this position and the one before it."""

    def __init__(self) -> None:
        self._base: Pose | None = None
        self.last: Pose | None = None

    def answered(self, asked_ns: int, arrival_ns: int, pan_deg: float, tilt_deg: float) -> Pose | None:
        """The pose that this answer tells; None if it is older than what is known."""
        time_ns = (asked_ns + arrival_ns) // 2
        if self.last is not None and time_ns <= self.last.time_ns:
            return None
        base, rates = self._base, (0.0, 0.0)
        if base is not None and self.last is not None:
            elapsed_ns = time_ns - base.time_ns
            rates = (self.last.pan_rate_dps, self.last.tilt_rate_dps)
            if elapsed_ns >= _MIN_BASE_NS:
                rates = ((pan_deg - base.pan_deg) * 1e9 / elapsed_ns, (tilt_deg - base.tilt_deg) * 1e9 / elapsed_ns)
        self.last = Pose(time_ns, pan_deg, tilt_deg, *rates)
        if base is None or time_ns - base.time_ns >= _MIN_BASE_NS:
            self._base = self.last
        return self.last

    def reckon(self, now_ns: int, pan_dps: float, tilt_dps: float) -> Pose | None:
        """Where the dock should be by now, turning at these rates since the last pose; becomes the last pose."""
        if self.last is None:
            return None
        elapsed_s = (now_ns - self.last.time_ns) / 1e9
        pan_deg = self.last.pan_deg + pan_dps * elapsed_s
        tilt_deg = self.last.tilt_deg + tilt_dps * elapsed_s
        self._base = self.last = Pose(now_ns, pan_deg, tilt_deg, pan_dps, tilt_dps)
        return self.last
