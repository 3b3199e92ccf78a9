"""Between lessons few reports are enough: the rest is counted as heard, and costs nothing more."""

from followspot_dock.protocol.frames import Frame
from followspot_dock.protocol.messages import MarkerReport, Pose

CALM_NS = 75_000_000
"""Of 50 poses a second every fourth passes, of 30 marker reports every third: a dock that turns is followed still."""
_MAX_LANES = 64
"""Markers that one dock can sensibly tell of; bounds the memory that a wild dock can take."""
_MARKER_ID = slice(8, 10)
"""Where a MarkerReport says of which marker it is, behind `time_us`."""


class Thinning:
    """Which of the reports that come all the time nobody needs, judged before they are taken apart."""

    def __init__(self) -> None:
        self.active = False
        self._passed_ns: dict[bytes, int] = {}

    def drops(self, frame: Frame, arrival_ns: int) -> bool:
        """Whether one of the same kind passed a moment ago; this one passes if not."""
        if not self.active:
            return False
        if frame.type == MarkerReport.TYPE:
            lane = frame.payload[_MARKER_ID]
        elif frame.type == Pose.TYPE:
            lane = b""
        else:
            return False
        if arrival_ns - self._passed_ns.get(lane, arrival_ns - CALM_NS) < CALM_NS:
            return True
        if lane in self._passed_ns or len(self._passed_ns) < _MAX_LANES:
            self._passed_ns[lane] = arrival_ns
        return False
