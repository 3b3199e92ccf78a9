"""Which events of a dock were told already."""

from collections import deque

_REMEMBERED_EVENTS = 64
"""More than a dock can have under way at once."""


class EventMemory:
    """Which events were told already, over all conversations: a dock repeats one until it hears our Ack."""

    def __init__(self) -> None:
        self._told: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_EVENTS)

    def is_new(self, boot_id: int, event_id: int) -> bool:
        """Whether this event is told for the first time; it is remembered."""
        if (boot_id, event_id) in self._told:
            return False
        self._told.append((boot_id, event_id))
        return True
