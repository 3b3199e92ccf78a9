"""What is deleted, when, in which order, and what never is; killed at every step of it."""

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from followspot.domain.recording import LessonPlan
from followspot.domain.retention import Rung
from followspot.settings.models import RetentionSettings
from followspot.storage import Storage
from followspot.storage.rows import WholeKey
from support.keepinglab import HOUR_NS, MINUTE_BYTES, RoomyDisk, stored, tend
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


async def deleted(storage: Storage) -> list[tuple[int, str]]:
    return [(e["data"]["index"], e["data"]["reason"]) for e in await events(storage) if e["type"] == "segment.deleted"]


def kept(box: Box) -> list[int]:
    return sorted(int(path.name[8:13]) for path in box.lesson.glob("segment-*.mp4"))


@pytest.fixture
async def recorded(box: Box, media: list[Segment]) -> Box:
    """A box with a lesson of three segments, the first two acknowledged; plenty of room."""
    box.disk, box.clock = RoomyDisk(1000), SetClock()
    await record_lesson(box, media)
    async with opened(box) as (storage, _):
        await storage.acknowledge(stored(media, 0, 1))
    return box


async def test_with_plenty_of_room_acknowledged_media_stays_until_its_time_is_up(recorded: Box) -> None:
    async with opened(recorded) as (storage, _):
        recorded.boot.skew_ns = 6 * 24 * HOUR_NS
        assert (await tend(storage)).rung is Rung.PLENTY
        assert kept(recorded) == [0, 1, 2]
        recorded.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
        assert kept(recorded) == [2], "what nobody acknowledged stays"
        assert await deleted(storage) == [(0, "time-up"), (1, "time-up")]


async def test_the_lesson_as_one_file_and_single_sounds_go_with_their_segments(recorded: Box) -> None:
    whole = recorded.lesson / "lesson.mp4"
    whole.write_bytes(b"the same media again")
    sound = recorded.lesson / "segment-00000.teacher.m4a"
    sound.write_bytes(b"the teacher alone")
    async with opened(recorded) as (storage, _):
        await tend(storage)
        assert whole.exists()
        recorded.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
    assert not whole.exists()
    assert not sound.exists()


async def test_what_was_rendered_from_a_segment_goes_with_it(recorded: Box) -> None:
    rendition = recorded.lesson / "render-waist"
    rendition.mkdir()
    for name in ("segment-00000.mp4", "segment-00001.mp4.part", "segment-00002.mp4", "playlist.m3u8"):
        (rendition / name).write_bytes(b"the same media framed")
    async with opened(recorded) as (storage, _):
        await tend(storage)
        assert (rendition / "playlist.m3u8").exists()
        recorded.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
    assert [path.name for path in rendition.iterdir()] == ["segment-00002.mp4"], "its source stays too"


async def test_with_the_last_segment_go_unfinished_ones_and_voices_too(recorded: Box, media: list[Segment]) -> None:
    names = ("segment-00001.mp4.part", "segment-00007.mp4.part", "segment-00007.room.m4a", "segment-00002.mp4.moving")
    for name in names:
        (recorded.lesson / name).write_bytes(b"children")
    async with opened(recorded) as (storage, _):
        recorded.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
        assert sorted(path.name for path in recorded.lesson.glob("segment-*")) == [
            "segment-00002.mp4",
            "segment-00002.mp4.moving",
            "segment-00007.mp4.part",
            "segment-00007.room.m4a",
        ], "what is not acknowledged stays, and what nobody knows stays with it"
        await storage.acknowledge(stored(media, 2))
        recorded.boot.skew_ns = 15 * 24 * HOUR_NS
        await tend(storage)
    assert not list(recorded.lesson.glob("segment-*"))


