"""The fallback folder's own disk: it fills up, it has a reserve; and lessons that cannot come home yet."""

import errno
import os
from pathlib import Path
from typing import Any

from followspot.domain.recording import LessonPlan
from followspot.domain.retention import Rung
from followspot.storage import Storage, StorageFailed
from followspot.storage.notices import MediaMoved
from followspot.storage.reserve import RESERVE_FILE
from support.keepinglab import HOUR_NS, MINUTE_BYTES, stored, tend
from support.storagelab import LESSON, Box, CountingDisk, Segment, events, give, opened, origin

OTHER = "0198c0de-0000-7000-8000-000000000002"
SEGMENT_NS = 2_000_000_000


class TwoDisks(CountingDisk):
    """Media and fallback on a disk each: the first can be pulled out, both have as much room as is set, minutes.

    `refuses` makes an operation fail by its name and path.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.media, self.fallback = root / "media", root / "fallback"
        self.is_out = False
        self.home_min = self.refuge_min = 1000.0
        self.full = False
        """Whether the fallback's disk takes nothing more, until a reserve is given up there."""
        self.refuses: Any = lambda name, place: None

    def before(self, number: int, name: str, *args: Any) -> None:
        place = os.readlink(f"/proc/self/fd/{args[0]}") if isinstance(args[0], int) else str(args[0])
        if self.is_out and place.startswith(str(self.media)):
            raise OSError(errno.EIO, os.strerror(errno.EIO), place)
        if name == "remove" and Path(place) == self.fallback / RESERVE_FILE and Path(place).exists():
            self.full = False
        if self.full and name in ("create", "write", "allocate") and place.startswith(str(self.fallback)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place)
        self.refuses(name, place)

    def free_bytes(self, folder: Path) -> int:
        if folder.is_relative_to(self.media):
            if self.is_out:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))
            return int(self.home_min * MINUTE_BYTES)
        return int(self.refuge_min * MINUTE_BYTES)


def two_disks(box: Box) -> TwoDisks:
    box.has_fallback, box.disk = True, TwoDisks(box.root)
    return box.disk


async def move(storage: Storage, disk: TwoDisks, media: list[Segment], lesson_id: str = LESSON) -> None:
    """A lesson whose disk goes behind its first segment."""
    sink = storage.lesson_sink(LessonPlan(lesson_id), "test")
    sink.begin(origin())
    give(sink, media[0])
    await storage.pending(0, 1)
    disk.is_out = True
    give(sink, media[1])
    give(sink, media[2])
    await storage.pending(0, 1)


async def test_the_ladder_is_that_of_the_disk_where_the_lesson_goes_on(box: Box, media: list[Segment]) -> None:
    disk = two_disks(box)
    async with opened(box) as (storage, _):
        assert (await storage.tend()).root == box.media
        await move(storage, disk, media)
        for minutes, rung in ((1000, Rung.PLENTY), (100, Rung.LOW), (14, Rung.NO_NEW_LESSON), (2, Rung.FINISH)):
            disk.refuge_min = minutes
            tended = await storage.tend()
            assert (tended.root, tended.rung) == (box.root / "fallback", rung)
            assert round(tended.minutes_left) == minutes
        await storage.complete_lesson(LESSON, "disk-full")
        disk.is_out, disk.home_min = False, 500
        tended = await storage.tend()
        assert (tended.root, tended.rung) == (box.media, Rung.PLENTY)


async def test_while_nothing_can_be_recorded_at_home_the_other_disks_room_decides_on_a_start(box: Box) -> None:
    disk = two_disks(box)
    async with opened(box) as (storage, _):
        disk.is_out, disk.refuge_min = True, 10
        tended = await storage.tend()
        assert (tended.root, tended.rung) == (box.root / "fallback", Rung.NO_NEW_LESSON)
        assert not (box.root / "fallback").exists()


async def test_space_in_it_comes_from_what_is_acknowledged_there(box: Box, media: list[Segment]) -> None:
    disk = two_disks(box)
    async with opened(box) as (storage, _):
        await move(storage, disk, media)
        await storage.complete_lesson(LESSON, "stopped")
        await storage.acknowledge(stored([media[0], media[2]], 0, 1))
        box.boot.skew_ns = 25 * HOUR_NS
        disk.refuge_min = 100
        await tend(storage)
        gone = [e["data"]["path"] for e in await events(storage) if e["type"] == "segment.deleted"]
    assert gone == [f"{LESSON}/segment-00001.mp4"]
    assert not (box.root / "fallback" / LESSON / "segment-00001.mp4").exists()


