"""File systems that cannot allocate, and who may read what is recorded on them."""

import errno
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from followspot.storage import StorageFailed
from followspot.storage.disk import Disk
from support.storagelab import Box, Segment, events, opened, record_lesson

RESERVE = ".followspot-reserve"


class UnallocatableDisk(Disk):
    """A file system that refuses to set space aside."""

    def __init__(self, error: int) -> None:
        self.error = error

    def preallocate(self, fd: int, size: int) -> None:
        raise OSError(self.error, os.strerror(self.error))


class UnreservableDisk(Disk):
    """A file system on which no reserve can be made at all, though there is room."""

    def allocate(self, path: Path, size: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def ramfs(tmp_path: Path) -> Iterator[Path]:
    """A media root that knows no fallocate."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    folder = tmp_path / "media"
    folder.mkdir()
    subprocess.run(["mount", "-t", "ramfs", "followspot-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def check_recorded(box: Box, media: list[Segment]) -> None:
    """A lesson is recorded to its end."""
    await record_lesson(box, media[:1])
    async with opened(box) as (storage, _):
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "lesson.completed"]
    assert told[-1]["data"]["reason"] == "stopped"


@pytest.mark.system
@pytest.mark.usefixtures("ramfs")
async def test_a_lesson_on_a_file_system_without_fallocate(box: Box, media: list[Segment]) -> None:
    await check_recorded(box, media)
    assert (box.media / RESERVE).stat().st_size == 1024 * 1024
    assert box.told(StorageFailed) == []


@pytest.mark.parametrize("error", [errno.EBADF, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS])
async def test_where_nothing_can_be_allocated_the_reserve_is_written(
    box: Box, media: list[Segment], error: int
) -> None:
    box.disk = UnallocatableDisk(error)
    await check_recorded(box, media)
    reserve = (box.media / RESERVE).stat()
    assert reserve.st_size == 1024 * 1024
    assert reserve.st_blocks * 512 >= 1024 * 1024, "written, not sparse"
    assert box.told(StorageFailed) == []


async def test_a_reserve_that_cannot_be_made_does_not_bar_recording(box: Box, media: list[Segment]) -> None:
    box.disk = UnreservableDisk()
    await check_recorded(box, media)
    assert {failure.lesson_id for failure in box.told(StorageFailed)} == {None}, "it is told, of no lesson"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_recordings_are_for_us_and_our_group_whatever_the_umask(
    box: Box, media: list[Segment], umask: int
) -> None:
    before = os.umask(umask)
    try:
        async with opened(box):
            state = box.root / "state"
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
            assert modes == dict.fromkeys(("followspot.db", "followspot.db-wal", "followspot.db-shm"), 0o640)
        await record_lesson(box, media[:1])
    finally:
        os.umask(before)
    for folder in (box.media, state, box.lesson):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o750


async def test_a_database_that_others_could_read_is_closed_to_them(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media[:1])
    database = box.root / "state" / "followspot.db"
    database.chmod(0o664)
    async with opened(box):
        assert stat.S_IMODE(database.stat().st_mode) == 0o660


async def test_a_media_root_that_the_technician_made_keeps_its_mode_and_hands_on_its_group(
    box: Box, media: list[Segment]
) -> None:
    box.media.mkdir()
    box.media.chmod(0o2770)
    await record_lesson(box, media[:1])
    assert stat.S_IMODE(box.media.stat().st_mode) == 0o2770
    assert stat.S_IMODE(box.lesson.stat().st_mode) == 0o2750
