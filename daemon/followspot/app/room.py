"""Room on the media's disk: tends it now and then, warns, refuses a start, ends a lesson while that goes in order."""

import asyncio
import logging
from collections.abc import Callable
from typing import ClassVar, Protocol

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.errors import CommandRefusedError, StorageError
from followspot.domain.retention import Rung
from followspot.storage.retention import Tended

PERIOD_S = 10.0
"""A lesson takes some 5 MB in it, a hundredth of what is left when it has to end."""
BUSY_PERIOD_S = 0.5
"""While there is more to delete: a few files at a time, with room between for what is recorded."""

_log = logging.getLogger(__name__)


class NoRoomError(CommandRefusedError):
    """The disk has no room for a lesson."""

    code: ClassVar[str] = "disk-full"


class Media(Protocol):
    """The part of the storage that this needs."""

    async def tend(self) -> Tended:
        """Delete some of what may go; how the disk stands after it."""
        ...


class RoomKeeper:
    """Lives on the loop. `on_spent` is called while there is only just room to end a lesson in order."""

    def __init__(self, media: Media, alerts: AlertRegistry, clock: Clock, on_spent: Callable[[], None]) -> None:
        self._media = media
        self._folder = ""
        """Of whose disk the alerts tell: where lessons are written now."""
        self._alerts = alerts
        self._clock = clock
        self._on_spent = on_spent
        self._rung = Rung.PLENTY
        self.minutes_left: int | None = None
        """Of recording, before unacknowledged media stands in the way; None while the disk does not say."""
        self._left = ""

    async def run(self) -> None:
        """Look after the disk until cancelled."""
        while True:
            more = False
            try:
                tended = await self._media.tend()
            except (StorageError, OSError) as error:  # told as an alert by whoever records; here nothing is deleted
                _log.debug("the media could not be tended: %s", error)
                self.minutes_left = None
            else:
                more = tended.more
                self._show(tended)
            await asyncio.sleep(BUSY_PERIOD_S if more else PERIOD_S)

    def check(self) -> None:
        """Raise NoRoomError when no lesson may begin."""
        if self._rung >= Rung.NO_NEW_LESSON:
            raise NoRoomError(f"{self._left}: see the alert no-room")

    def _show(self, tended: Tended) -> None:
        if self._folder != str(tended.root):
            for code in (AlertCode.DISK_LOW, AlertCode.NO_ROOM):
                self._alerts.clear(code, self._folder)
            self._folder = str(tended.root)
        self._rung, self.minutes_left = tended.rung, int(tended.minutes_left)
        self._left = f"about {self.minutes_left} minutes of recording fit on the disk of {self._folder}"
        advice = "See that the pipeline stores and acknowledges what is recorded, or take old lessons off the disk"
        self._alert(AlertCode.DISK_LOW, Rung.LOW, f"{self._left}. {advice}")
        self._alert(AlertCode.NO_ROOM, Rung.NO_NEW_LESSON, f"{self._left}: no lesson begins. {advice}")
        if tended.rung is Rung.FINISH:
            self._on_spent()

    def _alert(self, code: AlertCode, rung: Rung, message: str) -> None:
        if self._rung >= rung:
            self._alerts.raise_alert(code, self._folder, message, self._clock.monotonic_ns())
        else:
            self._alerts.clear(code, self._folder)
