"""The pipeline says what it has stored: noted with its events in one step, or refused as a whole."""

import hashlib
from typing import Any

import pytest

from followspot.domain.acknowledgement import UnknownMediaError, WrongHashError
from followspot.domain.recording import LessonPlan
from followspot.storage import Storage
from support.keepinglab import STORE, stored
from support.storagelab import LESSON, Box, Segment, events, give, opened, origin, record_lesson


async def told(storage: Storage, kind: str) -> list[dict[str, Any]]:
    return [one["data"] for one in await events(storage) if one["type"] == kind]


async def test_each_segment_is_told_once_and_the_lesson_when_all_of_it_is_stored(
    box: Box, media: list[Segment]
) -> None:
    await record_lesson(box, media)
    manifest = (box.lesson / "manifest.json").read_bytes()
    async with opened(box) as (storage, _):
        assert await storage.acknowledge(stored(media, 0, 2)) == 2
        assert await storage.acknowledge(stored(media, manifest=manifest)) == 1
        assert await told(storage, "lesson.stored") == []
        assert await storage.acknowledge(stored(media, 0, 1, 2)) == 1, "said again it is no news"
        assert await storage.acknowledge(stored(media, 0, 1, 2, manifest=manifest)) == 0
        assert [(one["index"], one["key"]) for one in await told(storage, "segment.stored")] == [
            *((0, "a/0"), (2, "a/2"), (1, "a/1"))
        ]
        assert await told(storage, "lesson.stored") == [
            {
                "lesson_id": LESSON,
                "segments": 3,
                "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
                "store": STORE,
                "key": "a/manifest",
            }
        ]


async def test_a_segment_can_be_acknowledged_while_its_lesson_is_recorded(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        assert await storage.acknowledge(stored(media, 0)) == 1
        with pytest.raises(UnknownMediaError, match="not completed"):
            await storage.acknowledge(stored(media, manifest=b"{}"))
        give(sink, media[1])
        await storage.complete_lesson(LESSON, "stopped")
        assert await storage.acknowledge(stored(media, 1)) == 1


async def test_one_wrong_hash_refuses_the_whole_acknowledgement(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media)
    wrong = stored(media, 0, 1)
    segments = (wrong.segments[0], wrong.segments[1].model_copy(update={"sha256": "0" * 64}))
    async with opened(box) as (storage, _):
        with pytest.raises(WrongHashError, match=f"segment 1 of the lesson {LESSON}"):
            await storage.acknowledge(wrong.model_copy(update={"segments": segments}))
        with pytest.raises(WrongHashError, match="the manifest"):
            await storage.acknowledge(stored(media, 0, manifest=b"another"))
        assert await told(storage, "segment.stored") == []


async def test_what_is_not_on_record_cannot_be_acknowledged(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media[:2])
    async with opened(box) as (storage, _):
        with pytest.raises(UnknownMediaError, match="no segment 2"):
            await storage.acknowledge(stored(media, 0, 2))
        with pytest.raises(UnknownMediaError, match="no lesson"):
            await storage.acknowledge(stored(media, 0).model_copy(update={"lesson_id": "another"}))
        assert await told(storage, "segment.stored") == []


async def test_media_that_moved_to_another_key_is_told_again(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media)
    async with opened(box) as (storage, _):
        await storage.acknowledge(stored(media, 0))
        assert await storage.acknowledge(stored(media, 0, prefix="moved")) == 1
        assert [one["key"] for one in await told(storage, "segment.stored")] == ["a/0", "moved/0"]


async def test_an_acknowledgement_survives_a_restart(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media)
    async with opened(box) as (storage, _):
        await storage.acknowledge(stored(media, 0, 1))
    async with opened(Box(box.root)) as (storage, _):
        assert await storage.acknowledge(stored(media, 0, 1)) == 0
