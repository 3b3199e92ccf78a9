"""A real file system that fills up: what the faulty disks of the other tests stand for."""

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from followspot.domain.alerts import AlertCode
from followspot.domain.errors import DiskFullError, StorageError
from followspot.domain.events import AlertRaised
from followspot.domain.recording import LessonPlan
from followspot.storage import Storage, StorageFailed
from support.storagelab import LESSON, Box, Segment, events, give, opened, origin

DISK_MIB = 3
STATE_MIB = 6
ALERT = AlertRaised(code=AlertCode.DISK_FULL, subject="state", message="no space is left")


@contextmanager
def mounted(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A tmpfs of that size."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "followspot-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Media in three mebibytes, one of which the reserve takes."""
    with mounted(tmp_path / "media", DISK_MIB) as folder:
        yield folder


@pytest.fixture
def small_state(tmp_path: Path) -> Iterator[Path]:
    """A database with six mebibytes of its own, four of which its reserve takes."""
    with mounted(tmp_path / "state", STATE_MIB) as folder:
        yield folder


def fill(folder: Path) -> Path:
    """Take the last byte; what took it."""
    path = folder / "somebody-elses"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return path


async def until_full(storage: Storage) -> int:
    """The pages that the database has already take some rows more; how many."""
    for count in range(10_000):
        try:
            await storage.publish(ALERT)
        except DiskFullError:
            return count
    raise AssertionError("it is never full")


@pytest.mark.system
async def test_a_full_file_system_ends_the_lesson_truly(tmp_path: Path, small: Path, media: list[Segment]) -> None:
    box = Box(tmp_path)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        await storage.pending(0, 1)
        room = shutil.disk_usage(small).free
        (small / "somebody-elses").write_bytes(bytes(room - len(media[1].fragments[0]) - 4096))
        for fragment in media[1].fragments[:-1]:
            sink.write_fragment(1, fragment)
        await storage.pending(0, 1)
        assert [f.full for f in box.told(StorageFailed)] == [True]
        await storage.complete_lesson(LESSON, "disk-full")
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "segment.ready", "lesson.completed"]
    for data in (e["data"] for e in told[1:3]):
        content = (box.media / data["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == data["sha256"]
        assert media[data["index"]].whole.startswith(content)


@pytest.mark.system
async def test_a_full_disk_that_holds_media_and_state_does_not_keep_the_daemon_from_starting(
    small: Path, media: list[Segment]
) -> None:
    box = Box(small)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
    room = shutil.disk_usage(small).free
    (small / "somebody-elses").write_bytes(bytes(room))
    assert shutil.disk_usage(small).free == 0
    async with opened(Box(small, resume_within_min=0)) as (storage, recovery):
        assert recovery.damaged_database is None
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "lesson.completed"]


@pytest.mark.system
async def test_a_full_disk_under_the_database_loses_no_event_and_no_number(
    tmp_path: Path, small_state: Path, media: list[Segment]
) -> None:
    box = Box(tmp_path)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        in_the_way = fill(small_state)
        kept = await until_full(storage)
        before = await events(storage)
        assert len(before) == 2 + kept
        with pytest.raises(DiskFullError, match="no space is left"):
            await storage.mark_published([1])
        give(sink, media[1])
        await storage.pending(0, 1)
        assert [f.full for f in box.told(StorageFailed)] == [True]
        assert not (small_state / ".followspot-reserve").exists(), "given up for what comes now"
        await storage.complete_lesson(LESSON, "disk-full")
        told = await events(storage)
        assert told[: len(before)] == before
        assert [e["type"] for e in told[len(before) :]] == ["segment.ready", "lesson.completed"]
        assert told[-1]["data"]["reason"] == "disk-full"

        second = storage.lesson_sink(LessonPlan(LESSON.replace("0001", "0002")), "test")
        second.begin(origin())
        await storage.pending(0, 1)
        assert "no room for the reserve" in box.told(StorageFailed)[-1].message, "no lesson begins that could not end"

        in_the_way.unlink()
        await storage.mark_published([1, 2])
        await storage.publish(ALERT)
        third = storage.lesson_sink(LessonPlan(LESSON.replace("0001", "0003")), "test")
        third.begin(origin())
        await storage.pending(0, 1)
        after = await events(storage)
        assert after[: len(told) - 2] == told[2:]
        assert [e["type"] for e in after[len(told) - 2 :]] == ["alert.raised", "lesson.started"]
        assert [e["sequence"] for e in after] == list(range(3, len(told) + 3))


@pytest.mark.system
@pytest.mark.parametrize("reserve", [True, False], ids=["with the reserve", "with nothing left"])
async def test_an_end_decided_on_a_full_state_disk_stands(
    tmp_path: Path, small_state: Path, media: list[Segment], reserve: bool
) -> None:
    box = Box(tmp_path)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        if not reserve:
            (small_state / ".followspot-reserve").unlink()
        in_the_way = fill(small_state)
        await until_full(storage)
        before = await events(storage)
        storage.decide_end(LESSON, "stopped")
        await storage.pending(0, 1)
        if not reserve:
            with pytest.raises(StorageError):
                await storage.complete_lesson(LESSON, "stopped")
            in_the_way.unlink()
            assert await storage.settle() == 0
            assert (await events(storage))[: len(before)] == before
    if reserve:
        in_the_way.unlink()
    async with opened(Box(tmp_path)) as (storage, recovery):
        assert recovery.resume is None, "nobody is filmed who pressed stop"
        told = await events(storage)
    assert (told[-1]["type"], told[-1]["data"]["reason"]) == ("lesson.completed", "stopped")
    assert told[: len(before)] == before
