"""What the start finds wrong with the media is an alert on its lesson."""

from collections.abc import AsyncIterator
from pathlib import Path

from followspot.app import reconciling as module
from followspot.app.reconciling import Reconciling
from followspot.domain.alerts import AlertCode
from followspot.domain.errors import StorageError
from followspot.storage.reconcile import Finding, FindingKind


class Files:
    """Storage that finds what it is given; an error ends it."""

    def __init__(self, *found: Finding | Exception) -> None:
        self._found = found

    async def reconcile(self, *, read_all: bool = False) -> AsyncIterator[Finding]:
        for one in self._found:
            if isinstance(one, Exception):
                raise one
            yield one


async def test_losses_are_alerts_and_the_rest_is_in_the_journal(alerts, clock, caplog):
    files = Files(
        Finding(FindingKind.ADOPTED, "l-1", "was not on record"),
        Finding(FindingKind.MISSING, "l-2/segment-00000.mp4", "is not there any more"),
        Finding(FindingKind.DAMAGED, "l-2/segment-00001.mp4", "has 3 bytes"),
        Finding(FindingKind.UNLISTED, "l-3/segment-00009.mp4", "is not named"),
        StorageError("the disk fails"),
    )
    await Reconciling(files, Path("/media"), alerts, clock).run()
    (alert,) = alerts.active
    assert (alert.code, alert.subject) == (AlertCode.MEDIA_DAMAGED, "l-2")
    assert "/media/l-2/segment-00000.mp4 is not there any more" in alert.message
    for told in ("l-1 was not on record", "segment-00009.mp4 is not named", "could not be compared to the end"):
        assert told in caplog.text


async def test_a_lesson_that_cannot_come_home_is_an_alert_until_it_can(alerts, clock, monkeypatch):
    monkeypatch.setattr(module, "HOMELESS_RETRY_S", 0.0)
    stays = Finding(FindingKind.HOMELESS, "l-1", "stays in /fallback: no space is left")

    class Full(Files):
        """A disk that is full at the start and at the first try after it."""

        tries = 0
        standing: tuple[str, ...] = ()

        async def come_home(self) -> AsyncIterator[Finding]:
            self.tries += 1
            Full.standing = tuple(alert.subject for alert in alerts.active)
            yield stays if self.tries < 2 else Finding(FindingKind.REUNITED, "l-1", "is home again")

    files = Full(stays)
    await Reconciling(files, Path("/media"), alerts, clock).run()
    assert (files.tries, Full.standing, alerts.active) == (2, ("l-1",), ())
