"""Wrong acknowledgements are told, and whoever makes them for ever fills neither outbox nor state."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bus.conftest import WallClock
from followspot.bus.ack_alarm import NAMED, OTHERS, AckAlarm
from followspot.domain.acknowledgement import WrongHashError
from followspot.domain.alerts import AlertRegistry

Until = Callable[..., Awaitable[None]]
WRONG = WrongHashError("segment 3 has another SHA-256")


class Heard:
    """Every transition: the lesson, and whether its alert was raised."""

    def __init__(self, calm_s: float) -> None:
        self.told: list[tuple[str, bool]] = []
        alerts = AlertRegistry()
        alerts.subscribe(lambda alert, active: self.told.append((alert.subject, active)))
        self.alarm = AckAlarm(alerts, WallClock(), calm_s)


async def test_an_alert_ends_some_time_after_the_lesson_is_acknowledged_rightly(until: Until) -> None:
    heard = Heard(calm_s=0.05)
    heard.alarm.right("l-1")
    heard.alarm.wrong("l-1", WRONG)
    await asyncio.sleep(0.1)
    assert heard.told == [("l-1", True)], "time alone mends nothing"
    heard.alarm.right("l-1")
    await until(lambda: heard.told == [("l-1", True), ("l-1", False)])


async def test_wrong_and_right_by_turns_is_one_alert() -> None:
    heard = Heard(calm_s=60)
    for _ in range(1000):
        heard.alarm.wrong("l-1", WRONG)
        heard.alarm.right("l-1")
    assert heard.told == [("l-1", True)]


@pytest.mark.parametrize("right", [False, True])
async def test_many_lessons_are_a_few_alerts(until: Until, right: bool) -> None:
    heard = Heard(calm_s=0.1)
    for number in range(500):
        heard.alarm.wrong(f"l-{number}", WRONG)
        if right:
            heard.alarm.right(f"l-{number}")
    assert heard.told == [*((f"l-{number}", True) for number in range(NAMED)), (OTHERS, True)]
    await until(lambda: (OTHERS, False) in heard.told)
    assert len(heard.told) <= 2 * (NAMED + 1)
