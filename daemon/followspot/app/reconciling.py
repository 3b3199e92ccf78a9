"""After the start, in the background: are the files and the catalogue of one mind? What is lost is an alert."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.errors import StorageError
from followspot.storage.reconcile import Finding, FindingKind

HOMELESS_RETRY_S = 600.0
"""By then the pipeline may have made room at home, or somebody has tightened a plug; each try reads a lesson."""

_log = logging.getLogger(__name__)


class Files(Protocol):
    """The part of the storage that this needs."""

    def reconcile(self, *, read_all: bool = False) -> AsyncIterator[Finding]:
        """Everything that does not agree, as it is found."""
        ...

    def come_home(self) -> AsyncIterator[Finding]:
        """What became of the lessons in the fallback folder that can come home."""
        ...


class Reconciling:
    """Once after each start; recording goes on between its steps. Lessons that could not come home are tried again."""

    def __init__(self, files: Files, media: Path, alerts: AlertRegistry, clock: Clock) -> None:
        self._files = files
        self._media = media
        self._alerts = alerts
        self._clock = clock
        self._homeless = False

    async def run(self) -> None:
        """Look at everything once, then for as long as a lesson is not home try that again."""
        found = await self._tell_all(self._files.reconcile())
        if found is not None:
            _log.info("files and catalogue were compared findings=%d", found)
        while self._homeless:
            await asyncio.sleep(HOMELESS_RETRY_S)
            self._homeless = False
            await self._tell_all(self._files.come_home())

    async def _tell_all(self, findings: AsyncIterator[Finding]) -> int | None:
        """How many there were; None where the disk or the database did not let it come to an end."""
        found = 0
        try:
            async for finding in findings:
                found += 1
                self._tell(finding)
        except (StorageError, OSError) as error:
            _log.error("files and catalogue could not be compared to the end: %s", error)
            return None
        return found

    def _tell(self, finding: Finding) -> None:
        _log.warning("%s: %s %s", finding.kind, self._media / finding.path, finding.text)
        lesson_id = finding.path.partition("/")[0]
        if finding.is_loss:
            message = (
                f"{self._media / finding.path} {finding.text}. followspot fsck says what else of this lesson is lost; "
                "what was stored elsewhere can be fetched from there"
            )
            self._alerts.raise_alert(AlertCode.MEDIA_DAMAGED, lesson_id, message, self._clock.monotonic_ns())
        elif finding.kind is FindingKind.HOMELESS:
            self._homeless = True
            message = f"the lesson {lesson_id} {finding.text}"
            self._alerts.raise_alert(AlertCode.MEDIA_ELSEWHERE, lesson_id, message, self._clock.monotonic_ns())
        elif finding.kind is FindingKind.REUNITED:
            self._alerts.clear(AlertCode.MEDIA_ELSEWHERE, lesson_id)