async def test_a_disk_that_is_full_all_the_same_is_closed_with_its_own_reserve(box: Box, media: list[Segment]) -> None:
    disk = two_disks(box)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        disk.is_out = True
        give(sink, media[1])
        sink.open_segment(2, media[2].end.start_ns)
        sink.write_fragment(2, media[2].fragments[0])
        await storage.pending(0, 1)
        assert (box.root / "fallback" / RESERVE_FILE).stat().st_size == 1024 * 1024
        disk.full = True
        sink.write_fragment(2, media[2].fragments[1])
        await storage.pending(0, 1)
        (failed,) = box.told(StorageFailed)
        assert failed.full
        assert f"{box.root}/fallback cannot be written on" in failed.message
        await storage.complete_lesson(LESSON, "disk-full")
        told = await events(storage)
    assert [e["data"]["index"] for e in told if e["type"] == "segment.ready"] == [0, 1]
    assert (told[-1]["type"], told[-1]["data"]["reason"]) == ("lesson.completed", "disk-full")


async def test_without_room_for_a_reserve_no_lesson_goes_there(box: Box, media: list[Segment]) -> None:
    disk = two_disks(box)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        await storage.pending(0, 1)
        disk.is_out = disk.full = True
        give(sink, media[0])
        await storage.pending(0, 1)
        assert not box.told(MediaMoved)
        (failed,) = box.told(StorageFailed)
        assert not failed.full, "the first of the two is what a technician must know of"


async def two_away(box: Box, media: list[Segment]) -> TwoDisks:
    """Two lessons in the fallback folder whose disk is back."""
    disk = two_disks(box)
    async with opened(box) as (storage, _):
        for lesson_id in (LESSON, OTHER):
            await move(storage, disk, media, lesson_id)
            await storage.complete_lesson(lesson_id, "stopped")
            disk.is_out = False
    return disk


async def found(storage: Storage) -> list[tuple[str, str]]:
    return [(one.kind.value, one.path) async for one in storage.reconcile() if one.kind in ("homeless", "reunited")]


async def test_a_lesson_that_cannot_come_home_keeps_no_other_from_it_and_is_tried_again(
    box: Box, media: list[Segment]
) -> None:
    disk = await two_away(box, media)

    def refuse(name: str, place: str) -> None:
        if name == "write" and f"media/{LESSON}/segment" in place:
            raise OSError(errno.EIO, os.strerror(errno.EIO), place)

    disk.refuses = refuse
    async with opened(box) as (storage, _):
        (box.media / "0100c0de-0000-7000-8000-000000000009").mkdir()
        kinds = [(one.kind.value, one.path) async for one in storage.reconcile()]
        assert kinds[:2] == [("homeless", LESSON), ("reunited", OTHER)]
        assert "foreign" in [kind for kind, _ in kinds], "the rest was looked at, too"
        assert (box.root / "fallback" / LESSON / "segment-00001.mp4").exists()
        assert not list(box.lesson.glob("*.moving"))
        disk.refuses = lambda name, place: None
        assert [one.kind.value async for one in storage.come_home()] == ["reunited"]
        assert [one.kind.value async for one in storage.come_home()] == []
    assert (box.lesson / "segment-00001.mp4").read_bytes() == media[2].whole
    assert list((box.root / "fallback").iterdir()) == []


async def test_a_lesson_does_not_come_home_where_the_next_one_would_have_no_room(
    box: Box, media: list[Segment]
) -> None:
    disk = await two_away(box, media)
    disk.home_min = 15
    async with opened(box) as (storage, _):
        assert await found(storage) == [("homeless", LESSON), ("homeless", OTHER)]
        disk.home_min = 16
        assert [one.kind.value async for one in storage.come_home()] == ["reunited", "reunited"]


async def test_a_copy_that_is_not_what_was_written_does_not_replace_the_lesson(box: Box, media: list[Segment]) -> None:
    disk = await two_away(box, media)

    def spoil(name: str, place: str) -> None:
        if name == "sync" and f"media/{LESSON}/segment" in place:
            content = bytearray(Path(place).read_bytes())
            content[len(content) // 2] ^= 1
            Path(place).write_bytes(content)

    disk.refuses = spoil
    async with opened(box) as (storage, _):
        assert await found(storage) == [("homeless", LESSON), ("reunited", OTHER)]
        assert (box.root / "fallback" / LESSON / "segment-00001.mp4").read_bytes() == media[2].whole
        disk.refuses = lambda name, place: None
        assert [one.kind.value async for one in storage.come_home()] == ["reunited"]
