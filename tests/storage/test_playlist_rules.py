"""The playlist keeps the rules of RFC 8216 at every moment of a lesson, across pauses and crashes too."""

import itertools
import subprocess
from datetime import timedelta

import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonPlan
from followspot.storage.playlist import Entry, playlist
from support import rfc8216
from support.programs import require_program
from support.storagelab import LESSON, WALL, Box, Segment, events, give, opened, origin

SECOND_NS = 10**9


async def test_every_playlist_of_a_lesson_keeps_the_rules(box: Box, media: list[Segment]) -> None:
    seen: list[rfc8216.Playlist] = []
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in media[:2]:
            give(sink, segment)
            await storage.pending(0, 1)
            seen.append(rfc8216.check(box.lesson / "playlist.m3u8"))
        storage.decide_pause(LESSON, "test")
        plan = await storage.resume_plan(LESSON)
        again = storage.lesson_sink(plan, "test")
        again.begin(origin())
        give(again, media[2])
        await storage.pending(0, 1)
        seen.append(rfc8216.check(box.lesson / "playlist.m3u8"))
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    seen.append(rfc8216.check(box.lesson / "playlist.m3u8"))
    for before, after in itertools.pairwise(seen):
        rfc8216.check_grown(before, after)
    last = seen[-1]
    assert last.ended
    assert [entry.discontinuity for entry in last.entries] == [False, False, True]
    ready = [e["data"] for e in told if e["type"] == "segment.ready"]
    assert [e.duration_s for e in last.entries] == [d["duration_ns"] / SECOND_NS for d in ready]


def test_every_segment_starts_with_a_key_frame(box: Box, media: list[Segment]) -> None:
    """4.3.5.1: what EXT-X-INDEPENDENT-SEGMENTS promises."""
    ffprobe = require_program("ffprobe")
    for segment in media:
        file = box.root / "segment.mp4"
        file.write_bytes(segment.whole)
        command = [ffprobe, "-v", "error", "-select_streams", "v", "-show_entries", "packet=flags", "-of", "csv=p=0"]
        flags = subprocess.run([*command, str(file)], capture_output=True, text=True, check=True).stdout.split()
        assert flags[0].startswith("K")


def row(index: int, start_ns: int, duration_ns: int) -> Entry:
    file, started = f"segment-{index:05d}.mp4", WALL + timedelta(microseconds=start_ns // 1000)
    return Entry(index, file, 800, start_ns, duration_ns, started)


@pytest.mark.parametrize("configured_s", [2.0, 2.4, 59.9, 60.0, 600.0])
def test_the_target_holds_for_the_longest_segment_from_the_outset(configured_s: float) -> None:
    """A picture that is late ends its segment late: by a quarter of a second, or two and a half pictures."""
    longest_s = configured_s + 0.25
    rows = [row(0, 0, round(configured_s * SECOND_NS)), row(1, 0, round(longest_s * SECOND_NS))]
    texts = [
        playlist(rows[:count], [], longest_segment_s=longest_s, ended=False).decode().splitlines()
        for count in (0, 1, 2)
    ]
    assert len({text[2] for text in texts}) == 1, "the target does not change"
    assert float(texts[0][2].split(":")[1]) + 0.5 > longest_s


def test_a_cut_of_unknown_length_states_none() -> None:
    rows = [row(0, 0, SECOND_NS), row(1, SECOND_NS, SECOND_NS)]
    cuts = [Gap(GapReason.CRASH, SECOND_NS, 0, None), Gap(GapReason.PAUSE, SECOND_NS, 0, 1_500_000_000)]
    lines = playlist(rows, cuts, longest_segment_s=2, ended=True).decode().splitlines()
    ranges = [line for line in lines if line.startswith("#EXT-X-DATERANGE")]
    assert "DURATION" not in ranges[0]
    assert 'DURATION=1.500,X-FOLLOWSPOT-REASON="pause"' in ranges[1]
    assert lines.count("#EXT-X-DISCONTINUITY") == 1
