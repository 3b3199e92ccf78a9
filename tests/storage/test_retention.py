"""What is deleted, when, in which order, and what never is; killed at every step of it."""

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from followspot.domain.retention import Rung
from followspot.settings.models import RetentionSettings
from followspot.storage import Storage
from support.keepinglab import HOUR_NS, MINUTE_BYTES, RoomyDisk, stored, tend
from support.storagelab import LESSON, WALL, Box, FakeBoot, Segment, SetClock, events, opened, record_lesson


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
@pytest.mark.parametrize("number", [1, 3, 6, 8, 9])
async def test_killed_at_any_step_a_deletion_is_finished_and_told_once(
    recorded: Box, tmp_path: Path, number: int, how: str
) -> None:
    """Operations 1 to 8 unlink (D2), the ninth syncs the folder (D3); before them lies D1, behind them D4."""
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
