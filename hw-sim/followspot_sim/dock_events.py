"""What the dock has to tell until it is heard: presses, faults and the ends of motions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from followspot_dock.protocol import messages

Event = messages.Button | messages.Fault | messages.MotionDone

_REPEAT_NS = 100_000_000
_LIFETIME_NS = 5_000_000_000
"""A press that reached nobody by then is void: a lesson must not start long after the teacher gave up."""


@dataclass(slots=True)
class _Telling:
    event: Event
    made_ns: int
    due_ns: int = 0


class Events:
    """Events that wait for their Ack, oldest first. One counter gives all their ids."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Telling] = {}
        self._last_id = 0

    def add(self, make: Callable[[int], Event], now_ns: int) -> None:
        """Tell what `make` makes of an event id."""
        self._last_id = self._last_id % 0xFFFF + 1
        self._waiting[self._last_id] = _Telling(make(self._last_id), now_ns)

    def acknowledged(self, kind: int, identity: int) -> None:
        """The host heard it."""
        telling = self._waiting.get(identity)
        if telling is not None and kind == telling.event.TYPE:
            del self._waiting[identity]

    def drop(self, kind: type[Event]) -> None:
        """Whoever these concerned is gone."""
        self._waiting = {i: telling for i, telling in self._waiting.items() if not isinstance(telling.event, kind)}

    def expire(self, now_ns: int) -> None:
        """Forget what is too old to matter."""
        self._waiting = {i: telling for i, telling in self._waiting.items() if now_ns - telling.made_ns <= _LIFETIME_NS}

    def due(self, now_ns: int) -> Iterator[Event]:
        """What is to be sent now, for the first time or again."""
        for telling in self._waiting.values():
            if now_ns >= telling.due_ns:
                telling.due_ns = now_ns + _REPEAT_NS
                yield telling.event
