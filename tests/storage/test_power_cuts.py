"""Power cuts and failures at every single change of the file system, the database's own included.

On a file system that keeps nothing but what was synced. What the product told anybody before must be there after.
"""

import asyncio
import ctypes.util
import errno
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from followspot.domain.errors import StorageError
from followspot.domain.recording import LessonPlan, Mark
from followspot.storage.disk import Disk, DiskErrors
from followspot.storage.join.lesson import join_lesson
from followspot.storage.notices import FragmentDurable
from followspot.storage.rows import WholeKey
from followspot.storage.storage import Storage
from storage.test_crashes import check_after_restart
from storage.test_disk_faults import check_told, record_on
from support.storagelab import LESSON, SEGMENT_S, Box, FakeBoot, RealClock, Segment, events, give, opened, origin

pytestmark = pytest.mark.system

SECOND_NS = 10**9
SERVER = Path(__file__).parents[1] / "support" / "forgetful.py"


class PowerLine:
    """The forgetful file system and the hand on its switch."""

    def __init__(self, mount: Path) -> None:
        self.mount = mount
        self.generation = 0
        self._server = subprocess.Popen(
            [sys.executable, str(SERVER), str(mount)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(500):
            if mount.is_mount():
                return
            time.sleep(0.02)
        pytest.fail("the file system was not mounted")

    def ask(self, *command: object) -> str:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(*command, file=self._server.stdin, flush=True)
        return self._server.stdout.readline().strip()

    def power(self, keep: str) -> None:
        self.generation = int(self.ask("power", keep))

    @property
    def root(self) -> Path:
        return self.mount / str(self.generation)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.mount)], check=True)
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(10)
        assert self._server.stdout is not None
        self._server.stdout.close()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[PowerLine]:
    """A forgetful file system, mounted."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    if ctypes.util.find_library("fuse3") is None:
        pytest.skip("libfuse3 is not installed")
    mount = tmp_path / "forgetful"
    mount.mkdir()
    line = PowerLine(mount)
    yield line
    line.close()


class NoSync(Disk):
    """A disk whose files are not synced."""

    def sync(self, fd: int) -> None:
        """Left out."""


class NoFolderSync(Disk):
    """A disk whose names are not synced."""

    def sync_folder(self, folder: Path) -> None:
        """Left out."""


class Told:
    """What anybody was told before the power failed."""

    def __init__(self) -> None:
        self.fragments = 0
        self.events = 0


async def record(box: Box, media: list[Segment], *, lazy_database: bool = False) -> Told:
    """Record until the end or until nothing works any more."""
    told = Told()

    def on_outbox() -> None:
        told.events += 1

    box.on_outbox = on_outbox
    with suppress(StorageError, *DiskErrors):
        async with opened(box) as (storage, _):
            if lazy_database:
                await sync_no_database(storage)
            await live(storage, box, media)
    told.fragments = len(box.told(FragmentDurable))
    return told


async def live(storage: Storage, box: Box, media: list[Segment]) -> None:
    """Everything a lesson may come to: a bookmark, a pause, its end, the one file."""
    first, *later = media
    sink = storage.lesson_sink(LessonPlan(LESSON), "test")
    sink.begin(origin())
    give(sink, first)
    await storage.bookmark(LESSON, Mark(RealClock().monotonic_ns(), "mark", "", "test"))
    storage.decide_pause(LESSON, "test")
    sink = storage.lesson_sink(await storage.resume_plan(LESSON), "test")
    sink.begin(origin())
    for segment in later:
        give(sink, segment)
    await storage.complete_lesson(LESSON, "stopped")
    whole = await asyncio.to_thread(join_lesson, box.lesson, lambda: None)
    await storage.announce_whole(WholeKey(LESSON), whole.size, whole.sha256, whole.duration_ns)


async def sync_no_database(storage: Storage) -> None:
    """SQLite leaves its syncs out."""
    opened = storage._opened
    assert opened is not None
    await storage._worker.run(lambda: opened._database.all("PRAGMA synchronous = OFF"))


async def cut_and_check(
    line: PowerLine, number: int, keep: str, media: list[Segment], disk: Disk, *, lazy_database: bool = False
) -> bool:
    """Record with a power cut before the change `number`; whether there was one. Then judge what is left."""
    line.ask("cut", number)
    told = await record(Box(line.root / f"{number}", disk=disk), media, lazy_database=lazy_database)
    happened = int(line.ask("count")) >= number
    line.power(keep)
    if not happened:
        return False
    box = Box(line.root / f"{number}", boot=FakeBoot("boot-2"))
    kept_ns = await check_after_restart(box, media)
    fragments = sum(len(segment.fragments) for segment in media)
    assert kept_ns >= told.fragments * len(media) * SEGMENT_S * SECOND_NS // fragments, "told to be on the disk"
    async with opened(box) as (storage, _):
        after = await events(storage)
        assert len(after) >= told.events, "told to be on record"
    for available in (e["data"] for e in after if e["type"] == "lesson.available"):
        content = (box.media / available["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == available["sha256"]
    for bookmark in (e["data"] for e in after if e["type"] == "bookmark"):
        manifest = json.loads((box.lesson / "manifest.json").read_bytes())
        assert [b["tag"] for b in manifest["bookmarks"]] == [bookmark["tag"]]
        assert "mark" in (box.lesson / "bookmarks.vtt").read_text()
    return True


@pytest.mark.timeout(600)
@pytest.mark.parametrize("keep", ["nothing", "names"])
async def test_after_a_power_cut_at_any_change_all_that_was_told_is_there(
    line: PowerLine, media: list[Segment], keep: str
) -> None:
    number = 1
    while await cut_and_check(line, number, keep, media[:2], Disk()):
        number += 1 if keep == "nothing" else 3
    assert number > 100


@pytest.mark.timeout(600)
async def test_the_recovery_itself_survives_a_power_cut_at_any_change(line: PowerLine, media: list[Segment]) -> None:
    for first in (95, 120, 150):
        number, happened = 1, True
        while happened:
            root = f"{first}-{number}"
            line.ask("cut", first)
            await record(Box(line.root / root), media[:2])
            line.power("nothing")
            line.ask("cut", number)
            with suppress(StorageError, *DiskErrors):
                async with opened(Box(line.root / root, boot=FakeBoot("boot-2"))):
                    pass
            happened = int(line.ask("count")) >= number
            line.power("nothing")
            await check_after_restart(Box(line.root / root, boot=FakeBoot("boot-3")), media[:2])
            number += 1
        assert number > 10


@pytest.mark.timeout(600)
@pytest.mark.parametrize("left_out", ["files", "folders", "database"])
async def test_a_sync_that_is_left_out_is_found(line: PowerLine, media: list[Segment], left_out: str) -> None:
    disk = {"files": NoSync(), "folders": NoFolderSync(), "database": Disk()}[left_out]
    lazy, number = left_out == "database", 1
    try:
        while await cut_and_check(line, number, "nothing", media[:2], disk, lazy_database=lazy):
            number += 1
    except AssertionError:
        return
    pytest.fail(f"{number} power cuts found nothing wrong")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("error", "length"),
    [(errno.ENOSPC, 1_000_000), (errno.EIO, 1), (errno.EIO, 1_000_000)],
    ids=["full", "fails once", "fails for good"],
)
async def test_a_disk_that_fails_at_any_change_harms_nothing_that_was_told(
    line: PowerLine, media: list[Segment], error: int, length: int
) -> None:
    number = 1
    while True:
        before = int(line.ask("count"))
        line.ask("fail", number, length, error)
        root, told = line.root / f"{number}", []
        with suppress(StorageError, *DiskErrors):
            told = await record_on(Box(root), media[:1])
        happened = int(line.ask("count")) >= before + number
        line.ask("fail", 0, 0, 0)
        if not happened:
            break
        box = Box(root, boot=FakeBoot("boot-2"))
        async with opened(box) as (storage, _):
            after = await events(storage)
        assert after[: len(told)] == told
        check_told(box, after, media)
        assert not after or after[-1]["type"] == "lesson.completed"
        number += 1
    assert number > 60
