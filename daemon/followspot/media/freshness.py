"""Whether a camera still shows what happens: a picture that comes again and again is none."""

from enum import Enum, auto

import av

_NS_PER_S = 1_000_000_000
# So many lines of the picture are compared: sensor noise alone changes each of them.
_LINES = 8


class Freshness(Enum):
    """What a picture is worth."""

    NEW = auto()
    SAME = auto()
    """Equal to the one before, under a stamp of its own: a still scene may look so for a while."""
    REPEATED = auto()
    """The one before once more: it is left out."""


class FreshnessWatch:
    """Compares each picture of one camera with the one before, over reopenings too."""

    def __init__(self, frozen_after_s: float) -> None:
        """Equal pictures for `frozen_after_s` are no still scene; 0: they may be."""
        self._frozen_after_ns = round(frozen_after_s * _NS_PER_S)
        self._lines: bytes | None = None
        self._stamp_ns: int | None = None
        self._same_since_ns = 0
        self.frozen = False
        """Whether the camera was found frozen, and has shown nothing else since."""

    def judge(self, frame: av.VideoFrame, stamp_ns: int | None, arrival_ns: int) -> Freshness:
        """What `frame` is worth. Its stamp may lie: one that stands still under moving pictures says nothing."""
        lines = _some_lines(frame)
        stamp_stands = stamp_ns is not None and stamp_ns == self._stamp_ns
        self._stamp_ns = stamp_ns
        if lines != self._lines:
            self._lines, self._same_since_ns, self.frozen = lines, arrival_ns, False
            return Freshness.NEW
        if self._frozen_after_ns and arrival_ns - self._same_since_ns >= self._frozen_after_ns:
            self.frozen = True
        return Freshness.REPEATED if stamp_stands or self.frozen else Freshness.SAME


def _some_lines(frame: av.VideoFrame) -> bytes:
    plane = frame.planes[0]
    data, size = memoryview(plane), plane.line_size
    step = max(1, plane.height // _LINES)
    return b"".join(data[row * size : row * size + plane.width] for row in range(0, plane.height, step))
