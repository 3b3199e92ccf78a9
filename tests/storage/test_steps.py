"""docs/segments.md numbers the steps of the durable write: they are done in this order, every one, and no other.

The crash tests stop a lesson before and after each of these operations; so this says that they stop at every step.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from followspot.domain.recording import LessonPlan, Mark
from followspot.domain.rendition import RenditionName
from followspot.settings.models import RetentionSettings
from followspot.storage.join.lesson import join_lesson
from followspot.storage.rows import WholeKey
from followspot.storage.storage import Storage
from support.keepinglab import stored
from support.storagelab import (
    LESSON,
    Box,
    CountingDisk,
    RealClock,
    Segment,
    give,
    opened,
    origin,
    record_lesson,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "segments.md"
COMMIT = ("commit",)
PART, WHOLE = "segment-00000.mp4.part", "segment-00000.mp4"
FULL_PART, FULL = "segment-00000.full.mp4.part", "segment-00000.full.mp4"


def replaced(name: str) -> tuple[tuple[str, ...], ...]:
    """What putting a file in place takes."""
    draft = f"{name}.tmp"
    return ("remove", draft), ("create", draft), ("write",), ("sync",), ("rename", draft, name), ("sync_folder", LESSON)


FRAGMENT = (("write",), ("sync",), ("write",))
"""Its bytes, their sync, and the framing lines of its frames."""

STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "B1": (),  # the start holds the reserve already
    "B2": (("make_folder", LESSON),),
    "B3": (("sync_folder", "media"),),
    "B4": (COMMIT, ("append", "framing.jsonl")),
    "S1": (("create", PART),),
    "S2": (("sync_folder", LESSON),),
    "S3": FRAGMENT,
    "S4": (("sync",),),
    "S5": (("rename", PART, WHOLE),),
    "S6": (("sync_folder", LESSON),),
    "S7": (COMMIT,),
    "S8": replaced("playlist.m3u8"),
    "G1": (("create", FULL_PART), ("sync_folder", LESSON)),
    "G2": (("write",), ("sync",)),
    "G3": (("rename", FULL_PART, FULL), ("sync_folder", LESSON)),
    "M1": (COMMIT,),
    "M2": replaced("bookmarks.vtt"),
    "P1": (COMMIT,),
    "P2": (),  # the last segment's S4 to S8
    "P3": (COMMIT, COMMIT),  # what lies beyond the media is drawn in, then the pause is announced
    "P4": (COMMIT, COMMIT, ("append", "framing.jsonl"), ("write",)),  # the same, then the cut, and its framing line
    "E1": (COMMIT,),
    "C1": (COMMIT,),  # decided before: changes nothing
    "C2": (),  # nothing was left unfinished
    "C3": (COMMIT, *replaced("playlist.m3u8"), *replaced("bookmarks.vtt")),
    "C4": replaced("manifest.json"),
    "C5": (COMMIT,),
    "J1": (),
    "J2": (),  # another process, another test
    "J3": (("rename", "lesson.mp4.part", "lesson.mp4"),),
    "J4": (("sync_folder", LESSON),),
    "J5": (COMMIT,),
    "K1": (),
    "K2": replaced("clock.json"),
    "K3": (COMMIT,),
    "K4": (),
}


class NotingDisk(CountingDisk):
    """Notes each operation and the names it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[tuple[str, ...]] = []

    def before(self, number: int, name: str, *args: Any) -> None:
        self.noted.append((name, *(argument.name for argument in args if isinstance(argument, Path))))

    def note_sql(self, statement: str) -> None:
        """SQLite's trace."""
        if statement == "COMMIT":
            self.noted.append(COMMIT)

    def take(self) -> list[tuple[str, ...]]:
        """What was noted since the last time."""
        noted, self.noted = self.noted, []
        return noted


def steps(*names: str) -> list[tuple[str, ...]]:
    return [operation for name in names for operation in STEPS[name]]


async def settled(storage: Storage) -> None:
    """All that was handed over is done."""
    await storage.pending(0, 1)


async def trace(storage: Storage, call: Callable[[str], None] | None) -> None:
    """Have every SQL statement told, or none any more; on the storage's own thread, after all that waits there."""
    opened = storage._opened
    assert opened is not None
    await storage._worker.run(lambda: opened._database._connection.set_trace_callback(call))


