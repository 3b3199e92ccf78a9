"""Old events are forgotten in small steps, so that the database does not grow for ever."""

import asyncio
import logging
from typing import Protocol

from followspot.domain.errors import StorageError

PERIOD_S = 600.0
"""Days are what counts; what a crash takes from the age of a box whose clock was never set is less than this."""
BUSY_PERIOD_S = 0.5
"""While there is more to look at: with room between for what is recorded."""

_log = logging.getLogger(__name__)


class Events(Protocol):
    """The part of the storage that this needs."""

    async def prune(self) -> bool:
        """Forget some; whether there may be more."""
        ...


class Forgetting:
    """Lives on the loop."""

    def __init__(self, events: Events) -> None:
        self._events = events

    async def run(self) -> None:
        """Forget until cancelled."""
        while True:
            more = False
            try:
                more = await self._events.prune()
            except StorageError as error:  # a full disk is told by whoever records; the next time comes
                _log.debug("old events could not be forgotten: %s", error)
            await asyncio.sleep(BUSY_PERIOD_S if more else PERIOD_S)
