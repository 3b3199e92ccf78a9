"""A disk that is pulled out or turns read-only: the lesson goes on in another place, and comes home."""

import contextlib
import errno
import hashlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from followspot.domain.recording import LessonPlan
from followspot.storage import Storage, StorageFailed
from followspot.storage.notices import MediaMoved
from followspot.storage.refuge import bring_home
from support.keepinglab import HOUR_NS, stored, tend
from support.storagelab import LESSON, Box, CountingDisk, Segment, events, give, opened, origin

SEGMENT_NS = 2_000_000_000


class PulledDisk(CountingDisk):
    """From its `last`-th operation on the media root fails, whatever else works; it can be plugged in again."""

    def __init__(self, media: Path, last: int = 10**9, error: int = errno.EIO) -> None:
        super().__init__()
        self.media, self.last, self.error = media, last, error
        self.is_out = False

    def before(self, number: int, name: str, *args: Any) -> None:
        self.is_out = self.is_out or number > self.last
        place = os.readlink(f"/proc/self/fd/{args[0]}") if isinstance(args[0], int) else str(args[0])
        if self.is_out and place.startswith(str(self.media)):
            raise OSError(self.error, os.strerror(self.error), place)


async def record(box: Box, media: list[Segment]) -> list[dict[str, Any]]:
    """The whole lesson, as the session does it; every event."""
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media:
            give(sink, segment)
        await storage.complete_lesson(LESSON, "stopped")
        return await events(storage)


def of(told: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one["data"] for one in told if one["type"] == kind]


def check_told(box: Box, told: list[dict[str, Any]], media: list[Segment]) -> None:
    """Each segment is in one of the two places as it was announced, and what is missing is declared."""
    ready, gaps = of(told, "segment.ready"), of(told, "gap")
    end_ns = 0
    for index, data in enumerate(ready):
        places = [root / data["path"] for root in (box.media, box.root / "fallback")]
        contents = [place.read_bytes() for place in places if place.exists()]
        assert data["sha256"] in [hashlib.sha256(content).hexdigest() for content in contents]
        assert (data["index"], data["start_ns"]) == (index, end_ns)
        end_ns += data["duration_ns"]
    missing_ns = sum(gap["missing_ns"] for gap in gaps)
    assert end_ns + missing_ns == len(media) * SEGMENT_NS
    assert {gap["reason"] for gap in gaps} <= {"disk-failed"}
    assert told[-1]["type"] == "lesson.completed"
    assert told[-1]["data"]["reason"] == "stopped"


@pytest.mark.parametrize("error", [errno.EIO, errno.EROFS, errno.ENODEV])
async def test_a_disk_that_goes_in_mid_lesson(box: Box, media: list[Segment], error: int) -> None:
    box.has_fallback, box.disk = True, PulledDisk(box.media, error=error)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        sink.write_fragment(1, media[1].fragments[0])
        await storage.pending(0, 1)
        box.disk.is_out = True
        for fragment in media[1].fragments[1:]:
            sink.write_fragment(1, fragment)
        sink.finish_segment(media[1].end)
        give(sink, media[2])
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    check_told(box, told, media)
    assert [one["start_ns"] for one in of(told, "segment.ready")] == [0, SEGMENT_NS]
    assert of(told, "gap")[0]["missing_ns"] == SEGMENT_NS
    (moved,) = box.told(MediaMoved)
    assert str(box.media) in moved.message
    assert str(box.root / "fallback") in moved.message
    assert not box.told(StorageFailed)


async def test_a_disk_that_goes_at_any_operation_costs_a_segment_at_the_most(
    tmp_path: Path, media: list[Segment]
) -> None:
    reference = Box(tmp_path / "reference", disk=CountingDisk())
    await record(reference, media)
    for number in range(2, reference.disk.count, 3):
        box = Box(tmp_path / f"{number}", has_fallback=True)
        box.disk = PulledDisk(box.media, number)
        told = await record(box, media)
        check_told(box, told, media)
        assert sum(gap["missing_ns"] for gap in of(told, "gap")) <= SEGMENT_NS
        assert not [one for one in box.told(StorageFailed) if one.lesson_id]


