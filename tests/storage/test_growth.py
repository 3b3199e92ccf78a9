"""What the catalogue does with one segment costs the same beside one, a thousand or a hundred thousand others.

Counted in SQLite's own steps, which no busy machine changes.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from followspot.domain.acknowledgement import Acknowledgement, StoredSegment
from followspot.domain.recording import LessonPlan
from followspot.storage import Storage
from followspot.storage.acknowledging import acknowledge, moves_allowed
from followspot.storage.database import Database
from support.keepinglab import MINUTE_BYTES, RoomyDisk
from support.storagelab import LESSON, WALL, Box, Segment, SetClock, give, opened, origin

PER_LESSON = 100
SIZES = (1, 1_000, 100_000)


def fill(database: Database, segments: int) -> None:
    """Lessons of long ago, all stored; of three segments two are still here, one in a hundred lessons is unsent."""
    tracks = json.dumps([])
    with database.transaction():
        for number in range(-(-segments // PER_LESSON)):
            lesson_id = f"0100{number:04d}-0000-7000-8000-000000000000"
            database.execute(
                "INSERT INTO lessons (id, state, reason, started, started_by, width, height, anchor_media_ns,"
                " anchor_wall, anchor_boot_id, anchor_boottime_ns)"
                " VALUES (?, 'completed', 'stopped', ?, '', 2, 2, 0, ?, '', 0)",
                (lesson_id, WALL.isoformat(), WALL.isoformat()),
            )
            for index in range(min(PER_LESSON, segments - number * PER_LESSON)):
                database.execute(
                    'INSERT INTO segments (lesson_id, "index", file, size, sha256, init_size, start_ns, duration_ns,'
                    " started, frames, tracks) VALUES (?, ?, ?, 1000, ?, 1, ?, 1, ?, 1, ?)",
                    (lesson_id, index, f"segment-{index:05d}.mp4", "a" * 64, index, WALL.isoformat(), tracks),
                )
        database.execute(
            "UPDATE keeping SET store = 's', key = 'k', acknowledged_ms = ?, acknowledged_boot_id = 'long ago',"
            " acknowledged_boottime_ns = 0, presence = CASE WHEN \"index\" % 3 THEN 'here' ELSE 'gone' END"
            " WHERE lesson_id NOT LIKE '%00-0000-7%'",
            (int(WALL.timestamp() * 1000),),
        )


async def steps(storage: Storage, call: Callable[[], Any]) -> int:
    """How many steps of SQLite's a call on the storage thread takes."""
    opened_ = storage._opened
    assert opened_ is not None
    connection = opened_._database._connection

    def counted() -> int:
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        connection.set_progress_handler(tick, 1)
        try:
            call()
        finally:
            connection.set_progress_handler(None, 0)
        return count

    return await storage._worker.run(counted)


async def costs(root: Path, media: list[Segment], segments: int) -> dict[str, int]:
    """The steps of everything that is done for one segment, and of a look at the disk."""
    box = Box(root, disk=RoomyDisk(1000), clock=SetClock())
    async with opened(box) as (storage, _):
        opened_ = storage._opened
        assert opened_ is not None
        store = opened_.store
        await storage._worker.run(lambda: fill(opened_._database, segments))
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        row = (await storage._worker.run(lambda: store.catalogue.segments(LESSON)))[0]
        said = Acknowledgement(
            lesson_id=LESSON, store="s", segments=(StoredSegment(index=0, sha256=row.sha256, key="k"),)
        )
        disk = store.disk
        assert isinstance(disk, RoomyDisk)
        found = {
            "next_place": await steps(storage, lambda: store.catalogue.next_place(LESSON)),
            "acknowledge": await steps(storage, lambda: acknowledge(store, said, moves_allowed())),
            "pending": await steps(storage, lambda: opened_.outbox.pending(0, 16)),
            "open_lessons": await steps(storage, store.catalogue.open_lessons),
        }
        await storage.tend()
        found["tend with room"] = await steps(storage, opened_.tending.tend)
        disk.free = 170 * MINUTE_BYTES
        found["tend in want of room"] = await steps(storage, opened_.tending.tend)
        return found


async def test_nothing_grows_with_the_number_of_segments(tmp_path: Path, media: list[Segment]) -> None:
    found = {size: await costs(tmp_path / str(size), media, size) for size in SIZES}
    few, most = found[SIZES[0]], found[SIZES[-1]]
    for name in few:
        assert most[name] <= 1.5 * few[name] + 50, (name, {size: one[name] for size, one in found.items()})


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR")
