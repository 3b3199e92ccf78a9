"""A pause is a cut: nothing is recorded, media time goes on where it stopped, and what is missing is declared."""

import json
import sqlite3
from dataclasses import replace

import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonPlan
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
BREAK_NS = 300 * SECOND_NS


async def record_until_paused(box: Box, media: list[Segment]) -> None:
    """A first segment, then a pause, then the daemon is gone."""
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "panel")
        sink.begin(origin())
        give(sink, media[0])
        storage.decide_pause(LESSON, "marker")
        await storage.settle_pause(LESSON)


async def test_a_lesson_goes_on_after_a_pause_with_a_declared_cut(box: Box, media: list[Segment]) -> None:
    ffmpeg = require_program("ffmpeg")
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "panel")
        sink.begin(origin())
        give(sink, media[0])
        storage.decide_pause(LESSON, "marker")
        await storage.settle_pause(LESSON)
        box.boot.skew_ns += BREAK_NS
        plan = await storage.resume_plan(LESSON)
        assert plan == LessonPlan(LESSON, 1, SEGMENT_S * SECOND_NS, GapReason.PAUSE)
        again = storage.lesson_sink(plan, "mqtt")
        again.begin(origin())
        give(again, media[1])
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    assert [e["type"] for e in told] == [
        *("lesson.started", "segment.ready", "lesson.paused", "gap", "lesson.resumed"),
        *("segment.ready", "lesson.completed"),
    ]
    paused, gap, resumed = (e["data"] for e in told[2:5])
    end_ns = SEGMENT_S * SECOND_NS
    assert (paused["at_ns"], paused["paused_by"], paused["paused"]) == (end_ns, "marker", "2026-03-02T09:00:02Z")
    assert (resumed["at_ns"], resumed["resumed_by"]) == (end_ns, "mqtt")
    assert (gap["reason"], gap["start_ns"], gap["duration_ns"]) == ("pause", end_ns, 0)
    assert gap["missing_ns"] == resumed["missing_ns"] == pytest.approx(BREAK_NS - end_ns, abs=5 * SECOND_NS)
    assert told[5]["data"]["start_ns"] == end_ns, "media time has no hole"
    playlist = (box.lesson / "playlist.m3u8").read_text()
    assert f'DURATION={gap["missing_ns"] / 1e9:.3f},X-FOLLOWSPOT-REASON="pause"\n#EXT-X-DISCONTINUITY' in playlist
    framing = [json.loads(line) for line in (box.lesson / "framing.jsonl").read_text().splitlines()]
    assert {"pts_ns": end_ns, "cut": "pause", "missing_ns": gap["missing_ns"]} in framing
    assert decoded_frames(ffmpeg, box.lesson / "playlist.m3u8") == 2 * SEGMENT_S * RATE_HZ


async def test_a_paused_lesson_survives_the_daemon_and_films_nobody(box: Box, media: list[Segment]) -> None:
    await record_until_paused(box, media)
    later = Box(box.root, boot=FakeBoot(skew_ns=1800 * SECOND_NS))
    async with opened(later) as (storage, recovery):
        assert recovery.paused, "beyond resume_within_min, but within the pause's limit"
        assert recovery.resume == LessonPlan(LESSON, 1, SEGMENT_S * SECOND_NS, GapReason.PAUSE)
        plan = await storage.resume_plan(LESSON)
        storage.lesson_sink(plan, "panel").begin(origin())
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    assert [e["type"] for e in told].count("lesson.paused") == 1
    (gap,) = told[-1]["data"]["gaps"]
    assert gap["reason"] == "pause"


@pytest.mark.parametrize("boot", [FakeBoot(skew_ns=7300 * SECOND_NS), FakeBoot("boot-2")], ids=["too late", "reboot"])
async def test_a_forgotten_pause_is_completed(box: Box, media: list[Segment], boot: FakeBoot) -> None:
    await record_until_paused(box, media)
    async with opened(Box(box.root, boot=boot)) as (storage, recovery):
        assert recovery.resume is None
        assert (await events(storage))[-1]["data"]["reason"] == "interrupted"


