"""Has events sent again: storage and bus must agree on it, as a row may be on its way just then."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from followspot.bus.mqtt import MqttBus
from followspot.domain.republish import Republished, RepublishFrom, RepublishLesson


class EventStore(Protocol):
    """The part of the storage that this needs."""

    @property
    def epoch(self) -> str:
        """Whose sequence numbers the events bear."""
        ...

    def republish(self, wanted: RepublishFrom | RepublishLesson) -> Awaitable[Republished]:
        """Put events back into the outbox."""
        ...


class Replay:
    """Lives on the loop. `bus` gives the bus, None where there is none: then events wait in the outbox."""

    def __init__(self, store: EventStore, bus: Callable[[], MqttBus | None]) -> None:
        self._store = store
        self._bus = bus

    @property
    def epoch(self) -> str:
        """Whose sequence numbers the events bear."""
        return self._store.epoch

    async def republish(self, wanted: RepublishFrom | RepublishLesson) -> Republished:
        """Have them sent again, with the same ids. Raises StorageError."""
        bus = self._bus()
        if bus is None:
            return await self._store.republish(wanted)
        return await bus.republish(partial(self._store.republish, wanted))
