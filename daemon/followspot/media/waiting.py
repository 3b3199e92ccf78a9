"""Pictures whose crop is decided later, when it is known what came after them."""

import logging
from collections import deque

from followspot.media.framequeue import CapturedFrame

_LOG = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000
# What may wait in all: 0.7 s of full HD at 30 pictures a second are 65 MB.
_MOST_BYTES = 100_000_000


class Waiting:
    """Keeps each picture for `wait_s` after its arrival; the pictures themselves are referred to, not copied.

    It holds what comes in that time and fits into memory: beyond that the oldest is due at once.
    """

    def __init__(self, wait_s: float) -> None:
        self.wait_ns = round(wait_s * _NS_PER_S)
        self._frames: deque[CapturedFrame] = deque()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._told = False

    def put(self, captured: CapturedFrame) -> None:
        """One more picture, the newest."""
        self._frames.append(captured)
        self._sizes.append(sum(plane.buffer_size for plane in captured.frame.planes))
        self._bytes += self._sizes[-1]

    def due(self, now_ns: int) -> CapturedFrame | None:
        """The oldest picture if it has waited long enough, else None."""
        if not self._frames:
            return None
        old_enough = now_ns - self._frames[0].arrival_ns >= self.wait_ns
        if not old_enough and self._bytes > _MOST_BYTES:
            self._tell_short(now_ns - self._frames[0].arrival_ns)
        elif not old_enough:
            return None
        return self.next()

    def next(self) -> CapturedFrame | None:
        """The oldest picture, however long it has waited; None when there is none."""
        if not self._frames:
            return None
        self._bytes -= self._sizes.popleft()
        return self._frames.popleft()

    @property
    def begins_ns(self) -> int | None:
        """The exposure of the oldest picture, or of the first one lost just before it; None when there is none."""
        if not self._frames:
            return None
        oldest = self._frames[0]
        return oldest.exposure_ns if oldest.dropped is None else oldest.dropped.first_exposure_ns

    def _tell_short(self, waited_ns: int) -> None:
        if not self._told:
            _LOG.warning(
                "pictures of %dx%d wait %.2f s for their crop instead of view.lookahead_s: more do not fit into memory",
                self._frames[0].frame.width,
                self._frames[0].frame.height,
                waited_ns / _NS_PER_S,
            )
            self._told = True
