"""Lessons that could not be completed when they ended, and lessons whose files are gone."""

import errno
import json
import logging

import pytest

from followspot.domain.errors import StorageError
from followspot.domain.recording import LessonPlan
from support.storagelab import LESSON, Box, FaultyDisk, Segment, events, give, opened, origin

OTHER_LESSON = LESSON[:-1] + "2"


async def record_without_end(box: Box, media: list[Segment]) -> None:
    """A lesson that a crash broke off."""
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])


async def test_what_the_disk_refused_is_completed_while_idle(
    box: Box, media: list[Segment], caplog: pytest.LogCaptureFixture
) -> None:
    disk = box.disk = FaultyDisk(errno.EIO, 1_000_000)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        assert await storage.settle() == 0
        assert [e["type"] for e in await events(storage)] == ["lesson.started", "segment.ready"], "it still records"
        disk.first = 1
        with pytest.raises(StorageError):
            await storage.complete_lesson(LESSON, "disk-failed")
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            assert [await storage.settle() for _ in range(3)] == [1, 1, 1]
        assert len(caplog.records) == 1, "a transition is logged once"
        disk.length = 0
        assert await storage.settle() == 0
        completed = (await events(storage))[-1]
        assert (completed["type"], completed["data"]["reason"]) == ("lesson.completed", "disk-failed")
        assert await storage.settle() == 0
        assert (await events(storage))[-1] == completed


async def test_what_the_start_could_not_settle_is_settled_while_idle(box: Box, media: list[Segment]) -> None:
    await record_without_end(box, media)
    disk = FaultyDisk(errno.EIO, 1)
    async with opened(Box(box.root, disk=disk, resume_within_min=0)) as (storage, _):
        assert await storage.settle() == 1
        disk.length = 0
        assert await storage.settle() == 0
        assert (await events(storage))[-1]["data"]["reason"] == "interrupted"


async def test_a_lesson_offered_to_go_on_is_not_settled(box: Box, media: list[Segment]) -> None:
    await record_without_end(box, media)
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is not None
        assert await storage.settle() == 0
        assert (await events(storage))[-1]["type"] == "segment.ready"


async def test_a_lesson_whose_folder_was_deleted_is_completed_and_its_files_are_missing(
    box: Box, media: list[Segment]
) -> None:
    await record_without_end(box, media)
    box.lesson.rename(box.root / "elsewhere")
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is None, "there is nothing to go on with"
        assert recovery.missing == (f"{LESSON}/segment-00000.mp4",)
        completed = (await events(storage))[-1]
        assert (completed["type"], completed["data"]["reason"]) == ("lesson.completed", "interrupted")
    manifest = json.loads((box.media / completed["data"]["manifest"]).read_bytes())
    assert [s["file"] for s in manifest["segments"]] == ["segment-00000.mp4"], "it was announced"
    async with opened(Box(box.root)) as (_, recovery):
        assert recovery.missing == ()


async def test_a_lesson_on_a_disk_that_is_not_mounted_is_waited_for(box: Box, media: list[Segment]) -> None:
    await record_without_end(box, media)
    box.media.rename(box.root / "unplugged")
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is None
        assert await storage.settle() == 1
        assert [e["type"] for e in await events(storage)] == ["lesson.started", "segment.ready"]
        (box.root / "unplugged" / LESSON).rename(box.lesson)
        assert await storage.settle() == 0
        assert (await events(storage))[-1]["data"]["segments"] == 1
