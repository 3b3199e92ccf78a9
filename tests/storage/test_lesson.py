"""A lesson from its first frame to its manifest."""

import hashlib
import json

import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonPlan
from followspot.storage import FragmentDurable, SegmentDurable
from support.programs import require_program
from support.storagelab import (
    HEIGHT,
    LESSON,
    RATE_HZ,
    SEGMENT_S,
    WIDTH,
    Box,
    Segment,
    decoded_frames,
    events,
    give,
    opened,
    origin,
    record_lesson,
)


async def test_every_announced_segment_is_on_the_disk_as_stated(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media)
    async with opened(box) as (storage, recovery):
        assert recovery.resume is None
        told = await events(storage)

    assert [e["type"] for e in told] == ["lesson.started", *["segment.ready"] * 3, "lesson.completed"]
    assert [e["sequence"] for e in told] == [1, 2, 3, 4, 5]
    for event, segment in zip(told[1:4], media, strict=True):
        data = event["data"]
        content = (box.media / data["path"]).read_bytes()
        assert content == segment.whole
        assert (data["size"], data["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (data["start_ns"], data["duration_ns"]) == (segment.end.start_ns, segment.end.duration_ns)
        assert (data["frames"], data["last"]) == (segment.end.frames, segment.end.last)
    assert told[2]["data"]["started"] == "2026-03-02T09:00:02Z"
    assert box.told(SegmentDurable) == [SegmentDurable(LESSON, n) for n in range(3)]
    assert box.told(FragmentDurable)[0] == FragmentDurable(LESSON, 0)


async def test_the_manifest_is_the_lesson_and_its_hash_is_announced(box: Box, media: list[Segment]) -> None:
    await record_lesson(box, media, reason="shutdown")
    async with opened(box) as (storage, _):
        completed = (await events(storage))[-1]["data"]

    content = (box.media / completed["manifest"]).read_bytes()
    manifest = json.loads(content)
    assert hashlib.sha256(content).hexdigest() == completed["manifest_sha256"]
    assert [s["file"] for s in manifest["segments"]] == [f"segment-0000{n}.mp4" for n in range(3)]
    assert manifest["reason"] == completed["reason"] == "shutdown"
    assert manifest["duration_ns"] == completed["duration_ns"] == 3 * SEGMENT_S * 10**9
    assert manifest["tracks"][0] == {
        "kind": "video",
        "codec": "avc1.42c00a",
        "timescale": 90000,
        "width": WIDTH,
        "height": HEIGHT,
    }
    assert len((box.lesson / "framing.jsonl").read_text().splitlines()) == sum(len(s.fragments) for s in media)
    assert not list(box.lesson.glob("*.part")) + list(box.lesson.glob("*.tmp"))


@pytest.mark.parametrize("ended", [False, True])
async def test_the_playlist_plays_from_end_to_end(box: Box, media: list[Segment], ended: bool) -> None:
    ffmpeg = require_program("ffmpeg")
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media:
            give(sink, segment)
        if ended:
            await storage.complete_lesson(LESSON, "stopped")
        else:
            await storage.pending(0, 1)
        playlist = box.lesson / "playlist.m3u8"
        text = playlist.read_text()
    assert text.endswith("#EXT-X-ENDLIST\n") is ended
    assert "DISCONTINUITY" not in text
    if not ended:  # ffmpeg would wait for more, as it should
        playlist = box.lesson / "copy.m3u8"
        playlist.write_text(f"{text}#EXT-X-ENDLIST\n")
    assert decoded_frames(ffmpeg, playlist) == 3 * SEGMENT_S * RATE_HZ


async def test_a_gap_is_on_record_and_announced(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        sink.declare_gap(Gap(GapReason.CAMERA_LOST, 500, 700))
        give(sink, media[0])
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    gap = {"reason": "camera-lost", "start_ns": 500, "duration_ns": 700, "missing_ns": 0, "rendition": None}
    assert told[1]["type"] == "gap"
    assert told[1]["data"] == {"lesson_id": LESSON, **gap}
    assert told[-1]["data"]["gaps"] == [gap]


async def test_a_segment_that_begins_before_the_last_one_ends_waits_for_it(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        sink.open_segment(0, 0)
        *early, late = media[0].fragments
        for fragment in early:
            sink.write_fragment(0, fragment)
        sink.open_segment(1, media[1].end.start_ns)
        for fragment in media[1].fragments:
            sink.write_fragment(1, fragment)
        await storage.pending(0, 1)
        assert [path.name for path in box.lesson.glob("*.part")] == ["segment-00000.mp4.part"]
        sink.write_fragment(0, late)
        sink.finish_segment(media[0].end)
        sink.finish_segment(media[1].end)
        await storage.complete_lesson(LESSON, "stopped")
    assert (box.lesson / "segment-00000.mp4").read_bytes() == media[0].whole
    assert (box.lesson / "segment-00001.mp4").read_bytes() == media[1].whole


async def test_a_lesson_without_a_frame_never_was_one(box: Box) -> None:
    async with opened(box) as (storage, _):
        storage.lesson_sink(LessonPlan(LESSON), "test")
        await storage.complete_lesson(LESSON, "stopped")
        assert await events(storage) == []
    assert not box.lesson.exists()


async def test_no_event_is_told_of_before_its_file_is_there(box: Box, media: list[Segment]) -> None:
    seen: list[int] = []
    box.on_outbox = lambda: seen.append(len(list(box.media.glob("*/segment-?????.mp4"))))
    await record_lesson(box, media)
    assert seen == [0, 1, 2, 3, 3]
