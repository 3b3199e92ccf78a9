"""Frames that wait for the air: newest intent wins, so that a slow link never carries stale motion."""

from collections import deque

from followspot_dock.protocol.frames import HEADER
from followspot_dock.protocol.messages import Drive, MoveTo, Park, Stop

_MOTION = frozenset(message.TYPE for message in (Drive, MoveTo, Stop, Park))
_MAX_FRAMES = 32
"""Some seconds of everything but motion: beyond it the link is as good as dead, and the heartbeat will say so."""


class Outbox:
    """First in, first out, but for motion: of Drive, MoveTo, Park and Stop only the newest waits.

    With `newest_motion` off every frame waits its turn: the conformance kit says stale things on purpose.
    """

    def __init__(self, *, newest_motion: bool = True) -> None:
        self._frames: deque[bytes] = deque()
        self._replaced = _MOTION if newest_motion else frozenset()

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: bytes) -> None:
        """Queue a frame; dropped where too many wait."""
        if _kind(frame) in self._replaced:
            self._frames = deque(waiting for waiting in self._frames if _kind(waiting) not in self._replaced)
        if len(self._frames) < _MAX_FRAMES:
            self._frames.append(frame)

    def take(self) -> bytes:
        """The next frame. Raises IndexError where none waits."""
        return self._frames.popleft()


def _kind(frame: bytes) -> int:
    kind: int = HEADER.unpack_from(frame)[1]
    return kind
