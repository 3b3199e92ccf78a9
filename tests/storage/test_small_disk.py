"""A real file system that fills up: what the faulty disks of the other tests stand for."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from followspot.domain.recording import LessonPlan
from followspot.storage import StorageFailed
from support.storagelab import LESSON, Box, Segment, events, give, opened, origin

DISK_MIB = 3


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of three mebibytes, one of which the reserve takes."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    folder = tmp_path / "media"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "followspot-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


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
