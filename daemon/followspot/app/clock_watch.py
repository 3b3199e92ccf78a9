"""Watches whether the wall clock is set: without a battery it is hours behind after a power cut, until NTP sets it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from followspot.domain.clock import Clock
from followspot.domain.errors import StorageError
from followspot.storage.boot import Boot

PERIOD_S = 2.0
"""Two system calls. Labels come from the lesson's anchor, so nothing waits for a step to be seen at once."""
STEP_NS = 1_000_000_000
"""NTP slews what is less; a step is more."""

_log = logging.getLogger(__name__)


class ClockWatch:
    """Has wall times corrected when the clock is set, and again after a step while it is. Lives on the loop."""

    def __init__(self, clock: Clock, boot: Boot, correct: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._boot = boot
        self._correct = correct
        self._boot_began_ns: int | None = None
        self._due = True
        self.synced = False
        """Whether the wall clock can be believed."""

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Look once."""
        synced = self._boot.clock_synced()
        if synced is not self.synced:
            _log.info("the wall clock is %s", "set" if synced else "not set: wall times are labels to be corrected")
        self._due |= self._was_stepped() or (synced and not self.synced)
        self.synced = synced
        if synced and self._due:
            try:
                await self._correct()
            except StorageError as error:  # reported by the storage itself; the next look tries again
                _log.debug("wall times cannot be corrected yet: %s", error)
            else:
                self._due = False

    def _was_stepped(self) -> bool:
        wall_ns = int(self._clock.utc_now().timestamp() * 1e9)
        boot_began_ns = wall_ns - self._boot.boottime_ns()
        before_ns, self._boot_began_ns = self._boot_began_ns, boot_began_ns
        if before_ns is None or abs(boot_began_ns - before_ns) < STEP_NS:
            return False
        _log.warning("the wall clock was stepped by_s=%.1f", (boot_began_ns - before_ns) / 1e9)
        return True
