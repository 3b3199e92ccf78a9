"""After a crash: the lesson goes on, or is completed, and what is missing is declared."""

import pytest

from followspot.domain.recording import LessonOrigin, LessonPlan
from support.programs import require_program
from support.storagelab import (
    HEIGHT,
    LESSON,
    RATE_HZ,
    SEGMENT_S,
    WALL,
    WIDTH,
    Box,
    FakeBoot,
    Segment,
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
    ffmpeg = require_program("ffmpeg")
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
    await complete_and_play(later, media[2], plan, ffmpeg)


async def complete_and_play(box: Box, segment: Segment, plan: LessonPlan, ffmpeg: str) -> None:
    """A second crash before any media, then the last segment; the playlist decodes across the cut."""
    from storage_playlist import decoded_frames  # noqa: PLC0415
