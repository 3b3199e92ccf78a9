"""A further picture beside the lesson's own: announced with it, as durable as it, and never in its way."""

import asyncio
import errno
import hashlib
import io
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from followspot.domain.acknowledgement import Acknowledgement, IncompleteStoreError, parse_acknowledgement
from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan, RenditionSink, SegmentSink
from followspot.domain.rendition import RenditionName
from followspot.domain.retention import DeletionReason
from followspot.domain.segments import Manifest
from followspot.storage.boxes import walk
from followspot.storage.disk import Disk
from followspot.storage.join.lesson import join_lesson
from followspot.storage.reconcile import FindingKind
from followspot.storage.removal import remove
from followspot.storage.rows import WholeKey
from followspot.storage.storage import Storage
from support.rfc8216 import check
from support.storagelab import LESSON, SEGMENT_S, Box, Segment, events, give, give_full, opened, origin

FULL = RenditionName.FULL
NS = 10**9


def announced(end: Segment) -> Segment:
    """The segment as a recorder gives it that records both pictures."""
    return replace(end, end=replace(end.end, renditions=(FULL,)))


def begin(storage: Storage, plan: LessonPlan | None = None) -> tuple[SegmentSink, RenditionSink]:
    sink = storage.lesson_sink(plan or LessonPlan(LESSON), "test")
    full = sink.rendition(FULL)
    sink.begin(origin())
    return sink, full


async def record_both(box: Box, media: Sequence[Segment], fragments: Sequence[int | None] = ()) -> None:
    """A whole lesson; `fragments` says how many the further picture of each segment has: None all, 0 no file."""
    async with opened(box) as (storage, _):
        sink, full = begin(storage)
        for segment, kept in zip(media, fragments or [None] * len(media), strict=True):
            give(sink, announced(segment))
            if kept == 0:
                full.finish_segment(segment.end.index)
            else:
                give_full(full, segment, kept)
        await storage.complete_lesson(LESSON, "stopped")


async def told(box: Box) -> list[dict[str, Any]]:
    async with opened(box) as (storage, _):
        return await events(storage)


def of_type(happened: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one["data"] for one in happened if one["type"] == kind]


