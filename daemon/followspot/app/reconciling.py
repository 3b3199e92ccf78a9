"""After the start, in the background: are the files and the catalogue of one mind? What is lost is an alert."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.errors import StorageError
from followspot.storage.reconcile import Finding

_log = logging.getLogger(__name__)


class Files(Protocol):
    """The part of the storage that this needs."""

    def reconcile(self, *, read_all: bool = False) -> AsyncIterator[Finding]:
        """Everything that does not agree, as it is found."""
        ...


class Reconciling:
    """Once after each start; recording goes on between its steps."""

    def __init__(self, files: Files, media: Path, alerts: AlertRegistry, clock: Clock) -> None:
        self._files = files
        self._media = media
        self._alerts = alerts
        self._clock = clock

    async def run(self) -> None:
        """Look at everything once."""
        found = 0
        try:
            async for finding in self._files.reconcile():
                found += 1
                self._tell(finding)
        except (StorageError, OSError) as error:
            _log.error("files and catalogue could not be compared to the end: %s", error)
            return
        _log.info("files and catalogue were compared findings=%d", found)

    def _tell(self, finding: Finding) -> None:
        _log.warning("%s: %s %s", finding.kind, self._media / finding.path, finding.text)
        if finding.is_loss:
            lesson_id = finding.path.partition("/")[0]
            message = (
                f"{self._media / finding.path} {finding.text}. followspot fsck says what else of this lesson is lost; "
                "what was stored elsewhere can be fetched from there"
            )
            self._alerts.raise_alert(AlertCode.MEDIA_DAMAGED, lesson_id, message, self._clock.monotonic_ns())