async def test_what_is_deleted_and_back_is_deleted_again(recorded: Box, media: list[Segment]) -> None:
    names = ("segment-00000.mp4", "segment-00000.teacher.m4a", "lesson.mp4.part")
    async with opened(recorded) as (storage, _):
        recorded.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
        for name in names:
            (recorded.lesson / name).write_bytes(b"a copy")
        assert [finding async for finding in storage.reconcile()] == []
        assert kept(recorded) == [2]
        assert not any((recorded.lesson / name).exists() for name in names)


async def test_a_file_that_was_made_of_deleted_segments_is_not_announced_and_does_not_stay(recorded: Box) -> None:
    async with opened(recorded) as (storage, _):
        recorded.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
        (recorded.lesson / "lesson.mp4.part").write_bytes(b"joined before, finished after")
        await storage.announce_whole(WholeKey(LESSON), 5, "0" * 64, 1)
        assert not list(recorded.lesson.glob("lesson.mp4*"))
        assert "lesson.available" not in [event["type"] for event in await events(storage)]


async def test_what_was_deleted_from_an_open_lesson_is_not_missed(box: Box, media: list[Segment]) -> None:
    box.disk = RoomyDisk(1000)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media[:2]:
            give(sink, segment)
        await storage.acknowledge(stored(media, 0))
        box.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
    async with opened(box) as (_, recovery):
        assert recovery.missing == ()


async def test_a_lesson_of_a_time_without_a_clock_is_no_older_than_can_be_proven(
    box: Box, media: list[Segment]
) -> None:
    box.disk, box.retention = RoomyDisk(1000), RetentionSettings(unacknowledged_days=30)
    box.boot.synced = False
    await record_lesson(box, media)
    box.boot = FakeBoot("boot-2")
    box.clock = SetClock(WALL + timedelta(days=20_000))
    async with opened(box) as (storage, _):
        await tend(storage)
        assert kept(box) == [0, 1, 2]


async def test_the_event_of_a_deletion_names_what_is_gone(recorded: Box, media: list[Segment]) -> None:
    async with opened(recorded) as (storage, _):
        recorded.boot.skew_ns = 7 * 24 * HOUR_NS
        await tend(storage)
        event = next(e["data"] for e in await events(storage) if e["type"] == "segment.deleted")
        assert event["path"] == f"{LESSON}/segment-00000.mp4"
        assert event["size"] == len(media[0].whole)
        assert event["stored"] is True


async def test_space_that_is_needed_comes_from_the_oldest_after_its_grace(recorded: Box) -> None:
    disk = recorded.disk
    assert isinstance(disk, RoomyDisk)
    async with opened(recorded) as (storage, _):
        disk.free = 240 * MINUTE_BYTES - 1
        recorded.boot.skew_ns = 23 * HOUR_NS
        await tend(storage)
        assert kept(recorded) == [0, 1, 2], "the pipeline may still change its mind"
        recorded.boot.skew_ns = 24 * HOUR_NS
        await tend(storage)
        assert kept(recorded) == [1, 2], "as much as is needed, and no more"
        disk.free = 0
        tended = await tend(storage)
        assert kept(recorded) == [2], "never what was not acknowledged, however full the disk"
        assert await deleted(storage) == [(0, "space"), (1, "space")]
        assert tended.rung is Rung.FINISH


async def test_unacknowledged_media_goes_only_where_the_file_says_so(recorded: Box) -> None:
    recorded.retention = RetentionSettings(unacknowledged_days=30)
    async with opened(recorded) as (storage, _):
        recorded.boot.skew_ns = 29 * 24 * HOUR_NS
        await tend(storage)
        assert kept(recorded) == [2]
        recorded.boot.skew_ns = 31 * 24 * HOUR_NS
        await tend(storage)
        assert kept(recorded) == []
        assert (await deleted(storage))[-1] == (2, "unacknowledged-time-up")
        assert (await events(storage))[-1]["data"]["stored"] is False


