"""After a crash: the lesson goes on, or is completed, and what is missing is declared."""

from dataclasses import replace

import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from support.programs import require_program
from support.storagelab import (
    LESSON,
    RATE_HZ,
    SEGMENT_S,
    Box,
    FakeBoot,
    Segment,
    decoded_frames,
    events,
    give,
    opened,
    origin,
)

SECOND_NS = 10**9


async def crash_in_second_segment(box: Box, media: list[Segment], fragments: int) -> None:
    """Storage closed without completing: the database and files as a kill leaves them."""
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        for fragment in media[1].fragments[:fragments]:
            sink.write_fragment(1, fragment)
        await storage.pending(0, 1)


async def test_the_lesson_goes_on_where_its_media_ended(box: Box, media: list[Segment]) -> None:
    await crash_in_second_segment(box, media, fragments=2)
    later = Box(box.root, boot=FakeBoot(skew_ns=300 * SECOND_NS))
    async with opened(later) as (storage, recovery):
        assert recovery.salvaged == (f"{LESSON}/segment-00001.mp4",)
        plan = recovery.resume
        assert plan is not None
        assert (plan.lesson_id, plan.first_index) == (LESSON, 2)
        salvaged_ns = plan.media_start_ns - SEGMENT_S * SECOND_NS
        assert 0 < salvaged_ns < SEGMENT_S * SECOND_NS
        sink = storage.lesson_sink(plan, "resume")
        sink.begin(origin())
        await storage.pending(0, 1)
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "segment.ready", "gap"]
    gap = told[-1]["data"]
    assert (gap["reason"], gap["start_ns"], gap["duration_ns"]) == ("crash", plan.media_start_ns, 0)
    # The test hands media over faster than it lasts: what is missing is the time that passed less the media's.
    assert gap["missing_ns"] == pytest.approx(300 * SECOND_NS - plan.media_start_ns, abs=5 * SECOND_NS)
    assert told[2]["data"]["duration_ns"] == salvaged_ns


async def test_the_lesson_goes_on_after_its_recorder_failed(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        assert await storage.resume_plan(LESSON) == LessonPlan(LESSON, cut=GapReason.RECORDER_FAILED)
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        for fragment in media[1].fragments[:2]:
            sink.write_fragment(1, fragment)
        plan = await storage.resume_plan(LESSON)
        assert (plan.first_index, plan.cut) == (2, GapReason.RECORDER_FAILED)
        sink.write_fragment(1, media[1].fragments[2])
        storage.lesson_sink(plan, "test").begin(origin())
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    kinds = [event["type"] for event in told]
    assert kinds == ["lesson.started", "segment.ready", "segment.ready", "gap", "lesson.completed"]
    gap = told[3]["data"]
    assert (gap["reason"], gap["start_ns"], gap["duration_ns"]) == ("recorder-failed", plan.media_start_ns, 0)
    assert gap["missing_ns"] is not None


@pytest.mark.parametrize("off_ns", [-11_111, -1, 1, 11_111])
async def test_a_start_less_than_a_tick_off_is_the_end_before(box: Box, media: list[Segment], off_ns: int) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        give(sink, Segment(media[1].fragments, replace(media[1].end, start_ns=SEGMENT_S * SECOND_NS + off_ns)))
        second = (await events(storage))[-1]["data"]
    assert second["start_ns"] == SEGMENT_S * SECOND_NS


async def test_a_lesson_with_a_cut_plays_across_it(box: Box, media: list[Segment]) -> None:
    ffmpeg = require_program("ffmpeg")
    await crash_in_second_segment(box, media, fragments=2)
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is not None
        storage.lesson_sink(recovery.resume, "resume").begin(origin())  # and the next crash, before any media
        await storage.pending(0, 1)
    async with opened(Box(box.root)) as (storage, recovery):
        plan = recovery.resume
        assert plan is not None
        assert plan.first_index == 2
        sink = storage.lesson_sink(plan, "resume")
        sink.begin(origin())
        give(sink, Segment(media[2].fragments, replace(media[2].end, start_ns=plan.media_start_ns)))
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    assert [gap["start_ns"] for gap in told[-1]["data"]["gaps"]] == [plan.media_start_ns] * 2
    playlist = (box.lesson / "playlist.m3u8").read_text()
    assert playlist.count("#EXT-X-DISCONTINUITY\n") == 1
    assert playlist.count("#EXT-X-MAP:") == 2
    frames = sum(e["data"]["frames"] for e in told if e["type"] == "segment.ready")
    assert frames > 2 * SEGMENT_S * RATE_HZ
    assert decoded_frames(ffmpeg, box.lesson / "playlist.m3u8") == frames


@pytest.mark.parametrize(
    ("boot", "within_min"),
    [(FakeBoot(skew_ns=610 * SECOND_NS), 10), (FakeBoot("boot-2"), 10), (FakeBoot(), 0)],
    ids=["too late", "another boot", "switched off"],
)
async def test_a_lesson_that_cannot_go_on_is_completed(
    box: Box, media: list[Segment], boot: FakeBoot, within_min: float
) -> None:
    await crash_in_second_segment(box, media, fragments=3)
    async with opened(Box(box.root, boot=boot, resume_within_min=within_min)) as (storage, recovery):
        assert recovery.resume is None
        completed = (await events(storage))[-1]
    assert completed["type"] == "lesson.completed"
    assert (completed["data"]["reason"], completed["data"]["segments"]) == ("interrupted", 2)


async def test_a_lesson_does_not_go_on_with_another_picture(box: Box, media: list[Segment]) -> None:
    await crash_in_second_segment(box, media, fragments=2)
    async with opened(Box(box.root, width=320)) as (storage, recovery):
        assert recovery.resume is None
        assert (await events(storage))[-1]["data"]["reason"] == "interrupted"


async def test_a_lesson_whose_first_fragment_was_lost_is_completed_with_nothing(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        sink.open_segment(0, 0)
        sink.write_fragment(0, media[0].fragments[0][:500])
        await storage.pending(0, 1)
    async with opened(Box(box.root, boot=FakeBoot("boot-2"))) as (storage, _):
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "lesson.completed"]
    assert told[1]["data"]["segments"] == 0
    assert {path.name for path in box.lesson.iterdir()} == {"framing.jsonl", "manifest.json", "playlist.m3u8"}


async def test_a_torn_framing_line_is_cut(box: Box, media: list[Segment]) -> None:
    await crash_in_second_segment(box, media, fragments=1)
    framing = box.lesson / "framing.jsonl"
    whole = framing.read_bytes()
    framing.write_bytes(whole + b'{"torn": 1')
    async with opened(Box(box.root)):
        assert framing.read_bytes() == whole


async def test_an_announced_segment_that_is_gone_is_reported(box: Box, media: list[Segment]) -> None:
    await crash_in_second_segment(box, media, fragments=1)
    (box.lesson / "segment-00000.mp4").unlink()
    async with opened(Box(box.root)) as (_, recovery):
        assert recovery.missing == (f"{LESSON}/segment-00000.mp4",)


async def test_a_completed_lesson_takes_nothing_more(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        await storage.complete_lesson(LESSON, "stopped")
        before = await events(storage)
        give(sink, media[0])
        late = storage.lesson_sink(LessonPlan(LESSON, 1, 5), "test")
        late.begin(origin())
        give(late, media[0])
        await storage.complete_lesson(LESSON, "shutdown")
        assert await events(storage) == before
