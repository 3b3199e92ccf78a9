"""Between lessons: complete those that could not be completed when they ended."""

import asyncio
import logging
from typing import Protocol

from followspot.control.session import SessionLoop
from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.errors import StorageError
from followspot.domain.session import SessionState

PERIOD_S = 60.0
"""Soon enough after a person has made room on the disk, and too rare to matter."""

_log = logging.getLogger(__name__)


class Lessons(Protocol):
    """The part of the storage that settling needs."""

    async def settle(self) -> int:
        """Complete what can be completed now; how many lessons remain."""
        ...


class Settling:
    """Only while no lesson is on: whoever presses the button does not wait for an old lesson."""

    def __init__(self, session: SessionLoop, lessons: Lessons, alerts: AlertRegistry) -> None:
        self._session = session
        self._lessons = lessons
        self._alerts = alerts

    async def run(self) -> None:
        """Settle now and then until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_S)
            if self._session.status.state is SessionState.IDLE:
                await self._settle()

    async def _settle(self) -> None:
        try:
            remaining = await self._lessons.settle()
        except StorageError as error:
            _log.debug("earlier lessons cannot be completed yet: %s", error)
            return
        if not remaining:
            self._alerts.clear(AlertCode.LESSON_NOT_CLOSED)
