"""Between lessons: make each completed lesson one file, in a process of its own, and announce it."""

import asyncio
import json
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Protocol

from followspot.control.session import SessionLoop
from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.errors import StorageError
from followspot.domain.retention import SECONDS_PER_MINUTE
from followspot.domain.session import SessionState
from followspot.settings.models import Settings
from followspot.storage.retention import budget_of
from followspot.storage.rows import WholeKey

PERIOD_S = 5.0
"""Whoever presses again at once, because the lesson was not over, finds the disk at rest."""
LOOK_S = 0.2
"""A lesson that begins has its first fragment after half a second: by then the disk is its own."""
SPARE_S = 3600
"""Room for so much of a lesson is left on the disk: recording comes first."""
HYSTERESIS = 1.25
"""Above the mark at which such files are given up, so that none is made only to go again."""
KILOBIT_BYTES = 125
RETRY_NS = 600 * 1_000_000_000
"""What failed once seldom heals within minutes, and each attempt reads the lesson."""

_log = logging.getLogger(__name__)


class WholeLessons(Protocol):
    """The part of the storage that joining needs."""

    async def unjoined(self) -> list[WholeKey]:
        """Completed lessons, and further pictures of them, that are not there as one file; newest first."""
        ...

    async def announce_whole(self, one: WholeKey, size: int, sha256: str, duration_ns: int) -> None:
        """The lesson's one file is whole and synced: name it, catalogue it, announce it."""
        ...

    async def drop_whole(self, one: WholeKey) -> None:
        """The lesson will never be one file: remove what an attempt has left of it."""
        ...


class Joining:
    """Only while no lesson is on: one that begins ends the process, and the next idle time goes on where it was."""

    def __init__(
        self, session: SessionLoop, lessons: WholeLessons, alerts: AlertRegistry, clock: Clock, settings: Settings
    ) -> None:
        self._session = session
        self._lessons = lessons
        self._alerts = alerts
        self._clock = clock
        self._media = settings.paths.media
        rate_kbps = settings.picture_kbps + settings.sound_kbps
        spare_s = max(SPARE_S, HYSTERESIS * SECONDS_PER_MINUTE * budget_of(settings).whole_files_min)
        self._spare_bytes = rate_kbps * KILOBIT_BYTES * spare_s + settings.recording.reserve_mb * 1024 * 1024
        self._refused: set[WholeKey] = set()
        """Lessons that can never be joined: an alert says why, and the next start tries again."""
        self._retry_ns: dict[WholeKey, int] = {}
        """When lessons whose joining failed are tried again."""

    async def run(self) -> None:
        """Join what waits, now and then, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                waiting = await self._lessons.unjoined() if self._is_idle else []
                for one in waiting:
                    if self._is_idle and self._is_due(one):
                        await self._join(one)
            except StorageError as error:
                _log.debug("lessons cannot be joined now: %s", error)

    @property
    def _is_idle(self) -> bool:
        return self._session.status.state is SessionState.IDLE

    async def _join(self, one: WholeKey) -> None:
        folder = self._media / one.lesson_id
        if not self._has_room(folder):
            await self._lessons.drop_whole(one)  # what an earlier attempt left must not take a lesson's room
        if not self._has_room(folder):
            self._postpone(one, "there is no room for it on the disk")
            return
        answer = await self._ask_process(folder, one)
        if answer is None:
            if self._is_idle:
                self._postpone(one, "the process failed")
        elif "error" in answer:
            self._refused.add(one)
            await self._lessons.drop_whole(one)
            what = "the lesson" if one.rendition is None else f"the {one.rendition} picture of the lesson"
            message = f"{what} cannot be made one file: {answer['error']}. Its segments play as they are"
            self._alerts.raise_alert(AlertCode.LESSON_NOT_JOINED, one.lesson_id, message, self._clock.monotonic_ns())
        else:
            await self._lessons.announce_whole(one, answer["size"], answer["sha256"], answer["duration_ns"])

    def _has_room(self, folder: Path) -> bool:
        """What an earlier attempt wrote is counted twice: where that decides, it begins anew."""
        try:
            size = sum(file.stat().st_size for file in folder.glob("segment-*.mp4"))
            return shutil.disk_usage(folder).free >= size + self._spare_bytes
        except OSError:
            return True  # the process says what is wrong

    async def _ask_process(self, folder: Path, one: WholeKey) -> dict[str, Any] | None:
        """The process's answer; None when it failed, or when a lesson began and it was ended."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "followspot.storage.join", str(folder), str(os.getpid())),
            *(() if one.rendition is None else (one.rendition,)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        answering = asyncio.create_task(process.communicate(), name="join-lesson")
        try:
            while not answering.done() and self._is_idle:
                await asyncio.wait({answering}, timeout=LOOK_S)
        finally:
            if process.returncode is None:
                process.kill()
            await asyncio.wait({answering})
        if process.returncode != 0:
            return None
        answer: dict[str, Any] = json.loads(answering.result()[0])
        return answer

    def _is_due(self, one: WholeKey) -> bool:
        return one not in self._refused and self._clock.monotonic_ns() >= self._retry_ns.get(one, 0)

    def _postpone(self, one: WholeKey, why: str) -> None:
        if one not in self._retry_ns:
            _log.warning("the lesson is not one file yet, tried again while idle lesson=%s: %s", one.lesson_id, why)
        self._retry_ns[one] = self._clock.monotonic_ns() + RETRY_NS