async def test_a_disk_that_is_gone_from_the_start_costs_nothing(box: Box, media: list[Segment]) -> None:
    box.has_fallback, box.disk = True, PulledDisk(box.media)
    async with opened(box) as (storage, _):
        await storage.pending(0, 1)
        box.disk.is_out = True
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media:
            give(sink, segment)
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    check_told(box, told, media)
    assert not of(told, "gap")


async def test_without_a_fallback_the_lesson_ends_and_says_so(box: Box, media: list[Segment]) -> None:
    box.disk = PulledDisk(box.media)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        box.disk.is_out = True
        give(sink, media[1])
        await storage.pending(0, 1)
        (failed,) = box.told(StorageFailed)
        assert not failed.full
        assert "check that the disk is there" in failed.message


async def moved(box: Box, media: list[Segment]) -> None:
    """A lesson whose disk went behind its first segment, and is back."""
    box.has_fallback, box.disk = True, PulledDisk(box.media)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        box.disk.is_out = True
        give(sink, media[1])
        give(sink, media[2])
        await storage.complete_lesson(LESSON, "stopped")
    box.disk.is_out = False


async def check_home(box: Box, storage: Storage) -> None:
    assert [(one.kind.value, one.path) async for one in storage.reconcile(read_all=True)] == []
    told = await events(storage)
    for data in of(told, "segment.ready"):
        assert hashlib.sha256((box.media / data["path"]).read_bytes()).hexdigest() == data["sha256"]
    manifest = (box.lesson / "manifest.json").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == of(told, "lesson.completed")[0]["manifest_sha256"]
    lines = [json.loads(line) for line in (box.lesson / "framing.jsonl").read_text().splitlines()]
    first = [line["n"] for line in lines if line.get("segment") == 0]
    last = [line["n"] for line in lines if line.get("segment") == 2]
    assert first == last == list(range(len(first)))
    assert list((box.root / "fallback").iterdir()) == []


async def test_the_lesson_comes_home_at_a_later_start(box: Box, media: list[Segment]) -> None:
    await moved(box, media)
    async with opened(box) as (storage, _):
        found = [(one.kind.value, one.path) async for one in storage.reconcile()]
        assert ("reunited", LESSON) in found
        (box.lesson / "segment-00001.mp4.part").unlink(missing_ok=True)
        await check_home(box, storage)


async def test_a_home_coming_that_is_interrupted_is_done_again(box: Box, media: list[Segment]) -> None:
    await moved(box, media)
    async with opened(box) as (storage, _):
        assert storage._opened is not None
        bring_home(storage._opened.store, LESSON)
    (box.lesson / "manifest.json.moving").write_bytes(b"torn")
    async with opened(box) as (storage, _):
        assert "reunited" in [one.kind.value async for one in storage.reconcile()]
        (box.lesson / "segment-00001.mp4.part").unlink(missing_ok=True)
        (box.lesson / "manifest.json.moving").unlink(missing_ok=True)
        await check_home(box, storage)


async def test_it_stays_where_it_is_while_the_disk_is_away(box: Box, media: list[Segment]) -> None:
    await moved(box, media)
    box.media.rename(box.root / "unplugged")
    async with opened(box) as (storage, _):
        assert [one.kind.value async for one in storage.reconcile()] == []
        assert "segment.deleted" not in [one["type"] for one in await events(storage)]
    box.media.rename(box.root / "mount point")
    (box.root / "unplugged").rename(box.media)
    async with opened(box) as (storage, _):
        assert "reunited" in [one.kind.value async for one in storage.reconcile()]


async def test_what_is_deleted_while_it_comes_home_does_not_stay_there(box: Box, media: list[Segment]) -> None:
    await moved(box, media)
    async with opened(box) as (storage, _):
        assert storage._opened is not None
        bring_home(storage._opened.store, LESSON)
        await storage.acknowledge(stored([media[0], media[2]], 1))
        box.boot.skew_ns = 8 * 24 * HOUR_NS
        await tend(storage)
        assert "reunited" in [one.kind.value async for one in storage.reconcile()]
        assert [data["index"] for data in of(await events(storage), "segment.deleted")] == [1]
        assert not (box.lesson / "segment-00001.mp4").exists()


