"""A disk that hangs: memory is bounded, the cut is declared, and the lesson goes on when it can."""

import asyncio
import json
import threading

import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonPlan
from followspot.storage import DiskOverflow, Storage
from followspot.storage.disk import Disk
from support.storagelab import LESSON, SEGMENT_S, Box, Segment, events, give, make_media, opened, origin

SECOND_NS = 10**9
LIMIT_SEGMENTS = 3
SMALL_JOBS_BYTES = 4_000
"""Jobs that carry no media are never refused."""


class HangingDisk(Disk):
    """A disk whose syncs wait for `gate`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()

    def sync(self, fd: int) -> None:
        if not self.gate.is_set():
            self.waiting.set()
        assert self.gate.wait(20)
        super().sync(fd)


@pytest.fixture
def hanging(box: Box) -> HangingDisk:
    """A disk that can be made to hang."""
    disk = HangingDisk()
    box.disk = disk
    return disk


async def test_a_slow_sync_only_delays(box: Box, hanging: HangingDisk, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        await storage.pending(0, 1)
        hanging.gate.clear()
        give(sink, media[0])
        await asyncio.to_thread(hanging.waiting.wait, 10)
        busy = storage.progress()
        assert busy.busy_since_ns is not None
        assert busy.queued_bytes >= len(media[0].whole)
        assert busy.queue_depth > 0
        hanging.gate.set()
        await storage.complete_lesson(LESSON, "stopped")
    idle = storage.progress()
    assert (idle.queue_depth, idle.queued_bytes, idle.busy_since_ns) == (0, 0, None)
    assert (box.lesson / "segment-00000.mp4").read_bytes() == media[0].whole
    assert box.told(DiskOverflow) == []


async def test_beyond_the_bound_the_lesson_is_cut_and_goes_on_with_a_later_segment(
    box: Box, hanging: HangingDisk, media: list[Segment]
) -> None:
    box.queue_limit_bytes = LIMIT_SEGMENTS * len(media[0].whole)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        sink.open_segment(0, 0)
        for fragment in media[0].fragments[:2]:
            sink.write_fragment(0, fragment)
        await storage.pending(0, 1)
        hanging.gate.clear()
        for fragment in media[0].fragments[2:] * 20:
            sink.write_fragment(0, fragment)
            assert storage.progress().queued_bytes < box.queue_limit_bytes + SMALL_JOBS_BYTES
        sink.finish_segment(media[0].end)
        give(sink, media[1])  # thrown away: the queue is still full
        hanging.gate.set()
        await storage.pending(0, 1)
        give(sink, media[2])
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    assert len(box.told(DiskOverflow)) == 1
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "gap", "segment.ready", "lesson.completed"]
    first, gap, second = (e["data"] for e in told[1:4])
    assert (second["index"], second["start_ns"]) == (1, first["duration_ns"])
    assert (gap["reason"], gap["start_ns"], gap["duration_ns"]) == ("disk-overflow", first["duration_ns"], 0)
    assert gap["missing_ns"] == 2 * SEGMENT_S * SECOND_NS - first["duration_ns"]
    assert second["started"] == "2026-03-02T09:00:04Z", "wall time knows nothing of cuts"
    assert (box.media / second["path"]).read_bytes() == media[2].whole
    framing = [json.loads(line) for line in (box.lesson / "framing.jsonl").read_text().splitlines()]
    cut = {"pts_ns": gap["start_ns"], "cut": "disk-overflow", "missing_ns": gap["missing_ns"]}
    at = framing.index(cut)
    assert [line["pts_ns"] for line in framing[at + 1 :]] == [
        second["start_ns"] + n * SECOND_NS // 2 for n in range(len(media[2].fragments))
    ], "the framing track is in the lesson's time behind the cut"


async def test_a_lesson_that_ends_in_an_overflow_declares_its_lost_end(
    box: Box, hanging: HangingDisk, media: list[Segment]
) -> None:
    box.queue_limit_bytes = LIMIT_SEGMENTS * len(media[0].whole)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        hanging.gate.clear()
        sink.open_segment(1, media[1].end.start_ns)
        for fragment in media[1].fragments * 20:
            sink.write_fragment(1, fragment)
        sink.finish_segment(media[1].end)
        give(sink, media[2])
        hanging.gate.set()
        await storage.complete_lesson(LESSON, "stopped")
        completed = (await events(storage))[-1]["data"]
    (gap,) = completed["gaps"]
    assert gap["reason"] == "disk-overflow"
    assert gap["start_ns"] + gap["missing_ns"] == 3 * SEGMENT_S * SECOND_NS
    assert gap["start_ns"] == completed["duration_ns"]


async def test_gaps_in_an_overflow_are_clipped_to_what_is_kept(
    box: Box, hanging: HangingDisk, media: list[Segment]
) -> None:
    """Gaps come in the recorder's time, late or early, across a cut that it does not know of."""
    box.queue_limit_bytes = LIMIT_SEGMENTS * len(media[0].whole)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        hanging.gate.clear()
        sink.open_segment(1, media[1].end.start_ns)
        for fragment in media[1].fragments * 20:
            sink.write_fragment(1, fragment)
        hanging.gate.set()
        await storage.pending(0, 1)
        kept_ns, resumed_ns = await kept(storage), 3 * SEGMENT_S * SECOND_NS
        assert 0 < kept_ns < resumed_ns
        for start_ns, duration_ns in [(kept_ns - 5, 20), (kept_ns, 10), (kept_ns + 10, SECOND_NS)]:
            sink.declare_gap(Gap(GapReason.CAMERA_LOST, start_ns, duration_ns, 0))
        last = make_media(1, first=3)[0]
        give(sink, last)
        for start_ns, duration_ns in [(kept_ns + 10, 20), (kept_ns - 7, resumed_ns), (resumed_ns + 30, 40)]:
            sink.declare_gap(Gap(GapReason.SOUND_LOST, start_ns, duration_ns, 0))
        await storage.complete_lesson(LESSON, "stopped")
        gaps = (await events(storage))[-1]["data"]["gaps"]
    assert [(g["reason"], g["start_ns"] - kept_ns, g["duration_ns"]) for g in gaps] == [
        ("sound-lost", -7, SEGMENT_S * SECOND_NS + 7),
        ("camera-lost", -5, 5),
        ("disk-overflow", 0, 0),
        ("sound-lost", 30, 40),
    ]


async def kept(storage: Storage) -> int:
    """The media time that is durable."""
    return sum(e["data"]["duration_ns"] for e in await events(storage) if e["type"] == "segment.ready")