async def test_every_numbered_step_is_done_in_its_place(box: Box, media: list[Segment]) -> None:
    disk = NotingDisk()
    box.disk = disk
    async with opened(box) as (storage, _):
        await trace(storage, disk.note_sql)
        disk.take()
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        await settled(storage)
        assert disk.take() == steps("B1", "B2", "B3", "B4")
        sink.open_segment(0, 0)
        sink.write_framing(b'{"pts_ns":0}\n')
        sink.write_fragment(0, media[0].whole)
        sink.finish_segment(media[0].end)
        await settled(storage)
        assert disk.take() == steps("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8")
        await storage.bookmark(LESSON, Mark(RealClock().monotonic_ns(), "mark", "", "test"))
        assert disk.take() == steps("M1", "M2")
        storage.decide_pause(LESSON, "test")
        await settled(storage)
        assert disk.take() == steps("P1")
        plan = await storage.resume_plan(LESSON)
        assert disk.take() == steps("P2", "P3")
        storage.lesson_sink(plan, "test").begin(origin())
        await settled(storage)
        assert disk.take() == steps("P4")
        storage.decide_end(LESSON, "stopped")
        await settled(storage)
        assert disk.take() == steps("E1")
        await storage.complete_lesson(LESSON, "stopped")
        assert disk.take() == steps("C1", "C2", "C3", "C4", "C5")
        whole = join_lesson(box.lesson, lambda: None)
        await storage.announce_whole(WholeKey(LESSON), whole.size, whole.sha256, whole.duration_ns)
        assert disk.take() == steps("J1", "J2", "J3", "J4", "J5")
        await trace(storage, None)


async def test_a_further_picture_is_put_beside_before_its_segment_is_announced(box: Box, media: list[Segment]) -> None:
    disk = NotingDisk()
    box.disk = disk
    async with opened(box) as (storage, _):
        await trace(storage, disk.note_sql)
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        full = sink.rendition(RenditionName.FULL)
        sink.begin(origin())
        sink.open_segment(0, 0)
        await settled(storage)
        disk.take()
        full.open_segment(0)
        full.write_fragment(0, media[0].whole)
        await settled(storage)
        assert disk.take() == steps("G1", "G2")
        sink.write_framing(b'{"pts_ns":0}\n')
        sink.write_fragment(0, media[0].whole)
        sink.finish_segment(replace(media[0].end, renditions=(RenditionName.FULL,)))
        await settled(storage)
        assert disk.take() == steps("S3", "S4", "S5", "S6")
        full.finish_segment(0)
        await settled(storage)
        assert disk.take() == [*steps("G3", "S7", "S8"), *replaced("playlist.full.m3u8")]
        await trace(storage, None)


async def test_wall_times_are_corrected_in_this_order(box: Box, media: list[Segment]) -> None:
    disk = NotingDisk()
    box.disk, box.boot.synced = disk, False
    async with opened(box) as (storage, _):
        await trace(storage, disk.note_sql)
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await settled(storage)
        disk.take()
        box.boot.synced = True
        await storage.correct_clock()
        assert disk.take() == steps("K1", "K2", "K3", "K4")
        await storage.correct_clock()
        assert disk.take() == [], "done again it comes to the same"
        await trace(storage, None)


def test_the_document_numbers_these_steps_and_no_others() -> None:
    numbered = re.findall(r"^- \*\*([A-Z]\d+)\*\*", DOCUMENT.read_text(), re.MULTILINE)
    assert [step for step in numbered if step[0] not in "RVF"] == list(STEPS), "recovery's have tests of their own"


async def test_a_deletion_takes_its_steps_in_the_order_of_its_document(box: Box, media: list[Segment]) -> None:
    disk = NotingDisk()
    box.disk, box.retention = disk, RetentionSettings(grace_h=0, keep_days=0)
    await record_lesson(box, media[:1])
    async with opened(box) as (storage, _):
        await storage.acknowledge(stored(media, 0))
        await trace(storage, disk.note_sql)
        disk.take()
        await storage.tend()
        await trace(storage, None)
        joined = [f"{name}{suffix}" for name in ("lesson.mp4", "lesson.full.mp4") for suffix in ("", ".part")]
        beside = ("segment-00000.teacher.m4a", "segment-00000.room.m4a", FULL, FULL_PART)
        unlinked = [("remove", name) for name in (*joined, *beside, PART, WHOLE)]
        assert disk.take() == [COMMIT, *unlinked, ("sync_folder", LESSON), COMMIT]
    text = DOCUMENT.with_name("retention.md").read_text()
    assert re.findall(r"^- \*\*(D\d+)\*\*", text, re.MULTILINE) == ["D1", "D2", "D3", "D4"]


async def test_a_lesson_as_one_file_goes_in_the_order_of_its_document(box: Box, media: list[Segment]) -> None:
    disk = NotingDisk()
    box.disk, box.retention = disk, RetentionSettings(start_min=1000)
    await record_lesson(box, media[:1])
    async with opened(box) as (storage, _):
        whole = join_lesson(box.lesson, lambda: None)
        await storage.announce_whole(WholeKey(LESSON), whole.size, whole.sha256, whole.duration_ns)
        disk.free_bytes = lambda _folder: 1 << 30  # type: ignore[method-assign]
        await trace(storage, disk.note_sql)
        disk.take()
        await storage.tend()
        await trace(storage, None)
        assert disk.take() == [("remove", "lesson.mp4"), ("remove", "lesson.mp4.part"), ("sync_folder", LESSON), COMMIT]
    text = DOCUMENT.with_name("retention.md").read_text()
    assert re.findall(r"^- \*\*(W\d+)\*\*", text, re.MULTILINE) == ["W1", "W2", "W3"]
