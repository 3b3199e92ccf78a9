"""A disk that is full, fails or forgets, at every single operation: what is told is true, what is whole is kept."""

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from followspot.domain.errors import StorageError
from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonPlan
from followspot.storage import Storage, StorageFailed
from support.storagelab import (
    LESSON,
    Box,
    CountingDisk,
    FaultyDisk,
    Segment,
    events,
    give,
    opened,
    origin,
    record_lesson,
)


@pytest.fixture(scope="module")
def short(media: list[Segment]) -> list[Segment]:
    """Two segments: every kind of operation."""
    return media[:2]


async def operations(folder: Path, media: list[Segment]) -> int:
    """How many disk operations a lesson takes."""
    disk = CountingDisk()
    await record_lesson(Box(folder, disk=disk), media)
    return disk.count


async def record_on(box: Box, media: list[Segment]) -> list[dict[str, Any]]:
    """Record on a disk that may fail, as the session does: after a failure the lesson is completed. All events."""
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media:
            give(sink, segment)
        await storage.pending(0, 1)  # all that was handed over is done
        failed = [f for f in box.told(StorageFailed) if f.lesson_id]
        reason = "stopped" if not failed else "disk-full" if failed[0].full else "disk-failed"
        try:
            await storage.complete_lesson(LESSON, reason)
        except StorageError as error:
            box.notices.append(StorageFailed(LESSON, False, str(error)))
        return await events(storage)


def check_told(box: Box, told: list[dict[str, Any]], media: list[Segment]) -> None:
    """Every announced file is as stated and a beginning of what was given."""
    assert [e["sequence"] for e in told] == list(range(1, len(told) + 1))
    for data in (e["data"] for e in told if e["type"] == "segment.ready"):
        content = (box.media / data["path"]).read_bytes()
        assert data["sha256"] == hashlib.sha256(content).hexdigest()
        assert media[data["index"]].whole.startswith(content)


async def test_a_disk_that_fills_at_any_operation_closes_the_lesson_truly(tmp_path: Path, short: list[Segment]) -> None:
    count = await operations(tmp_path / "reference", short)
    ended = set()
    for number in range(2, count + 1):  # the first makes the reserve; without it nothing begins
        box = Box(tmp_path / f"{number}", disk=FaultyDisk(errno.ENOSPC, number))
        told = await record_on(box, short)
        check_told(box, told, short)
        failures = box.told(StorageFailed)
        if not told:
            assert not box.lesson.exists()
            assert len(failures) == 1
            continue
        assert told[-1]["type"] == "lesson.completed"
        reason = told[-1]["data"]["reason"]
        assert [f.full for f in failures] == ([True] if reason == "disk-full" else []), f"at operation {number}"
        assert not list(box.lesson.glob("*.part"))
        manifest = json.loads((box.media / told[-1]["data"]["manifest"]).read_bytes())
        assert [s["index"] for s in manifest["segments"]] == [
            e["data"]["index"] for e in told if e["type"] == "segment.ready"
        ]
        ended.add(reason)
    assert ended == {"disk-full", "stopped"}, "the reserve carries the end of a lesson over a full disk"


async def test_no_lesson_begins_on_a_full_disk(box: Box, short: list[Segment]) -> None:
    box.disk = FaultyDisk(errno.ENOSPC, 1)
    assert await record_on(box, short) == []
    assert [(f.lesson_id, f.full) for f in box.told(StorageFailed)] == [(None, True), (LESSON, True)]
    assert "no room for the reserve, recording.reserve_mb" in box.told(StorageFailed)[1].message
    assert list(box.media.iterdir()) == []


async def test_the_reserve_comes_back_with_the_space(box: Box, short: list[Segment]) -> None:
    count = await operations(box.root / "reference", short)
    box.disk = FaultyDisk(errno.ENOSPC, count // 2)
    await record_on(box, short)
    reserve = box.media / ".followspot-reserve"
    assert not reserve.exists()
    async with opened(Box(box.root)):
        pass
    assert reserve.stat().st_size == 1024 * 1024
    assert reserve.stat().st_blocks * 512 >= 1024 * 1024, "allocated, not sparse"


@pytest.mark.parametrize("length", [1, 1_000_000], ids=["once", "for good"])
async def test_a_disk_that_fails_at_any_operation_is_told_once_and_healed_at_the_next_start(
    tmp_path: Path, short: list[Segment], length: int
) -> None:
    count = await operations(tmp_path / "reference", short)
    for number in range(2, count + 1):
        disk = FaultyDisk(errno.EIO, number, length)
        box = Box(tmp_path / f"{number}", disk=disk)
        told = await record_on(box, short)
        if not disk.failed:
            continue
        check_told(box, told, short)
        assert 1 <= len(box.told(StorageFailed)) <= 2, "the lesson's, and its completion's"
        async with opened(Box(box.root)) as (storage, recovery):
            assert recovery.resume is None, "its end was decided"
            after = await events(storage)
        assert after[: len(told)] == told, "what was told stands"
        check_told(box, after, short)
        if after:
            assert after[-1]["type"] == "lesson.completed"
            assert after[-1]["data"]["reason"] in ("disk-failed", "stopped")
            assert not list(box.lesson.glob("*.part")) + list(box.lesson.glob("*.tmp"))


async def test_a_folder_that_becomes_read_only_ends_the_lesson_truly(box: Box, short: list[Segment]) -> None:
    box.disk = FaultyDisk(errno.EROFS, await operations(box.root / "reference", short) // 2)
    told = await record_on(box, short)
    failure = box.told(StorageFailed)[0]
    assert not failure.full
    assert "Read-only file system" in failure.message
    assert "writable" in failure.message
    check_told(box, told, short)
    async with opened(Box(box.root)) as (storage, recovery):  # mounted for writing again
        assert recovery.resume is None
        after = await events(storage)
    assert (after[-1]["type"], after[-1]["data"]["reason"]) == ("lesson.completed", "disk-failed")
    check_told(box, after, short)


async def test_a_media_folder_that_vanishes_is_a_failure_with_the_path(box: Box, short: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, short[0])
        await storage.pending(0, 1)
        box.lesson.rename(box.root / "elsewhere")
        give(sink, short[1])
        with pytest.raises(StorageError, match=str(box.lesson)):
            await storage.complete_lesson(LESSON, "stopped")
        (failure,) = box.told(StorageFailed)
        assert not failure.full
        assert str(box.media) in failure.message


async def test_a_full_database_is_a_full_disk(box: Box, short: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        await limit_database(storage)
        for _ in range(100):  # the pages already there take some rows more
            sink.declare_gap(Gap(GapReason.CAMERA_LOST, 0, 1))
        give(sink, short[0])
        await storage.pending(0, 1)
        (failure,) = box.told(StorageFailed)
        assert failure.full
        assert not (box.media / ".followspot-reserve").exists()


async def limit_database(storage: Storage) -> None:
    """Let the database grow no more: SQLite then answers as on a full disk."""
    opened = storage._opened
    assert opened is not None
    await storage._worker.run(lambda: opened._database.one("PRAGMA max_page_count = 1"))
