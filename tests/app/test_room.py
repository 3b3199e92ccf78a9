"""The disk budget's ladder as alerts, refusals and the end of a lesson."""

import asyncio
from pathlib import Path

import pytest

from followspot.app import room as module
from followspot.app.room import NoRoomError, RoomKeeper
from followspot.domain.alerts import AlertCode
from followspot.domain.errors import StorageError
from followspot.domain.retention import Rung, Space
from followspot.storage.retention import Tended

MEDIA = "/media/lessons"


class Disk:
    """Storage that answers what it is told to, the last answer for ever."""

    def __init__(self, *answers: Tended | Exception) -> None:
        self.asked = 0
        self.enough = asyncio.Event()
        self._answers = list(answers)

    async def tend(self) -> Tended:
        self.asked += 1
        if self.asked > 4:
            self.enough.set()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def at(rung: Rung, minutes: float = 100, *, more: bool = False, root: str = MEDIA) -> Tended:
    return Tended(Path(root), Space(0), rung, minutes, more)


@pytest.fixture
def keep(alerts, clock, monkeypatch):
    """Run a keeper over a disk until it has asked often enough; gives the keeper and how often lessons were ended."""
    monkeypatch.setattr(module, "PERIOD_S", 0.001)
    monkeypatch.setattr(module, "BUSY_PERIOD_S", 0.0)

    async def run(disk: Disk) -> tuple[RoomKeeper, int]:
        ended: list[None] = []
        keeper = RoomKeeper(disk, alerts, clock, lambda: ended.append(None))
        task = asyncio.create_task(keeper.run())
        await disk.enough.wait()
        task.cancel()
        await asyncio.wait([task])
        return keeper, len(ended)

    return run


async def test_with_room_nothing_is_said(keep, alerts):
    keeper, ended = await keep(Disk(at(Rung.PLENTY, 4000.7)))
    keeper.check()
    assert keeper.minutes_left == 4000
    assert not alerts.active
    assert ended == 0


async def test_a_low_disk_is_an_alert_with_the_minutes_and_a_lesson_may_begin(keep, alerts):
    keeper, _ = await keep(Disk(at(Rung.LOW, 97.5)))
    keeper.check()
    (alert,) = alerts.active
    assert (alert.code, alert.subject) == (AlertCode.DISK_LOW, MEDIA)
    assert "about 97 minutes" in alert.message
    assert "acknowledges" in alert.message


async def test_further_down_no_lesson_begins_and_a_running_one_goes_on(keep, alerts):
    keeper, ended = await keep(Disk(at(Rung.NO_NEW_LESSON, 12)))
    with pytest.raises(NoRoomError, match="about 12 minutes"):
        keeper.check()
    assert [alert.code for alert in alerts.active] == [AlertCode.DISK_LOW, AlertCode.NO_ROOM]
    assert ended == 0


async def test_at_the_end_the_lesson_is_ended(keep, alerts):
    _, ended = await keep(Disk(at(Rung.FINISH, 2)))
    assert ended > 0


async def test_room_that_comes_back_clears_everything(keep, alerts):
    keeper, _ = await keep(Disk(at(Rung.FINISH, 2), at(Rung.PLENTY)))
    keeper.check()
    assert not alerts.active


async def test_where_lessons_go_on_elsewhere_the_alerts_are_about_that_disk(keep, alerts):
    keeper, _ = await keep(Disk(at(Rung.NO_NEW_LESSON, 12), at(Rung.LOW, 50, root="/fallback")))
    keeper.check()
    assert [(alert.code, alert.subject) for alert in alerts.active] == [(AlertCode.DISK_LOW, "/fallback")]


async def test_of_a_disk_that_fails_nobody_knows_the_room_and_what_was_refused_stays_refused(keep, alerts):
    keeper, _ = await keep(Disk(at(Rung.NO_NEW_LESSON, 12), StorageError("not mounted")))
    assert keeper.minutes_left is None
    with pytest.raises(NoRoomError, match="about 12 minutes"):
        keeper.check()


async def test_a_disk_that_fails_is_asked_again(keep, alerts):
    keeper, _ = await keep(Disk(StorageError("not mounted"), OSError("gone"), at(Rung.LOW)))
    assert keeper.minutes_left == 100
