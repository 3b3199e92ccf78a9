"""What was told missing and is there again is not lost to the pipeline, which has given it up."""

from pathlib import Path

import pytest

from followspot.domain.retention import DeletionReason
from followspot.settings.models import RetentionSettings
from followspot.storage import Storage
from followspot.storage.rows import WholeKey
from support.keepinglab import HOUR_NS, stored, tend
from support.storagelab import LESSON, Box, Segment, events, opened, record_lesson

KINDS = ("segment.ready", "segment.deleted")


async def told(storage: Storage) -> list[tuple[str, int]]:
    return [(e["type"], e["data"]["index"]) for e in await events(storage) if e["type"] in KINDS]


async def found(storage: Storage, *, read_all: bool = False) -> list[tuple[str, str]]:
    return [(one.kind.value, one.path) async for one in storage.reconcile(read_all=read_all)]


@pytest.fixture
async def exchanged(box: Box, media: list[Segment]) -> Box:
    """A box whose disk of media is another one, with something on it; what it had on the first is told missing."""
    await record_lesson(box, media)
    box.media.rename(box.root / "first disk")
    (box.media / "another").mkdir(parents=True)
    (box.media / "another" / "file").touch()
    async with opened(box) as (storage, _):
        assert [kind for kind, path in await found(storage) if LESSON in path] == ["missing"] * 3
    return box


def put_back(box: Box) -> None:
    box.media.rename(box.root / "second disk")
    (box.root / "first disk").rename(box.media)


async def test_the_first_disk_is_back_and_everything_is_announced_anew(exchanged: Box, media: list[Segment]) -> None:
    put_back(exchanged)
    async with opened(exchanged) as (storage, _):
        before = await events(storage)
        assert await found(storage) == [("returned", f"{LESSON}/segment-{n:05d}.mp4") for n in range(3)]
        again = (await events(storage))[len(before) :]
        first = [e for e in before if e["type"] == "segment.ready"]
        assert [e["data"] for e in again] == [e["data"] for e in first]
        assert not {e["id"] for e in again} & {e["id"] for e in first}, "a new fact is a new event"
        assert await found(storage) == []
        assert await storage.unjoined() == [WholeKey(LESSON)]
        assert await storage.acknowledge(stored(media, 0, 1, 2)) == 3


@pytest.mark.parametrize("read_all", [False, True])
async def test_only_what_is_as_it_was_announced_is_told(exchanged: Box, read_all: bool) -> None:
    put_back(exchanged)
    short, other = (exchanged.lesson / f"segment-{n:05d}.mp4" for n in (0, 1))
    short.write_bytes(b"short")
    other.write_bytes(other.read_bytes()[:-1] + b"?")
    async with opened(exchanged) as (storage, _):
        assert await found(storage, read_all=read_all) == [("returned", f"{LESSON}/segment-00002.mp4")]


async def test_what_was_deleted_is_not_taken_back(box: Box, media: list[Segment]) -> None:
    box.retention = RetentionSettings(keep_days=1)
    await record_lesson(box, media)
    copy = (box.lesson / "segment-00000.mp4").read_bytes()
    async with opened(box) as (storage, _):
        await storage.acknowledge(stored(media, 0))
        box.boot.skew_ns = 25 * HOUR_NS
        await tend(storage)
        Path(box.lesson / "segment-00000.mp4").write_bytes(copy)
        assert await found(storage) == []
        assert not (box.lesson / "segment-00000.mp4").exists()
        assert [e["data"]["reason"] for e in await events(storage) if e["type"] == "segment.deleted"] == [
            DeletionReason.TIME_UP
        ]
