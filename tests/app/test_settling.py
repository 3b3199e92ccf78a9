"""Lessons that could not be completed are tried again between lessons."""

import asyncio
from types import SimpleNamespace

import pytest

from followspot.app import settling as module
from followspot.app.settling import Settling
from followspot.control.session import SessionStatus
from followspot.domain.alerts import AlertCode
from followspot.domain.errors import StorageError
from followspot.domain.session import SessionState


class Lessons:
    """Storage whose disk heals."""

    def __init__(self, *results):
        self.asked = 0
        self._results = list(results)

    async def settle(self) -> int:
        self.asked += 1
        result = self._results.pop(0) if self._results else 0
        if isinstance(result, Exception):
            raise result
        return result


async def settled_for_a_while(state, lessons, alerts) -> None:
    session = SimpleNamespace(status=SessionStatus(state))
    task = asyncio.create_task(Settling(session, lessons, alerts).run())
    await asyncio.sleep(0.1)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(module, "PERIOD_S", 0.01)


@pytest.mark.parametrize("state", [SessionState.STARTING, SessionState.RECORDING, SessionState.STOPPING])
async def test_not_while_a_lesson_is_on(state, alerts):
    lessons = Lessons()
    await settled_for_a_while(state, lessons, alerts)
    assert lessons.asked == 0


async def test_the_alert_stands_until_nothing_remains(alerts):
    alerts.raise_alert(AlertCode.LESSON_NOT_CLOSED, "lesson-1", "disk full", 0)
    heard = []
    lessons = Lessons(StorageError("no disk"), 1, 0)
    alerts.subscribe(lambda alert, active: heard.append((alert.code, active, lessons.asked)))
    await settled_for_a_while(SessionState.IDLE, lessons, alerts)
    assert heard == [(AlertCode.LESSON_NOT_CLOSED, True, 0), (AlertCode.LESSON_NOT_CLOSED, False, 3)]