async def test_a_deletion_that_was_begun_waits_for_the_disk_that_the_lesson_left(
    box: Box, media: list[Segment]
) -> None:
    await moved(box, media)
    with contextlib.closing(sqlite3.connect(box.root / "state/followspot.db")) as database, database:
        database.execute("UPDATE keeping SET presence = 'leaving', reason = 'time-up' WHERE \"index\" = 0")
    async with opened(box) as (storage, _):
        await tend(storage)
        assert of(await events(storage), "segment.deleted") == []
        assert (box.lesson / "segment-00000.mp4").exists()


async def test_a_lesson_that_only_a_damaged_database_knew_comes_home_and_is_found(
    box: Box, media: list[Segment]
) -> None:
    box.has_fallback, box.disk = True, PulledDisk(box.media)
    async with opened(box) as (storage, _):
        await storage.pending(0, 1)
        box.disk.is_out = True
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media:
            give(sink, segment)
        await storage.complete_lesson(LESSON, "stopped")
    box.disk.is_out = False
    (box.media / "other").mkdir()
    (box.media / "other" / "file").touch()
    (box.root / "state/followspot.db").write_bytes(b"damage" * 1000)
    async with opened(box) as (storage, recovery):
        assert recovery.damaged_database is not None
        assert [one.kind.value async for one in storage.reconcile()] == ["reunited", "adopted"]
        assert len(of(await events(storage), "segment.ready")) == len(media)
    assert list((box.root / "fallback").iterdir()) == []


async def test_a_lesson_in_the_fallback_folder_is_not_joined_there(box: Box, media: list[Segment]) -> None:
    box.has_fallback = True
    box.disk = PulledDisk(box.media)
    async with opened(box) as (storage, _):
        await storage.pending(0, 1)
        box.disk.is_out = True
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media:
            give(sink, segment)
        await storage.complete_lesson(LESSON, "stopped")
        assert await storage.unjoined() == []


async def test_a_start_with_a_media_disk_that_cannot_be_used_goes_on_and_records(
    box: Box, media: list[Segment]
) -> None:
    box.has_fallback, box.disk = True, PulledDisk(box.media)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        box.disk.is_out = True
        give(sink, media[1])
        await storage.pending(0, 1)
    box.media.rename(box.root / "unplugged")
    box.media.write_bytes(b"nothing here is a folder")
    async with opened(box) as (storage, recovery):
        assert recovery.resume is not None
        assert recovery.resume.lesson_id == LESSON
        sink = storage.lesson_sink(recovery.resume, "test")
        sink.begin(origin())
        sink.open_segment(recovery.resume.first_index, recovery.resume.media_start_ns)
        await storage.complete_lesson(LESSON, "stopped")
        assert (await events(storage))[-1]["type"] == "lesson.completed"
        assert not [one for one in box.told(StorageFailed) if one.lesson_id]


@pytest.mark.parametrize("paused", [False, True])
async def test_a_disk_that_goes_while_nothing_is_written_ends_no_lesson(
    box: Box, media: list[Segment], paused: bool
) -> None:
    box.has_fallback, box.disk = True, PulledDisk(box.media)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        sink.write_fragment(1, media[1].fragments[0])
        sink.write_fragment(1, media[1].fragments[1][:100])
        await storage.pending(0, 1)
        box.disk.is_out = True
        if paused:
            storage.decide_pause(LESSON, "test")
            await storage.settle_pause(LESSON)
        plan = await storage.resume_plan(LESSON)
        assert (plan.first_index, plan.media_start_ns) == (1, SEGMENT_NS)
        assert len(box.told(MediaMoved)) == 1
        sink = storage.lesson_sink(plan, "test")
        sink.begin(origin())
        give(sink, media[1])
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    assert [one["index"] for one in of(told, "segment.ready")] == [0, 1]
    assert of(told, "lesson.completed")[0]["reason"] == "stopped"