async def test_a_crash_between_the_decision_and_its_media_tells_the_pause_at_the_next_start(
    box: Box, media: list[Segment]
) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "panel")
        sink.begin(origin())
        sink.open_segment(0, 0)
        for fragment in media[0].fragments[:2]:
            sink.write_fragment(0, fragment)
        storage.decide_pause(LESSON, "marker")
        await storage.pending(0, 1)
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.paused
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "lesson.paused"]
    assert told[2]["data"]["at_ns"] == told[1]["data"]["duration_ns"]


async def test_a_pause_before_the_first_frame_is_kept_when_the_frame_comes(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        storage.decide_pause(LESSON, "marker")
        sink = storage.lesson_sink(LessonPlan(LESSON), "panel")
        sink.begin(origin())
        give(sink, media[0])
        await storage.settle_pause(LESSON)
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "lesson.paused"]


async def test_a_pause_of_a_lesson_without_a_frame_leaves_nothing(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        storage.decide_pause(LESSON, "marker")
        await storage.settle_pause(LESSON)
        sink = storage.lesson_sink(await storage.resume_plan(LESSON), "panel")
        sink.begin(origin())
        give(sink, media[0])
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "lesson.completed"]


async def test_a_gap_that_a_crash_tore_off_goes_with_its_media(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "panel")
        sink.begin(origin())
        give(sink, media[0])
        end_ns = SEGMENT_S * SECOND_NS
        for start_ns, duration_ns in [(end_ns - 5, 20), (end_ns + 10, 20), (end_ns - 9, 3)]:
            sink.declare_gap(Gap(GapReason.SOUND_LOST, start_ns, duration_ns))
        sink.open_segment(1, end_ns)
        await storage.pending(0, 1)
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is not None
        sink = storage.lesson_sink(recovery.resume, "panel")
        sink.begin(origin())
        give(sink, replace(media[1]))
        await storage.complete_lesson(LESSON, "stopped")
        gaps = (await events(storage))[-1]["data"]["gaps"]
    assert [(g["reason"], g["start_ns"] - end_ns, g["duration_ns"]) for g in gaps] == [
        *(("sound-lost", -9, 3), ("sound-lost", -5, 5), ("crash", 0, 0)),
    ]


LATER_COLUMNS = (
    *(("box", name) for name in ("muted_boot_id", "events_from", "age_s", "age_boot_id", "age_boot_s", "age_wall_s")),
    ("outbox", "sent_s"),
    *(("lessons", "anchor_synced"), ("lessons", "details"), ("outbox", "lesson_id")),
    *(("segments", "boot_id"), ("segments", "boottime_ns"), ("segments", "synced")),
    *(("segments", "renditions"), ("gaps", "rendition")),
)


async def test_a_database_of_the_version_before_keeps_its_lessons(box: Box, media: list[Segment]) -> None:
    await record_until_paused(box, media)
    with sqlite3.connect(box.root / "state" / "followspot.db") as database:
        database.execute("UPDATE lessons SET state = 'recording'")
        database.execute("ALTER TABLE lessons DROP COLUMN paused_by")
        database.execute("DROP TABLE labels")
        database.execute("DROP TABLE alerts")
        database.execute("DROP TABLE bookmarks")
        database.execute("DROP TABLE whole_files")
        database.execute("DROP TRIGGER keep_segment")
        database.execute("DROP TABLE keeping")
        database.execute("DROP INDEX segments_unsynced")
        database.execute("DROP INDEX outbox_of_lesson")
        database.execute("DROP TABLE answers")
        for table, column in LATER_COLUMNS:
            database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.execute("PRAGMA user_version = 1")
    database.close()
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is not None
        before = len(await events(storage))
        await storage.complete_lesson(LESSON, "stopped")
        assert len(await events(storage)) == before + 1
