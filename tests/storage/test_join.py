"""The lesson as one file: nothing is lost, nothing is out of step, and every bookmark is where it was set."""

import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from followspot.domain.recording import LessonOrigin, LessonPlan, Mark
from followspot.storage.join.moov import Chapter, file_head
from followspot.storage.join.plan import JoinPlan, Piece, Placed, plan_join
from followspot.storage.join.reading import read_segment
from followspot.storage.rows import WholeKey
from support.programs import require_program
from support.rfc8216 import find
from support.storagelab import (
    HEIGHT,
    LESSON,
    RATE_HZ,
    SEGMENT_S,
    TICKS,
    WALL,
    WIDTH,
    Box,
    RealClock,
    Segment,
    events,
    give,
    make_media,
    opened,
    origin,
)

SECOND_NS = 10**9
PROGRAM = (sys.executable, "-m", "followspot.storage.join")
BOOKMARKS_S = (0.55, 1.0, 3.31, 4.42)


def join(folder: Path) -> dict[str, Any]:
    """The process's answer."""
    command = [*PROGRAM, str(folder), str(os.getpid())]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def paused_lesson(box: Box, media: list[Segment]) -> None:
    """Two segments, a pause, a third; a bookmark in each, and one in the pause."""
    async with opened(box) as (storage, _):
        first_ns = RealClock().monotonic_ns() - 60 * SECOND_NS
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(LessonOrigin(first_ns, WALL, WIDTH, HEIGHT))
        for segment in media[:2]:
            give(sink, segment)
        for moment_s in BOOKMARKS_S[:3]:
            given_ns = first_ns + round(moment_s * SECOND_NS)
            await storage.bookmark(LESSON, Mark(given_ns, "mark", f"{moment_s}", "test"))
        storage.decide_pause(LESSON, "test")
        plan = await storage.resume_plan(LESSON)
        again_ns = RealClock().monotonic_ns()
        again = storage.lesson_sink(plan, "test")
        again.begin(LessonOrigin(again_ns, WALL, WIDTH, HEIGHT))
        give(again, replace(media[2], end=replace(media[2].end, start_ns=plan.media_start_ns)))
        given_ns = again_ns + round((BOOKMARKS_S[3] - 4) * SECOND_NS)
        await storage.bookmark(LESSON, Mark(given_ns, "mark", "ä <&", "test"))
        await storage.complete_lesson(LESSON, "stopped")


def packets(path: Path, kind: str) -> list[tuple[int, int, bytes]]:
    """Time stamp, duration and content of a stream's packets."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [(p.pts, p.duration, bytes(p)) for p in container.demux(stream) if p.size]


def numbers(path: Path) -> list[tuple[float, int]]:
    """Each picture's time and, by its shade, its number."""
    shades = {n * 7 % 200 + 20: n for n in range(200)}
    with av.open(str(path)) as container:
        shown = [(f.time, round(float(np.mean(f.to_ndarray()[:HEIGHT])))) for f in container.decode(video=0)]
    return [(time, min((abs(shade - value), n) for value, n in shades.items())[1]) for time, shade in shown]


async def test_the_file_is_the_segments_one_behind_the_other(box: Box, media: list[Segment]) -> None:
    await paused_lesson(box, media)
    answer = join(box.lesson)
    whole = box.lesson / "lesson.mp4.part"
    assert answer["size"] == whole.stat().st_size
    assert answer["duration_ns"] == 3 * SEGMENT_S * SECOND_NS
    for kind, scale in (("video", TICKS), ("audio", 48_000)):
        joined = packets(whole, kind)
        parts = [packet for n in range(3) for packet in packets(box.lesson / f"segment-{n:05d}.mp4", kind)]
        kept = [packet[2] for packet in joined]
        assert joined[0][0] == 0
        assert {b[0] - a[0] - a[1] for a, b in itertools.pairwise(joined)} == {0}, "no gap and no overlap"
        assert kept[: len(parts)] == [packet[2] for packet in parts]
        assert joined[-1][0] + joined[-1][1] == pytest.approx(3 * SEGMENT_S * scale, abs=1024)
    with av.open(str(whole)) as container:
        sound = list(container.decode(audio=0))
    assert [frame.pts for frame in sound] == list(range(0, len(sound) * 1024, 1024)), "by decoded samples too"


