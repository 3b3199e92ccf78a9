"""Sent events go when nobody can need them any more; numbers never come twice, and who asks hears what is gone."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from followspot.domain.alerts import AlertCode
from followspot.domain.events import AlertRaised
from followspot.domain.recording import LessonPlan
from followspot.domain.republish import RepublishFrom, RepublishLesson
from followspot.settings.models import RetentionSettings
from followspot.storage import Storage
from followspot.storage.database import Database
from followspot.storage.notices import SegmentDurable
from support.keepinglab import HOUR_NS, RoomyDisk, stored, tend
from support.storagelab import (
    LESSON,
    WALL,
    Box,
    FakeBoot,
    Segment,
    SetClock,
    events,
    give,
    opened,
    origin,
    record_lesson,
)

ALERT = AlertRaised(code=AlertCode.DOCK_LOST, subject="dock", message="gone")
DAY_NS = 24 * HOUR_NS


async def send_all(storage: Storage) -> list[int]:
    """What a broker acknowledges; the numbers."""
    sequences = [entry.sequence for entry in await storage.pending(0, 100_000)]
    await storage.mark_published(sequences)
    return sequences


async def prune(storage: Storage) -> int:
    """Until nothing more is to be looked at; how many steps it took."""
    steps = 1
    while await storage.prune():
        steps += 1
    return steps


async def kept(storage: Storage) -> list[int]:
    """The numbers that can be asked for again."""
    await storage.republish(RepublishFrom(1))
    numbers = [entry.sequence for entry in await storage.pending(0, 100_000)]
    await storage.mark_published(numbers)
    return numbers


async def test_a_sent_event_stays_for_its_days_and_its_number_is_never_given_again(box: Box) -> None:
    async with opened(box) as (storage, _):
        for _ in range(3):
            await storage.publish(ALERT)
        box.boot.skew_ns = HOUR_NS
        await storage.mark_published([1, 3])
        box.boot.skew_ns = 60 * DAY_NS
        await prune(storage)
        assert (await storage.republish(RepublishFrom(1))).count == 3
        await storage.mark_published([1, 3])
        box.boot.skew_ns = 61 * DAY_NS
        await prune(storage)
        assert [entry.sequence for entry in await storage.pending(0, 10)] == [2], "what was never sent stays"
        again = await storage.republish(RepublishFrom(1))
        assert (again.count, again.oldest, again.newest, again.kept_from, again.gone) == (1, 2, 3, 4, 2)
        await storage.mark_published([2])
        box.boot.skew_ns += 61 * DAY_NS
        await prune(storage)
    async with opened(box) as (storage, _):
        again = await storage.republish(RepublishFrom(1))
        assert (again.count, again.oldest, again.newest, again.kept_from, again.gone) == (0, None, 3, 4, 3)
        await storage.publish(ALERT)
        assert [event["sequence"] for event in await events(storage)] == [4]


async def test_the_events_of_a_lesson_stay_as_long_as_its_media(box: Box, media: list[Segment]) -> None:
    box.disk = RoomyDisk(1000)
    await record_lesson(box, media)
    async with opened(box) as (storage, _):
        await storage.publish(ALERT)
        lesson = (await send_all(storage))[:-1]
        box.boot.skew_ns = 100 * DAY_NS
        await prune(storage)
        again = await storage.republish(RepublishFrom(1))
        assert (again.count, again.kept_from, again.gone) == (len(lesson), lesson[-1] + 2, 1), "the alert alone is gone"
        manifest = (box.lesson / "manifest.json").read_bytes()
        await storage.acknowledge(stored(media, 0, 1, 2, manifest=manifest))
        box.boot.skew_ns = 110 * DAY_NS
        await tend(storage)
        assert not list(box.lesson.glob("segment-*"))
        await send_all(storage)
        box.boot.skew_ns = 160 * DAY_NS
        await prune(storage)
        again = await storage.republish(RepublishLesson(LESSON))
        assert again.count > len(lesson), "they go together, when the last of them is old enough"
        await send_all(storage)
        box.boot.skew_ns = 221 * DAY_NS
        await prune(storage)
        assert (await storage.republish(RepublishLesson(LESSON))).count == 0
        assert await kept(storage) == []


async def test_a_lesson_that_is_not_completed_keeps_its_events(box: Box, media: list[Segment]) -> None:
    box.disk, box.retention = RoomyDisk(1000), RetentionSettings(grace_h=0, keep_days=0)
    await record_lesson(box, media[:1])
    async with opened(box) as (storage, _):
        opened_ = storage._opened
        assert opened_ is not None
        await storage.acknowledge(stored(media, 0))
        await tend(storage)
        sent = await send_all(storage)
        await storage._worker.run(lambda: opened_._database.execute("UPDATE lessons SET state = 'paused'"))
        box.boot.skew_ns = 100 * DAY_NS
        await prune(storage)
        assert await kept(storage) == sent


async def test_no_wall_clock_ages_an_event(box: Box) -> None:
    box.clock = SetClock()
    async with opened(box) as (storage, _):
        await storage.publish(ALERT)
        await send_all(storage)
        await prune(storage)
        box.clock.wall = WALL + timedelta(days=10_000)
        await prune(storage)
        box.clock.wall = WALL
        await prune(storage)
        assert await kept(storage) == [1]
    box.boot = FakeBoot("boot-2", synced=False)
    box.clock.wall = WALL + timedelta(days=10_000)
    async with opened(box) as (storage, _):
        await prune(storage)
        assert await kept(storage) == [1], "whether it is so late, nobody can know"


@pytest.mark.parametrize(("days", "left"), [(59, [1]), (61, [])])
async def test_over_a_reboot_the_set_wall_clock_counts(box: Box, days: int, left: list[int]) -> None:
    box.clock = SetClock()
    async with opened(box) as (storage, _):
        await storage.publish(ALERT)
        await send_all(storage)
        await prune(storage)
    box.boot, box.clock = FakeBoot("boot-2"), SetClock(WALL + timedelta(days=days))
    async with opened(box) as (storage, _):
        await prune(storage)
        assert await kept(storage) == left


def fill(database: Database, rows: int) -> None:
    """Sent events, two of three of a lesson."""
    with database.transaction():
        for n in range(1, rows + 1):
            lesson = f"l-{n // 300}" if n % 3 else None
            database.execute(
                "INSERT INTO outbox (sequence, id, topic, payload, published, lesson_id)"
                " VALUES (?, ?, 't', x'00', 1, ?)",
                (n, str(n), lesson),
            )


async def test_a_step_is_short_however_much_there_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR")
    most: dict[int, int] = {}
    for rows in (1_000, 20_000):
        box = Box(tmp_path / str(rows))
        async with opened(box) as (storage, _):
            opened_ = storage._opened
            assert opened_ is not None
            database = opened_._database

            await storage._worker.run(partial(fill, database, rows))
            box.boot.skew_ns = 61 * DAY_NS
            most[rows] = 0
            more = True
            while more:
                before = database._connection.total_changes
                more = await storage.prune()
                most[rows] = max(most[rows], database._connection.total_changes - before)
            assert await kept(storage) == []
            await storage.publish(ALERT)
            assert [event["sequence"] for event in await events(storage)] == [rows + 1]
    assert most[20_000] <= most[1_000] + 300 < 1_000, "a window, and the lesson that it ends in"


async def test_who_asks_for_everything_stops_nothing_that_is_recorded(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        opened_ = storage._opened
        assert opened_ is not None
        await storage._worker.run(lambda: fill(opened_._database, 20_000))
        asking = asyncio.create_task(storage.republish(RepublishFrom(1)))
        await asyncio.sleep(0)
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        while not box.told(SegmentDurable):
            await storage.pending(0, 1)
        assert not asking.done(), "the segment was durable while events were still put back"
        assert (await asking).count == 20_000
