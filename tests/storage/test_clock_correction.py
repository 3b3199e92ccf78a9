"""A lesson begun before the clock was set, or in which it is stepped: labels are corrected, durations never change."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from followspot.domain.events import ClockCorrected
from followspot.domain.recording import LessonOrigin, LessonPlan, Mark
from support.storagelab import HEIGHT, LESSON, SEGMENT_S, WIDTH, Box, FakeBoot, events, give, make_media, opened

TRUTH = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
SEGMENT = timedelta(seconds=SEGMENT_S)


@dataclass
class SteppedClock:
    """Real monotonic time, and a wall clock whose error the test sets."""

    error: timedelta = timedelta()
    began_ns: int = field(default_factory=time.monotonic_ns)

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc_now(self) -> datetime:
        return TRUTH + timedelta(microseconds=(self.monotonic_ns() - self.began_ns) // 1000) + self.error

    def origin(self) -> LessonOrigin:
        return LessonOrigin(self.monotonic_ns(), self.utc_now(), WIDTH, HEIGHT)


def near(text: object, wanted: datetime) -> bool:
    """Steps are hours; how long a busy machine takes for a test is no matter here."""
    return abs(datetime.fromisoformat(str(text)) - wanted) < timedelta(minutes=2)


def are_spaced(segments: list[dict[str, Any]]) -> bool:
    """Whether they begin one segment's length apart."""
    times = [datetime.fromisoformat(str(one["started"])) for one in segments]
    return all(abs(late - early - SEGMENT) < timedelta(milliseconds=1) for early, late in pairwise(times))


async def told(storage, kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in await events(storage) if event["type"] == kind]