async def test_players_find_the_index_in_front_and_nothing_to_complain_of(box: Box, media: list[Segment]) -> None:
    ffprobe, ffmpeg = require_program("ffprobe"), require_program("ffmpeg")
    await paused_lesson(box, media)
    join(box.lesson)
    whole = str(box.lesson / "lesson.mp4.part")
    content = Path(whole).read_bytes()
    assert content[4:8] == b"ftyp"
    assert content.index(b"moov") < content.index(b"mdat")
    assert not find(content[: content.index(b"mdat") - 4], b"moov", b"trak", b"edts"), "no edit list to be ignored"
    show = ["-show_entries", "stream=codec_type,start_time,start_pts,nb_frames:format=start_time", "-of", "json"]
    probed = await run(ffprobe, "-v", "warning", *show, whole)
    told = json.loads(probed)
    assert float(told["format"]["start_time"]) == 0
    assert [(s["codec_type"], s["start_pts"]) for s in told["streams"]] == [("video", 0), ("audio", 0)]
    assert int(told["streams"][0]["nb_frames"]) == 3 * SEGMENT_S * RATE_HZ
    assert await run(ffmpeg, "-v", "warning", "-xerror", "-i", whole, "-f", "null", "-") == ""


async def run(*command: str) -> str:
    """Its standard output; it must not complain."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    return out.decode()


@pytest.mark.parametrize("encoded_anew", [False, True], ids=["as joined", "encoded anew"])
async def test_every_bookmark_is_within_a_frame_of_its_moment(
    box: Box, media: list[Segment], encoded_anew: bool
) -> None:
    """A coaching platform encodes what it gets with the ffmpeg command and its defaults."""
    ffprobe, ffmpeg = require_program("ffprobe"), require_program("ffmpeg")
    await paused_lesson(box, media)
    join(box.lesson)
    whole = box.lesson / "lesson.mp4.part"
    if encoded_anew:
        again = box.root / "again.mp4"
        await run(ffmpeg, "-v", "error", "-i", str(whole), str(again))
        whole = again
    told = json.loads(await run(ffprobe, "-v", "error", "-show_chapters", "-of", "json", str(whole)))
    found = {c["tags"]["title"]: float(c["start_time"]) for c in told["chapters"]}
    assert list(found) == ["Start", "mark: 0.55", "mark: 1.0", "mark: 3.31", "mark: ä <&"]
    shown = numbers(whole)
    for title, moment_s in zip(list(found)[1:], BOOKMARKS_S, strict=True):
        assert found[title] == pytest.approx(moment_s, abs=0.011)
        number = [n for time, n in shown if time <= found[title] + 0.001][-1]
        assert abs(number - moment_s * RATE_HZ) <= 1


async def test_what_a_crash_tore_off_is_silence_and_the_sound_stays_in_step(box: Box, media: list[Segment]) -> None:
    ffmpeg = require_program("ffmpeg")
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        sink.write_fragment(1, media[1].fragments[0])
        await storage.pending(0, 1)
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is not None
        sink = storage.lesson_sink(recovery.resume, "test")
        sink.begin(origin())
        later = make_media(1, first=7)[0]  # its time stamps are far from where it plays
        give(sink, replace(later, end=replace(later.end, start_ns=recovery.resume.media_start_ns)))
        await storage.complete_lesson(LESSON, "stopped")
        told = await events(storage)
    join(box.lesson)
    whole = box.lesson / "lesson.mp4.part"
    assert await run(ffmpeg, "-v", "warning", "-xerror", "-i", str(whole), "-f", "null", "-") == ""
    starts_ns = [e["data"]["start_ns"] for e in told if e["type"] == "segment.ready"]
    joined, behind = packets(whole, "audio"), packets(box.lesson / "segment-00002.mp4", "audio")
    assert {b[0] - a[0] for a, b in itertools.pairwise(joined)} == {1024}
    one = behind[len(behind) // 2]
    at = [packet[2] for packet in joined].index(one[2])
    video = packets(box.lesson / "segment-00002.mp4", "video")
    wanted_s = starts_ns[2] / SECOND_NS + one[0] / 48_000 - video[0][0] / TICKS
    assert joined[at][0] / 48_000 == pytest.approx(wanted_s, abs=512 / 48_000)


async def test_killed_at_any_moment_it_goes_on(box: Box, media: list[Segment]) -> None:
    await paused_lesson(box, media)
    reference = join(box.lesson)
    part = box.lesson / "lesson.mp4.part"
    content = part.read_bytes()
    moments = random.Random(3)
    for _ in range(6):
        torn = bytearray(content[: moments.randrange(len(content))])
        if torn and moments.random() < 0.5:
            torn[moments.randrange(len(torn))] ^= 0xFF  # what a power cut may leave of a page
        part.write_bytes(torn)
        assert join(box.lesson) == reference
        assert part.read_bytes() == content
    part.write_bytes(content + b"more")
    assert join(box.lesson) == reference
    part.rename(box.lesson / "lesson.mp4")  # named, but not announced
    assert join(box.lesson) == reference
    assert not part.exists()


async def test_a_process_whose_daemon_is_gone_ends(box: Box, media: list[Segment]) -> None:
    """It looks at its parent after every piece: an orphan leaves an unfinished file and no answer."""
    await paused_lesson(box, media)
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, str(box.lesson), str(os.getppid())), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert (process.returncode, out) == (1, b"")


async def test_the_file_is_announced_once(box: Box, media: list[Segment]) -> None:
    await paused_lesson(box, media)
    answer = join(box.lesson)
    async with opened(Box(box.root)) as (storage, _):
        assert await storage.unjoined() == [WholeKey(LESSON)]
        await storage.announce_whole(WholeKey(LESSON), answer["size"], answer["sha256"], answer["duration_ns"])
        assert await storage.unjoined() == []
        told = (await events(storage))[-1]
    assert told["type"] == "lesson.available"
    assert told["data"] == {"lesson_id": LESSON, "path": f"{LESSON}/lesson.mp4", "rendition": None, **answer}
    assert (box.lesson / "lesson.mp4").stat().st_size == answer["size"]


async def test_a_lesson_whose_segments_are_gone_is_not_joined(box: Box, media: list[Segment]) -> None:
    await paused_lesson(box, media)
    (box.lesson / "segment-00001.mp4").unlink()
    async with opened(Box(box.root)) as (storage, _):
        assert await storage.unjoined() == []


async def test_what_is_no_segment_is_named(box: Box, media: list[Segment]) -> None:
    await paused_lesson(box, media)
    (box.lesson / "segment-00001.mp4").write_bytes(b"nothing of the kind")
    assert "segment-00001.mp4 is not a segment" in join(box.lesson)["error"]


def test_beyond_four_gibibytes_the_offsets_have_64_bits(media: list[Segment], tmp_path: Path) -> None:
    file = tmp_path / "segment.mp4"
    file.write_bytes(media[0].whole)
    plan: JoinPlan = plan_join([Placed(read_segment(file), read_segment(file), 0, SEGMENT_S * SECOND_NS)])
    table = plan.tables[0]
    plan.add(Piece(file, 0, 5 << 30))
    table.chunks.append((plan.add(Piece(file, 0, 10)), 1, 1))
    head = file_head(plan, [Chapter(0, "x" * 300)])
    (offsets, _) = find(head[:-16], b"moov", b"trak", b"mdia", b"minf", b"stbl", b"co64")
    assert int.from_bytes(offsets[-8:]) == len(head) + (5 << 30) + sum(p.length for p in plan.pieces[:-2])
