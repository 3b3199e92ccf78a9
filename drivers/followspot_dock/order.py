"""What arrived in which order: sequence numbers of one sender, unwrapped and judged."""

from collections.abc import Hashable
from enum import Enum, auto

from followspot_dock.protocol.messages import is_newer

_WINDOW = 128
"""Frames of more than a second: a link that still works neither loses nor delays as many."""
_WILD_RUN = 4
"""So many frames beyond the window in a row, and it is the sender who jumped."""
_MAX_LANES = 64
"""Markers and faults that one dock can sensibly tell of; bounds the memory that a wild dock can take."""
_CIRCLE = 0x10000


class Arrival(Enum):
    """How a frame stands to those before it."""

    FRESH = auto()
    """Not seen before; late ones are fresh too."""
    DUPLICATE = auto()
    WILD = auto()
    """Its number is nowhere near the others."""


class Order:
    """Judges the sequence numbers of one sender. `place` is the unwrapped number of the last fresh frame."""

    def __init__(self) -> None:
        self.place = 0
        self._highest: int | None = None
        self._seen = 0
        self._wild = 0

    def judge(self, sequence: int) -> Arrival:
        """How the frame with this number stands."""
        if self._highest is None:
            return self._restart(sequence)
        step = (sequence - self._highest + _CIRCLE // 2) % _CIRCLE - _CIRCLE // 2
        if abs(step) >= _WINDOW:
            self._wild += 1
            return self._restart(self._highest + step) if self._wild >= _WILD_RUN else Arrival.WILD
        self._wild = 0
        self.place = self._highest + step
        if step > 0:
            self._seen = (self._seen << step) & ((1 << _WINDOW) - 1) | 1
            self._highest = self.place
            return Arrival.FRESH
        if self._seen >> -step & 1:
            return Arrival.DUPLICATE
        self._seen |= 1 << -step
        return Arrival.FRESH

    def _restart(self, place: int) -> Arrival:
        self._highest = self.place = place
        self._seen, self._wild = 1, 0
        return Arrival.FRESH


class Lanes:
    """Of each kind of report only the newest counts."""

    def __init__(self) -> None:
        self._newest: dict[Hashable, int] = {}

    def passes(self, lane: Hashable, place: int) -> bool:
        """Whether this is newer than all that came in its lane; it is remembered."""
        newest = self._newest.get(lane)
        if newest is None and len(self._newest) >= _MAX_LANES:
            return False
        if newest is not None and place <= newest:
            return False
        self._newest[lane] = place
        return True


class EventLanes:
    """Of each kind of event only the newest counts, by the wrapping 16-bit ids that the dock gave."""

    def __init__(self) -> None:
        self._newest: dict[Hashable, int] = {}

    def passes(self, lane: Hashable, identity: int) -> bool:
        """Whether this is newer than all that came in its lane; it is remembered."""
        newest = self._newest.get(lane)
        if newest is None and len(self._newest) >= _MAX_LANES:
            return False
        if newest is not None and not is_newer(identity, newest):
            return False
        self._newest[lane] = identity
        return True
