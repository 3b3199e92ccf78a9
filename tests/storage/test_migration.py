"""An update finds what an older program kept, and goes on with it."""

import json
import sqlite3
from pathlib import Path

import followspot.storage.database as database_module
from followspot.domain.republish import RepublishLesson
from followspot.storage.database import MIGRATIONS, RENDITIONS, Database
from support.storagelab import LESSON, Box, opened


async def test_a_database_of_the_first_version_is_taken_along(box: Box, monkeypatch) -> None:
    state = box.root / "state"
    state.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "MIGRATIONS", MIGRATIONS[:1])
        old = Database(state)
        epoch = old.epoch
        old.close()
    fill(state / "followspot.db")

    async with opened(box) as (storage, recovery):
        assert recovery.damaged_database is None
        again = await storage.republish(RepublishLesson(LESSON))
        assert (again.count, again.oldest, again.epoch) == (1, 2, epoch)
        assert [entry.sequence for entry in await storage.pending(0, 10)] == [2]


async def test_a_lesson_that_was_one_file_before_there_were_further_pictures_stays_one(box: Box, monkeypatch) -> None:
    state = box.root / "state"
    state.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "MIGRATIONS", MIGRATIONS[: MIGRATIONS.index(RENDITIONS)])
        Database(state).close()
    connection = sqlite3.connect(state / "followspot.db")
    with connection:
        connection.execute(
            "INSERT INTO lessons (id, state, reason, started, started_by, width, height, anchor_media_ns, anchor_wall,"
            " anchor_boot_id, anchor_boottime_ns)"
            " VALUES (?, 'completed', 'stopped', '2026-03-02T09:00:00+00:00', 'panel', 64, 48, 0,"
            " '2026-03-02T09:00:00+00:00', 'boot-0', 1)",
            (LESSON,),
        )
        connection.execute(
            'INSERT INTO segments (lesson_id, "index", file, size, sha256, init_size, start_ns, duration_ns, started,'
            " frames, tracks)"
            " VALUES (?, 0, 'segment-00000.mp4', 7, 'a', 1, 0, 9, '2026-03-02T09:00:00+00:00', 2, '[]')",
            (LESSON,),
        )
        connection.execute("INSERT INTO whole_files VALUES (?, 'lesson.mp4', 7, 'b', 9)", (LESSON,))
    connection.close()
    box.lesson.mkdir(parents=True)
    (box.lesson / "segment-00000.mp4").write_bytes(b"7 bytes")
    async with opened(box) as (storage, _):
        assert await storage.unjoined() == []


def fill(file: Path) -> None:
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(
            "INSERT INTO lessons VALUES (?, 'completed', 'stopped', '2026-03-02T09:00:00+00:00', 'panel', 64, 48, 0,"
            " '2026-03-02T09:00:00+00:00', 'boot-0', 1)",
            (LESSON,),
        )
        for sequence, data in enumerate(({"code": "dock-lost"}, {"lesson_id": LESSON}), start=1):
            payload = json.dumps({"data": data}).encode()
            connection.execute("INSERT INTO outbox VALUES (?, ?, 't', ?, 1)", (sequence, str(sequence), payload))
    connection.close()