async def test_after_a_reboot_the_wall_clock_counts(recorded: Box) -> None:
    recorded.boot = FakeBoot("boot-2")
    recorded.clock = SetClock(WALL + timedelta(days=6))
    async with opened(recorded) as (storage, _):
        await tend(storage)
        assert kept(recorded) == [0, 1, 2]
    recorded.clock = SetClock(WALL + timedelta(days=7))
    async with opened(recorded) as (storage, _):
        await tend(storage)
        assert kept(recorded) == [2]


async def test_a_clock_that_is_set_in_the_same_boot_ends_no_grace_early(recorded: Box) -> None:
    clock = recorded.clock
    assert isinstance(clock, SetClock)
    async with opened(recorded) as (storage, _):
        clock.wall = WALL + timedelta(days=400)
        await tend(storage)
        assert kept(recorded) == [0, 1, 2]
    recorded.boot = FakeBoot("boot-2")  # and the boot after it knows the time that was right
    clock.wall = WALL + timedelta(days=406)
    async with opened(recorded) as (storage, _):
        await tend(storage)
        assert kept(recorded) == [0, 1, 2]


async def test_what_can_be_deleted_counts_as_room(recorded: Box) -> None:
    disk = recorded.disk
    assert isinstance(disk, RoomyDisk)
    async with opened(recorded) as (storage, _):
        disk.free = 179 * MINUTE_BYTES
        tended = await storage.tend()
        assert tended.rung is Rung.LOW
        assert 178 < tended.minutes_left < 180
        disk.free = 14 * MINUTE_BYTES
        assert (await storage.tend()).rung is Rung.NO_NEW_LESSON
        disk.free = 2 * MINUTE_BYTES
        assert (await storage.tend()).rung is Rung.FINISH


async def test_nothing_counts_as_deleted_while_the_disk_is_not_mounted(recorded: Box) -> None:
    elsewhere = recorded.root / "unplugged"
    async with opened(recorded) as (storage, _):
        await storage.pending(0, 1)
        recorded.media.rename(elsewhere)
        recorded.media.mkdir()
        recorded.boot.skew_ns = 8 * 24 * HOUR_NS
        with pytest.raises(Exception, match="is its disk mounted"):
            await tend(storage)
        assert await deleted(storage) == []
        recorded.media.rmdir()
        elsewhere.rename(recorded.media)
        await tend(storage)
        assert await deleted(storage) == [(0, "time-up"), (1, "time-up")]


CHILD = """
import asyncio, sys
from pathlib import Path
from support.storagelab import Box, FakeBoot, KillingDisk, opened
from support.keepinglab import HOUR_NS, tend

async def main(root, number, late):
    box = Box(Path(root), disk=KillingDisk(10**6, late=late))
    async with opened(box) as (storage, _):
        box.boot.skew_ns = 7 * 24 * HOUR_NS
        await storage.pending(0, 1)
        box.disk.number = box.disk.count + number
        await tend(storage)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "late"))
"""


@pytest.mark.parametrize("how", ["early", "late"])
@pytest.mark.parametrize("number", [1, 3, 6, 10, 11])
async def test_killed_at_any_step_a_deletion_is_finished_and_told_once(
    recorded: Box, tmp_path: Path, number: int, how: str
) -> None:
    """Operations 1 to 10 unlink (D2), the eleventh syncs the folder (D3); before them lies D1, behind them D4."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CHILD, str(recorded.root), str(number), how]
    child = await asyncio.create_subprocess_exec(*command, env=environment)
    assert await child.wait() == -signal.SIGKILL
    after = Box(recorded.root)
    async with opened(after) as (storage, _):
        assert await deleted(storage) == [], "an event tells only what has happened"
        await tend(storage)
        assert kept(after) == [2]
        assert await deleted(storage) == [(0, "time-up"), (1, "time-up")]
        await tend(storage)
        assert len(await deleted(storage)) == 2
        sequence = [json.loads(entry.payload)["sequence"] for entry in await storage.pending(0, 1000)]
        assert sequence == list(range(1, len(sequence) + 1))
