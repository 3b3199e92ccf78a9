"""A bookmark is durable at once, stands at the moment of its command, and nowhere that is not recorded."""

import asyncio
import json
import re

import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonOrigin, LessonPlan, Mark
from followspot.storage.storage import Storage
from support.storagelab import HEIGHT, LESSON, SEGMENT_S, WALL, WIDTH, Box, RealClock, Segment, events, give, opened

SECOND_NS = 10**9


def mark(given_ns: int, tag: str = "question", text: str = "") -> Mark:
    return Mark(given_ns, tag, text, "mqtt")


async def begun(storage: Storage, media: list[Segment], first_ns: int) -> None:
    """Two segments of a lesson whose first frame was exposed at `first_ns`."""
    sink = storage.lesson_sink(LessonPlan(LESSON), "panel")
    sink.begin(LessonOrigin(first_ns, WALL, WIDTH, HEIGHT))
    for segment in media[:2]:
        give(sink, segment)


async def test_a_bookmark_stands_at_the_moment_of_its_command(box: Box, media: list[Segment]) -> None:
    first_ns = RealClock().monotonic_ns() - 10 * SECOND_NS
    async with opened(box) as (storage, _):
        await begun(storage, media, first_ns)
        late = await storage.bookmark(LESSON, mark(first_ns + 3 * SECOND_NS, text="a <b> & c"))
        early = await storage.bookmark(LESSON, mark(first_ns + SECOND_NS // 2))
        before = await storage.bookmark(LESSON, mark(first_ns - SECOND_NS))
        during = (box.lesson / "bookmarks.vtt").read_text()
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    at_ns = [late, early, before]
    assert at_ns == pytest.approx([3 * SECOND_NS, SECOND_NS // 2, 0], abs=5_000_000)
    assert [e["data"]["at_ns"] for e in told if e["type"] == "bookmark"] == at_ns
    assert "question: a &lt;b&gt; &amp; c" in during, "written while the lesson runs"
    manifest = json.loads((box.lesson / "manifest.json").read_bytes())
    assert [b["at_ns"] for b in manifest["bookmarks"]] == sorted(at_ns)
    cues = re.findall(r"(\S+) --> (\S+)\n", (box.lesson / "bookmarks.vtt").read_text())
    assert [stop for _, stop in cues[:2]] == [start for start, _ in cues[1:]]
    assert (cues[0][0], cues[2][1]) == ("00:00:00.000", "00:00:04.000")


async def test_what_lies_beyond_the_kept_media_is_drawn_to_its_end(box: Box, media: list[Segment]) -> None:
    first_ns = RealClock().monotonic_ns() - 60 * SECOND_NS
    async with opened(box) as (storage, _):
        await begun(storage, media, first_ns)
        await storage.bookmark(LESSON, mark(first_ns + 50 * SECOND_NS))
        storage.decide_pause(LESSON, "marker")
        await storage.settle_pause(LESSON)
        assert await storage.bookmark(LESSON, mark(first_ns + 55 * SECOND_NS)) == 2 * SEGMENT_S * SECOND_NS
        await storage.complete_lesson(LESSON, "stopped")
    manifest = json.loads((box.lesson / "manifest.json").read_bytes())
    assert [b["at_ns"] for b in manifest["bookmarks"]] == [2 * SEGMENT_S * SECOND_NS] * 2


async def test_a_bookmark_given_in_a_pause_stands_at_the_cut(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        await begun(storage, media, RealClock().monotonic_ns() - 4 * SECOND_NS)
        storage.decide_pause(LESSON, "marker")
        plan = await storage.resume_plan(LESSON)
        given_ns = RealClock().monotonic_ns()
        await asyncio.sleep(0.01)
        storage.lesson_sink(plan, "marker").begin(LessonOrigin(RealClock().monotonic_ns(), WALL, WIDTH, HEIGHT))
        assert await storage.bookmark(LESSON, mark(given_ns)) == plan.media_start_ns


async def test_without_a_frame_there_is_nothing_to_mark(box: Box) -> None:
    async with opened(box) as (storage, _):
        storage.lesson_sink(LessonPlan(LESSON), "panel")
        assert await storage.bookmark(LESSON, mark(1)) is None
        assert await events(storage) == []


async def test_bookmarks_are_there_after_a_crash(box: Box, media: list[Segment]) -> None:
    first_ns = RealClock().monotonic_ns() - 4 * SECOND_NS
    async with opened(box) as (storage, _):
        await begun(storage, media, first_ns)
        await storage.bookmark(LESSON, mark(first_ns + SECOND_NS))
    (box.lesson / "bookmarks.vtt").unlink()
    async with opened(Box(box.root, resume_within_min=0)) as (storage, _):
        assert (await events(storage))[-1]["type"] == "lesson.completed"
    assert "question" in (box.lesson / "bookmarks.vtt").read_text()


async def test_gaps_and_bookmarks_do_not_disturb_each_other(box: Box, media: list[Segment]) -> None:
    first_ns = RealClock().monotonic_ns() - 4 * SECOND_NS
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "panel")
        sink.begin(LessonOrigin(first_ns, WALL, WIDTH, HEIGHT))
        give(sink, media[0])
        sink.declare_gap(Gap(GapReason.SOUND_LOST, SECOND_NS, 5))
        await storage.bookmark(LESSON, mark(first_ns + SECOND_NS))
        await storage.complete_lesson(LESSON, "stopped")
    manifest = json.loads((box.lesson / "manifest.json").read_bytes())
    assert (len(manifest["gaps"]), len(manifest["bookmarks"])) == (1, 1)