@pytest.mark.parametrize("error", [timedelta(hours=-9), timedelta(hours=7)], ids=["behind", "ahead"])
async def test_a_lesson_begun_before_the_clock_is_set_is_corrected(box: Box, error: timedelta) -> None:
    box.boot.synced, box.clock = False, SteppedClock(error)
    media = make_media(4)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(box.clock.origin())
        for segment in media[:2]:
            give(sink, segment)
        assert [one["clock"] for one in await told(storage, "segment.ready")] == ["unsynced"] * 2

        box.clock.error, box.boot.synced = timedelta(), True
        await storage.correct_clock()
        await storage.correct_clock()
        for segment in media[2:]:
            give(sink, segment)
        await storage.complete_lesson(LESSON, "stopped")

        started, ready = await told(storage, "lesson.started"), await told(storage, "segment.ready")
        assert (started[0]["clock"], near(started[0]["started"], TRUTH + error)) == ("unsynced", True)
        assert [one["clock"] for one in ready] == ["unsynced", "unsynced", "synced", "synced"]
        assert {one["boot_id"] for one in ready} == {"boot-1"}
        assert all(near(one["started"], TRUTH + error) for one in ready[:2])
        assert all(near(one["started"], TRUTH) for one in ready[2:])
        assert are_spaced(ready[:2])
        assert are_spaced(ready[2:])
        assert [one["duration_ns"] for one in ready] == [SEGMENT_S * 10**9] * 4
        (corrected,) = await told(storage, "clock.corrected")

    event = ClockCorrected.model_validate_json(json.dumps(corrected))
    assert near(event.started, TRUTH)
    (span,) = event.spans
    assert (span.first_index, span.last_index, span.start_ns) == (0, 1, 0)
    assert abs(timedelta(microseconds=span.offset_ns // 1000) + error) < timedelta(seconds=1)
    manifest = json.loads((box.lesson / "manifest.json").read_text())
    assert [one["clock"] for one in manifest["segments"]] == ["synced"] * 4
    assert near(manifest["started"], TRUTH)
    clock = json.loads((box.lesson / "clock.json").read_text())
    assert [near(one["started"], TRUTH) for one in clock["segments"]] == [True] * 2
    assert are_spaced(manifest["segments"])
    assert are_spaced(clock["segments"])


async def test_a_lesson_completed_before_the_clock_is_set_is_corrected_beside_its_manifest(box: Box) -> None:
    box.boot.synced, box.clock = False, SteppedClock(timedelta(hours=-9))
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(box.clock.origin())
        give(sink, make_media(1)[0])
        await storage.complete_lesson(LESSON, "stopped")
    manifest = (box.lesson / "manifest.json").read_bytes()
    assert json.loads(manifest)["clock"] == "unsynced"

    box.clock.error, box.boot.synced = timedelta(), True
    async with opened(box) as (storage, _):
        await storage.correct_clock()
        assert len(await told(storage, "clock.corrected")) == 1
    assert (box.lesson / "manifest.json").read_bytes() == manifest
    assert near(json.loads((box.lesson / "clock.json").read_text())["started"], TRUTH)


async def test_a_clock_of_another_boot_corrects_nothing(box: Box) -> None:
    box.boot.synced, box.clock = False, SteppedClock(timedelta(hours=-9))
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(box.clock.origin())
        give(sink, make_media(1)[0])
        await storage.complete_lesson(LESSON, "stopped")
    box.boot, box.clock.error = FakeBoot("boot-2"), timedelta()
    async with opened(box) as (storage, _):
        await storage.correct_clock()
        assert await told(storage, "clock.corrected") == []


@pytest.mark.parametrize("step", [timedelta(hours=-5), timedelta(hours=5)], ids=["back", "forward"])
async def test_a_wrong_step_in_mid_lesson_changes_no_label_and_no_duration(box: Box, step: timedelta) -> None:
    box.clock = SteppedClock()
    media = make_media(3)
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(box.clock.origin())
        give(sink, media[0])
        box.clock.error, box.boot.synced = step, False
        for segment in media[1:]:
            give(sink, segment)
        await storage.complete_lesson(LESSON, "stopped")
        ready = await told(storage, "segment.ready")
        sequences = [event["sequence"] for event in await events(storage)]
    assert all(near(one["started"], TRUTH) for one in ready)
    assert are_spaced(ready)
    assert [one["start_ns"] for one in ready] == [n * SEGMENT_S * 10**9 for n in range(3)]
    assert sequences == list(range(1, 6))


async def test_a_first_frame_labelled_before_the_step_does_not_count_as_synced(box: Box) -> None:
    box.clock = SteppedClock(timedelta(hours=-9))
    async with opened(box) as (storage, _):
        origin = box.clock.origin()
        box.clock.error = timedelta()
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin)
        give(sink, make_media(1)[0])
        await storage.correct_clock()
        assert (await told(storage, "lesson.started"))[0]["clock"] == "unsynced"
        (corrected,) = await told(storage, "clock.corrected")
    assert near(corrected["started"], TRUTH)


async def test_the_newest_lesson_is_the_last_begun_whatever_the_clock_said(box: Box) -> None:
    """Ids carry the clock's time: one made by a clock that is behind sorts before an older lesson's."""
    box.clock = SteppedClock()
    early = "0000c0de-0000-7000-8000-000000000001"
    async with opened(box) as (storage, _):
        for lesson_id in (LESSON, early):
            sink = storage.lesson_sink(LessonPlan(lesson_id), "test")
            sink.begin(box.clock.origin())
            give(sink, make_media(1)[0])
    async with opened(box) as (_, recovery):
        assert recovery.resume is not None
        assert recovery.resume.lesson_id == early


@pytest.mark.parametrize("completed_first", [False, True], ids=["corrected in mid-lesson", "corrected after its end"])
async def test_every_other_wall_time_of_a_lesson_is_corrected_as_well(box: Box, completed_first: bool) -> None:
    """Pauses and bookmarks: each follows the lesson's anchor, and one event corrects all."""
    wrong = timedelta(hours=-9)
    box.boot.synced, box.clock = False, SteppedClock(wrong)
    media = make_media(2)

    async def set_clock() -> None:
        box.clock.error, box.boot.synced = timedelta(), True
        await storage.correct_clock()

    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(box.clock.origin())
        give(sink, media[0])
        await storage.bookmark(LESSON, Mark(box.clock.monotonic_ns(), "taught", "", "test"))
        storage.decide_pause(LESSON, "test")
        await storage.settle_pause(LESSON)
        box.clock.error = wrong + timedelta(hours=3)  # stepped from one wrong time to another
        await storage.bookmark(LESSON, Mark(box.clock.monotonic_ns(), "paused", "", "test"))
        sink = storage.lesson_sink(await storage.resume_plan(LESSON), "test")
        sink.begin(box.clock.origin())
        give(sink, media[1])
        await storage.bookmark(LESSON, Mark(box.clock.monotonic_ns(), "resumed", "", "test"))
        if not completed_first:
            await set_clock()
            await storage.bookmark(LESSON, Mark(box.clock.monotonic_ns(), "known", "", "test"))
        await storage.complete_lesson(LESSON, "stopped")
        if completed_first:
            await set_clock()
        told_all = await events(storage)
        before = len(told_all)
        await storage.correct_clock()
        assert len(await events(storage)) == before, "once is enough"

    by_number = {event["sequence"]: event for event in told_all}
    (corrected,) = [e["data"] for e in told_all if e["type"] == "clock.corrected"]
    labelled = [by_number[label["sequence"]] for label in corrected["labels"]]
    assert [e["type"] for e in labelled] == ["bookmark", "lesson.paused", "bookmark", "lesson.resumed", "bookmark"]
    errors = [wrong, wrong, wrong, wrong + timedelta(hours=3), wrong + timedelta(hours=3)]
    for event, label, error in zip(labelled, corrected["labels"], errors, strict=True):
        data = event["data"]
        assert data["clock"] == "unsynced"
        told_time = next(data[name] for name in ("given", "paused", "resumed") if name in data)
        assert near(told_time, TRUTH + error), event["type"]
        assert near(label["time"], TRUTH), event["type"]

    bookmarks = json.loads((box.lesson / "clock.json").read_text())["bookmarks"]
    manifest = json.loads((box.lesson / "manifest.json").read_text())["bookmarks"]
    assert {one["clock"] for one in bookmarks} == {"synced"}
    assert all(near(one["given"], TRUTH) for one in bookmarks)
    if completed_first:
        assert [one["clock"] for one in manifest] == ["unsynced"] * 3, "it never changes"
        dates = re.findall(
            r"(?:PROGRAM-DATE-TIME:|START-DATE=\")([^\"\n]+)", (box.lesson / "playlist.m3u8").read_text()
        )
        assert near(dates[0], TRUTH)
        assert {round(abs(datetime.fromisoformat(one) - TRUTH) / timedelta(hours=1)) for one in dates} == {0}
    else:
        assert [one["tag"] for one in manifest if one["clock"] == "synced"] == ["taught", "paused", "resumed", "known"]
        assert all(near(one["given"], TRUTH) for one in manifest)
