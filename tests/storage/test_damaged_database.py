"""A database that is damaged is set aside: it may cost its own records, never the next lesson."""

import sqlite3
from pathlib import Path

import pytest

from followspot.domain.errors import StorageError
from followspot.domain.recording import LessonPlan
from followspot.storage import StorageFailed
from support.storagelab import LESSON, Box, Segment, events, opened, origin, record_lesson

ANOTHER_LESSON = LESSON[:-1] + "2"


def database(box: Box) -> Path:
    return box.root / "state" / "followspot.db"


async def begin_anew(box: Box, media: list[Segment]) -> str:
    """Start on the damaged database and record; the name it was given."""
    async with opened(box) as (storage, recovery):
        assert recovery.damaged_database is not None
        sink = storage.lesson_sink(LessonPlan(ANOTHER_LESSON), "test")
        sink.begin(origin())
        await storage.complete_lesson(ANOTHER_LESSON, "stopped")
        told = await events(storage)
    assert [(e["sequence"], e["type"]) for e in told] == [(1, "lesson.started"), (2, "lesson.completed")]
    async with opened(box) as (storage, after):
        assert after.damaged_database is None, "once"
    return recovery.damaged_database


@pytest.mark.parametrize("damage", [b"hello" * 1000, b"SQLite format 3\0" + bytes(5000)], ids=["no database", "zeros"])
async def test_a_file_that_is_no_database_is_set_aside(box: Box, media: list[Segment], damage: bytes) -> None:
    database(box).parent.mkdir()
    database(box).write_bytes(damage)
    aside = await begin_anew(box, media)
    assert aside == "damaged-20260302T090000Z-1-followspot.db"
    assert (box.root / "state" / aside).read_bytes() == damage


async def test_a_second_one_gets_another_name(box: Box, media: list[Segment]) -> None:
    database(box).parent.mkdir()
    names = set()
    for lesson in (LESSON, ANOTHER_LESSON):
        database(box).write_bytes(lesson.encode() * 100)
        async with opened(box) as (_, recovery):
            names.add(recovery.damaged_database)
    assert len(names) == 2
    assert all((box.root / "state" / str(name)).exists() for name in names)


async def test_the_media_it_knew_of_is_left_as_it_is_under_another_epoch(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media[:1])
    async with opened(box) as (storage, _):
        before = (await events(storage))[0]["epoch"]
    files = {path.name: path.read_bytes() for path in box.lesson.iterdir()}
    database(box).write_bytes(b"\0" * 100 + database(box).read_bytes()[100:])
    await begin_anew(box, media)
    assert {path.name: path.read_bytes() for path in box.lesson.iterdir()} == files
    async with opened(box) as (storage, _):
        assert (await events(storage))[0]["epoch"] != before


async def test_damage_met_while_it_is_open_is_dealt_with_at_the_next_start(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media[:1])
    damage_table(database(box), "outbox")
    async with opened(box) as (storage, recovery):
        assert recovery.damaged_database is None, "nothing of it is read at the start"
        storage.lesson_sink(LessonPlan(ANOTHER_LESSON), "test").begin(origin())
        with pytest.raises(StorageError, match="restart followspot"):
            await storage.pending(0, 1)
    (failure,) = box.told(StorageFailed)
    assert "restart followspot" in failure.message
    box.notices.clear()
    await begin_anew(box, media)
    assert box.told(StorageFailed) == []


def damage_table(path: Path, table: str) -> None:
    """Overwrite the root page of a table."""
    connection = sqlite3.connect(path)
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * page_size : page * page_size] = b"\xff" * page_size
    path.write_bytes(content)
