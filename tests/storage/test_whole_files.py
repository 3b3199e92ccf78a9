"""lesson.mp4 is made of the segments: it goes before anything is refused, is told of, and is made again."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from followspot.domain.retention import Rung
from followspot.storage import Storage
from followspot.storage.join.lesson import join_lesson
from followspot.storage.rows import WholeKey
from support.keepinglab import HOUR_NS, MINUTE_BYTES, RoomyDisk, stored, tend
from support.storagelab import LESSON, Box, Segment, SetClock, events, opened, record_lesson


def disk_of(box: Box) -> RoomyDisk:
    assert isinstance(box.disk, RoomyDisk)
    return box.disk


async def told(storage: Storage, *kinds: str) -> list[tuple[str, str | None]]:
    """Types of events, and the reason of each that has one."""
    return [(e["type"], e["data"].get("reason")) for e in await events(storage) if e["type"] in kinds]


async def make_whole(box: Box, storage: Storage) -> dict[str, Any]:
    """As the daemon does between lessons; what was announced."""
    assert await storage.unjoined() == [WholeKey(LESSON)]
    made = join_lesson(box.lesson, lambda: None)
    await storage.announce_whole(WholeKey(LESSON), made.size, made.sha256, made.duration_ns)
    data: dict[str, Any] = (await events(storage))[-1]["data"]
    return data


@pytest.fixture
async def joined(box: Box, media: list[Segment]) -> Box:
    """A box with an unacknowledged lesson of three segments, which is there as one file, too."""
    box.disk, box.clock = RoomyDisk(1000), SetClock()
    await record_lesson(box, media)
    async with opened(box) as (storage, _):
        await make_whole(box, storage)
    return box


async def test_it_stays_while_there_is_room(joined: Box) -> None:
    async with opened(joined) as (storage, _):
        disk_of(joined).free = 31 * MINUTE_BYTES
        await tend(storage)
        assert (joined.lesson / "lesson.mp4").exists()
        assert await storage.unjoined() == []


async def test_it_goes_before_a_start_is_refused_and_is_made_again_when_there_is_room(joined: Box) -> None:
    content = (joined.lesson / "lesson.mp4").read_bytes()
    async with opened(joined) as (storage, _):
        disk_of(joined).free = 29 * MINUTE_BYTES
        tended = await tend(storage)
        assert not (joined.lesson / "lesson.mp4").exists()
        assert tended.rung is Rung.LOW
        assert len(list(joined.lesson.glob("segment-*.mp4"))) == 3, "what nobody acknowledged stays"
        gone = next(e["data"] for e in await events(storage) if e["type"] == "lesson.unavailable")
        assert gone == {
            "lesson_id": LESSON,
            "path": f"{LESSON}/lesson.mp4",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "reason": "space",
            "rendition": None,
        }
        disk_of(joined).free = 1000 * MINUTE_BYTES
        again = await make_whole(joined, storage)
        assert again["sha256"] == gone["sha256"]
        assert await told(storage, "lesson.available", "lesson.unavailable") == [
            ("lesson.available", None),
            ("lesson.unavailable", "space"),
            ("lesson.available", None),
        ]


async def test_it_counts_as_room(joined: Box) -> None:
    async with opened(joined) as (storage, _):
        disk_of(joined).free = 31 * MINUTE_BYTES
        size = (joined.lesson / "lesson.mp4").stat().st_size
        assert (await storage.tend()).space.deletable_bytes == size


async def test_acknowledged_media_goes_first(joined: Box, media: list[Segment]) -> None:
    async with opened(joined) as (storage, _):
        await storage.acknowledge(stored(media, 0))
        joined.boot.skew_ns = 25 * HOUR_NS
        disk_of(joined).free = 29 * MINUTE_BYTES
        await tend(storage)
        assert await told(storage, "segment.deleted", "lesson.unavailable") == [
            ("segment.deleted", "space"),
            ("lesson.unavailable", "space"),
        ], "with a segment its lesson's one file goes, and that is told as well"
        assert await storage.unjoined() == []


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"short")])
async def test_the_only_copy_of_something_is_not_freed(joined: Box, harm: Any) -> None:
    harm(joined.lesson / "segment-00001.mp4")
    async with opened(joined) as (storage, _):
        disk_of(joined).free = 0
        await tend(storage)
        [finding async for finding in storage.reconcile()]
        await tend(storage)
        assert (joined.lesson / "lesson.mp4").exists()
        assert await told(storage, "lesson.unavailable") == []


@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (Path.unlink, "is not there any more"),
        (lambda path: path.write_bytes(b"short"), "has 5 bytes"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?"), "has another content"),
    ],
)
async def test_one_that_is_missing_or_damaged_is_told_and_made_again(joined: Box, harm: Any, text: str) -> None:
    harm(joined.lesson / "lesson.mp4")
    async with opened(joined) as (storage, _):
        (finding,) = [finding async for finding in storage.reconcile(read_all=True)]
        assert (finding.kind, finding.is_loss) == ("remade", False)
        assert text in finding.text
        assert await told(storage, "lesson.unavailable") == [("lesson.unavailable", "missing")]
        await make_whole(joined, storage)
        assert [finding async for finding in storage.reconcile(read_all=True)] == []