async def test_one_event_tells_of_both_files_and_tells_the_truth(box: Box, media: list[Segment]) -> None:
    await record_both(box, media)
    happened = await told(box)
    ready = of_type(happened, "segment.ready")
    assert [one["path"] for one in ready] == [f"{LESSON}/segment-0000{n}.mp4" for n in range(3)]
    for one, segment in zip(ready, media, strict=True):
        (further,) = one["renditions"]
        content = (box.lesson / further["file"]).read_bytes()
        assert further["name"] == "full"
        assert further["file"] == f"segment-{one['index']:05d}.full.mp4"
        assert (further["size"], further["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (further["duration_ns"], further["frames"]) == (one["duration_ns"], segment.end.frames)
        assert [track["kind"] for track in further["tracks"]] == ["video", "audio"]
    manifest = Manifest.model_validate_json((box.lesson / "manifest.json").read_bytes())
    assert [one.renditions[0].sha256 for one in manifest.segments] == [one["renditions"][0]["sha256"] for one in ready]
    assert not of_type(happened, "gap")
    assert not list(box.lesson.glob("*.part"))


async def test_players_find_a_playlist_of_each(box: Box, media: list[Segment]) -> None:
    await record_both(box, media)
    own, full = ((box.lesson / name).read_text() for name in ("playlist.m3u8", "playlist.full.m3u8"))
    check(box.lesson / "playlist.m3u8")
    check(box.lesson / "playlist.full.m3u8")
    assert full == own.replace(".mp4", ".full.mp4")
    assert "DISCONTINUITY" not in full


async def test_the_event_waits_for_the_further_picture_and_the_next_segment_does_not(
    box: Box, media: list[Segment]
) -> None:
    async with opened(box) as (storage, _):
        sink, full = begin(storage)
        give(sink, announced(media[0]))
        full.open_segment(0)
        full.write_fragment(0, media[0].fragments[0])
        assert not of_type(await events(storage), "segment.ready")
        assert (box.lesson / "segment-00000.mp4").exists(), "durable under its own name all the same"
        give(sink, announced(media[1]))
        (first,) = of_type(await events(storage), "segment.ready")
        assert first["renditions"][0]["duration_ns"] == NS // 2
        full.write_fragment(0, media[0].fragments[1])
        give_full(full, media[1])
        await storage.complete_lesson(LESSON, "stopped")
        happened = await events(storage)
    assert [one["renditions"][0]["duration_ns"] for one in of_type(happened, "segment.ready")] == [NS // 2, 2 * NS]
    (gap,) = of_type(happened, "gap")
    assert (gap["rendition"], gap["reason"], gap["start_ns"]) == ("full", "recorder-failed", NS // 2)
    assert gap["start_ns"] + gap["duration_ns"] == 2 * NS


async def test_it_may_come_before_the_lessons_own_segment_is_opened(box: Box, media: list[Segment]) -> None:
    """The recorder begins a segment before it ends the one before; the lesson's own is then held back for a while."""
    async with opened(box) as (storage, _):
        sink, full = begin(storage)
        full.open_segment(0)
        full.write_fragment(0, media[0].fragments[0])
        give(sink, announced(media[0]))
        for fragment in media[0].fragments[1:]:
            full.write_fragment(0, fragment)
        full.finish_segment(0)
        await storage.complete_lesson(LESSON, "stopped")
        (ready,) = of_type(await events(storage), "segment.ready")
    assert ready["renditions"][0]["duration_ns"] == ready["duration_ns"]


async def test_one_that_ended_early_is_not_waited_for(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink, full = begin(storage)
        sink.open_segment(0, 0)
        full.open_segment(0)
        full.write_fragment(0, media[0].fragments[0])
        full.finish_segment(0)
        for fragment in media[0].fragments:
            sink.write_fragment(0, fragment)
        sink.finish_segment(announced(media[0]).end)
        (ready,) = of_type(await events(storage), "segment.ready")
    assert ready["renditions"][0]["duration_ns"] == NS // 2


@pytest.mark.parametrize("own_fragments", [1, 2, 3])
@pytest.mark.parametrize("full_fragments", [0, 1, 2, 3])
async def test_after_a_crash_it_is_whole_and_no_longer_than_the_lesson(
    own_fragments: int, full_fragments: int, box: Box, media: list[Segment]
) -> None:
    async with opened(box) as (storage, _):
        sink, full = begin(storage)
        give(sink, announced(media[0]))
        give_full(full, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        full.open_segment(1)
        for fragment in media[1].fragments[:own_fragments]:
            sink.write_fragment(1, fragment)
        for fragment in media[1].fragments[:full_fragments]:
            full.write_fragment(1, fragment)
        await storage.pending(0, 1)
    for part in box.lesson.glob("segment-00001*.part"):
        part.write_bytes(part.read_bytes() + media[1].fragments[3][:700])  # a torn one
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is not None
        sink, full = begin(storage, recovery.resume)
        later = replace(media[2].end, start_ns=recovery.resume.media_start_ns)
        give(sink, announced(replace(media[2], end=later)))
        give_full(full, media[2])
        await storage.complete_lesson(LESSON, "stopped")
        happened = await events(storage)
    ready = of_type(happened, "segment.ready")
    assert [one["index"] for one in ready] == [0, 1, 2]
    kept = min(own_fragments, full_fragments)
    assert ready[1]["duration_ns"] == own_fragments * NS // 2
    assert [one["duration_ns"] for one in ready[1]["renditions"]] == ([kept * NS // 2] if kept else [])
    missing = [gap for gap in of_type(happened, "gap") if gap["rendition"] == "full"]
    assert sum(gap["duration_ns"] for gap in missing) == (own_fragments - kept) * NS // 2
    assert {gap["reason"] for gap in missing} <= {"crash"}
    assert not list(box.lesson.glob("*.part"))


async def test_a_disk_that_lags_takes_it_first(box: Box, media: list[Segment]) -> None:
    """Half of what may wait is the lesson's own: the further picture gives way, and the lesson loses nothing."""

    class SlowDisk(Disk):
        def __init__(self) -> None:
            self.free = threading.Event()

        def write(self, fd: int, data: bytes) -> None:
            assert self.free.wait(10)
            super().write(fd, data)

    disk = SlowDisk()
    size = sum(len(fragment) for segment in media for fragment in segment.fragments)
    box = replace(box, disk=disk, queue_limit_bytes=round(size * 1.9))
    async with opened(box) as (storage, _):
        sink, full = begin(storage)
        for segment in media:
            give(sink, announced(segment))
            give_full(full, segment)
        disk.free.set()
        await storage.complete_lesson(LESSON, "stopped")
        happened = await events(storage)
    ready, gaps = of_type(happened, "segment.ready"), of_type(happened, "gap")
    assert [one["duration_ns"] for one in ready] == [SEGMENT_S * NS] * 3
    assert gaps
    assert {(gap["reason"], gap["rendition"]) for gap in gaps} == {("disk-overflow", "full")}
    kept = sum(further["duration_ns"] for one in ready for further in one["renditions"])
    assert kept + sum(gap["duration_ns"] for gap in gaps) == 3 * SEGMENT_S * NS


async def test_its_files_failing_harms_no_lesson(box: Box, media: list[Segment]) -> None:
    class RefusingDisk(Disk):
        def create(self, path: Path) -> int:
            if path.name == "segment-00001.full.mp4.part":
                raise OSError(errno.EIO, "a bad block")
            return super().create(path)

    await record_both(replace(box, disk=RefusingDisk()), media)
    happened = await told(box)
    ready = of_type(happened, "segment.ready")
    assert [len(one["renditions"]) for one in ready] == [1, 0, 1]
    (gap,) = of_type(happened, "gap")
    assert (gap["reason"], gap["start_ns"], gap["duration_ns"]) == (GapReason.DISK_FAILED, 2 * NS, 2 * NS)
    full = (box.lesson / "playlist.full.m3u8").read_text()
    check(box.lesson / "playlist.full.m3u8")
    assert full.count("#EXT-X-DISCONTINUITY\n") == 1, "where a segment is missing"


async def test_nothing_is_deleted_before_both_are_acknowledged_and_then_both_are(
    box: Box, media: list[Segment]
) -> None:
    await record_both(box, media[:1])
    (ready,) = of_type(await told(box), "segment.ready")
    one = {"index": 0, "sha256": ready["sha256"], "key": "k"}
    own = said(one)
    further = {**one, "beside": [ready["renditions"][0]["sha256"]]}
    both = said(further)
    async with opened(box) as (storage, _):
        with pytest.raises(IncompleteStoreError, match=r"segment-00000\.full\.mp4"):
            await storage.acknowledge(own)
        assert await storage.acknowledge(both) == 1
        store = storage._require_open().store
        await storage._call("deleting", lambda: remove(store, store.keeping.here(LESSON), DeletionReason.TIME_UP))
    assert not list(box.lesson.glob("segment-*"))


async def test_a_further_picture_that_was_lost_keeps_nothing_from_being_acknowledged(
    box: Box, media: list[Segment]
) -> None:
    await record_both(box, media[:1])
    (box.lesson / "segment-00000.full.mp4").unlink()
    (ready,) = of_type(await told(box), "segment.ready")
    one = {"index": 0, "sha256": ready["sha256"], "key": "k"}
    async with opened(box) as (storage, _):
        found = [finding async for finding in storage.reconcile()]
        assert [(one.kind, Path(one.path).name) for one in found] == [(FindingKind.MISSING, "segment-00000.full.mp4")]
        assert await storage.acknowledge(said(one)) == 1


def said(segment: dict[str, Any]) -> Acknowledgement:
    """What a pipeline says of one segment."""
    message = {"lesson_id": LESSON, "store": "s", "segments": [segment]}
    return parse_acknowledgement(json.dumps(message).encode())


def packets(path: Path, kind: str) -> list[tuple[int, int, bytes]]:
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [(p.pts, p.duration, bytes(p)) for p in container.demux(stream) if p.size]


@pytest.mark.parametrize("kept", [(None, None, None), (None, 2, None), (None, 0, None), (0, None, None), (None, 1, 0)])
async def test_joined_it_is_as_long_as_the_lesson_with_all_of_its_sound(
    kept: tuple[int | None, ...], box: Box, media: list[Segment]
) -> None:
    await record_both(box, media, kept)
    async with opened(box) as (storage, _):
        assert await storage.unjoined() == [WholeKey(LESSON), WholeKey(LESSON, FULL)]
        for name in (None, FULL):
            whole = await asyncio.to_thread(join_lesson, box.lesson, lambda: None, name)
            assert whole.duration_ns == 3 * SEGMENT_S * NS
            await storage.announce_whole(WholeKey(LESSON, name), whole.size, whole.sha256, whole.duration_ns)
        assert await storage.unjoined() == []
        available = of_type(await events(storage), "lesson.available")
    assert [(one["path"], one["rendition"]) for one in available] == [
        (f"{LESSON}/lesson.mp4", None),
        (f"{LESSON}/lesson.full.mp4", "full"),
    ]
    own, full = box.lesson / "lesson.mp4", box.lesson / "lesson.full.mp4"
    assert packets(full, "audio") == packets(own, "audio"), "the lesson's sound, where the picture is held too"
    shown, ticks = packets(own, "video"), 3 * SEGMENT_S * 90_000
    there = {(pts, data) for pts, _, data in packets(full, "video")}
    first, *rest = sorted(there)
    assert first[0] == 0
    assert set(rest) <= {(pts, data) for pts, _, data in shown}, "each picture at its own time"
    assert sum(duration for _, duration, _ in packets(full, "video")) == pytest.approx(ticks, abs=1)


async def test_another_size_behind_a_cut_is_a_discontinuity_and_no_one_file_of_it(
    box: Box, media: list[Segment]
) -> None:
    """The camera was set otherwise between two runs: the lesson and its own picture are untouched by that."""
    async with opened(box) as (storage, _):
        sink, full = begin(storage)
        give(sink, announced(media[0]))
        give_full(full, media[0])
        storage.decide_pause(LESSON, "test")
        plan = await storage.resume_plan(LESSON)
        sink, full = begin(storage, plan)
        give(sink, announced(replace(media[1], end=replace(media[1].end, start_ns=plan.media_start_ns))))
        larger = larger_picture(media[1])
        full.open_segment(1)
        full.write_fragment(1, larger)
        full.finish_segment(1)
        await storage.complete_lesson(LESSON, "stopped")
        ready = of_type(await events(storage), "segment.ready")
    assert [one["renditions"][0]["tracks"][0]["width"] for one in ready] == [160, 320]
    for name in ("playlist.m3u8", "playlist.full.m3u8"):
        text = (box.lesson / name).read_text()
        check(box.lesson / name)
        assert text.count("#EXT-X-MAP") == 2
    assert join_lesson(box.lesson, lambda: None).duration_ns == 2 * SEGMENT_S * NS
    with pytest.raises(Exception, match="another picture size"):
        join_lesson(box.lesson, lambda: None, FULL)


def larger_picture(segment: Segment) -> bytes:
    """The same file with another size on its label: what a reader of the boxes judges by."""
    data = bytearray(segment.whole)
    for old, new in ((160, 320), (96, 192)):
        for width in (2, 4):
            shift = 16 if width == 4 else 0
            data = data.replace((old << shift).to_bytes(width, "big"), (new << shift).to_bytes(width, "big"), 2)
    assert walk(io.BytesIO(bytes(data)), len(data)) is not None
    return bytes(data)


async def test_a_lesson_found_without_a_row_has_it_too(box: Box, media: list[Segment]) -> None:
    await record_both(box, media)
    for path in (box.root / "state").glob("followspot.db*"):
        path.unlink()
    async with opened(box) as (storage, _):
        found = [finding async for finding in storage.reconcile()]
        assert [one.kind for one in found] == [FindingKind.ADOPTED]
        ready = of_type(await events(storage), "segment.ready")
    assert [one["renditions"][0]["frames"] for one in ready] == [20, 20, 20]
