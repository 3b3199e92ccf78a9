"""kill -9 and power cuts at every disk operation of a lesson: what the next start makes of it is true."""

import hashlib
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from followspot.domain.recording import SoundPart
from followspot.domain.rendition import RenditionName
from followspot.domain.sound import MicrophoneRole
from support.storagelab import FRAGMENT_S, LESSON, SEGMENT_S, Box, Segment, events, opened, power_cut, record_lesson

CHILD = Path(__file__).with_name("crash_child.py")

Crash = Callable[[Path, int, str], bool]


@pytest.fixture(scope="module")
def short(media: list[Segment]) -> list[Segment]:
    """Two segments with files beside each, the first with a full picture: every kind of step, and those between two."""
    sounds = (SoundPart(MicrophoneRole.TEACHER, b"her voice"), SoundPart(MicrophoneRole.ROOM, b"the room"))
    first, second = (replace(one, end=replace(one.end, sounds=sounds)) for one in media[:2])
    return [replace(first, end=replace(first.end, renditions=(RenditionName.FULL,))), second]


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory, short: list[Segment]) -> Iterator[Crash]:
    """Record in a process that dies at an operation; False when the lesson was over before."""
    stored = tmp_path_factory.mktemp("crash") / "media.pickle"
    stored.write_bytes(pickle.dumps(short))
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(stored)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def die(folder: Path, number: int, how: str) -> bool:
            child.stdin.write(f"{folder} {number} {how}\n")  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]
            answer = child.stdout.readline().strip()  # type: ignore[union-attr]
            assert answer in ("killed", "lived")
            return answer == "killed"

        yield die
        child.stdin.close()


@pytest.mark.parametrize("how", ["early", "late", "cut"])
async def test_killed_at_any_step_the_lesson_is_whole_after_the_next_start(
    tmp_path: Path, crash: Crash, short: list[Segment], how: str
) -> None:
    kept_ns = [0]
    while crash(folder := tmp_path / f"{len(kept_ns)}", len(kept_ns), how):
        if how == "cut":
            power_cut(folder.with_suffix(".journal"))
        kept_ns.append(await check_after_restart(Box(folder, resume_within_min=0), short))
    assert len(kept_ns) > 30
    assert kept_ns == sorted(kept_ns), "what was durable once is there after every later crash"
    assert len(set(kept_ns)) > 2 * SEGMENT_S / FRAGMENT_S, "fragment by fragment"


async def test_killed_twice_recovery_itself_recovers(tmp_path: Path, crash: Crash, short: list[Segment]) -> None:
    reference = tmp_path / "reference"
    assert crash(reference, 14, "early")
    for second in range(1, 9):
        folder = tmp_path / f"{second}"
        assert crash(folder, 14, "early")
        crash(folder, second, "late")
        await check_after_restart(Box(folder, resume_within_min=0), short)


async def check_after_restart(box: Box, media: list[Segment]) -> int:
    """Restart, and judge events, files and manifest against each other and what was given; the media kept, in ns."""
    async with opened(box) as (storage, recovery):
        assert recovery.resume is None
        assert recovery.missing == ()
        told = await events(storage)
    assert [e["sequence"] for e in told] == list(range(1, len(told) + 1)), "no holes"
    assert len({e["id"] for e in told}) == len(told)
    if not told:
        assert not box.lesson.exists(), "a lesson that was never announced leaves nothing"
        return 0
    types = [e["type"] for e in told]
    assert types[0] == "lesson.started"
    assert types[-2 if types[-1] == "lesson.available" else -1] == "lesson.completed"
    assert types.count("lesson.completed") == 1
    ready = [e["data"] for e in told if e["type"] == "segment.ready"]
    check_segments(box, ready, media)
    check_folder(box, ready, told[types.index("lesson.completed")]["data"])
    return sum(data["duration_ns"] for data in ready)


def check_segments(box: Box, ready: list[dict[str, Any]], media: list[Segment]) -> None:
    """Each is as announced, a beginning of what was given, and starts where the one before ended."""
    end_ns = 0
    for index, data in enumerate(ready):
        content = (box.media / data["path"]).read_bytes()
        assert data["index"] == index
        assert data["start_ns"] == end_ns
        assert data["sha256"] == hashlib.sha256(content).hexdigest()
        assert data["size"] == len(content)
        assert media[index].whole.startswith(content)
        assert data["frames"] > 0
        assert [track["kind"] for track in data["tracks"]] == ["video", "audio"]
        for sound in data["sounds"]:
            beside = (box.lesson / sound["file"]).read_bytes()
            assert (sound["size"], sound["sha256"]) == (len(beside), hashlib.sha256(beside).hexdigest())
            assert beside in {part.data for part in media[index].end.sounds}
        for full in data["renditions"]:
            beside = (box.lesson / full["file"]).read_bytes()
            assert (full["size"], full["sha256"]) == (len(beside), hashlib.sha256(beside).hexdigest())
            assert media[index].whole.startswith(beside)
            assert 0 < full["duration_ns"] <= data["duration_ns"]
        end_ns += data["duration_ns"]


def check_folder(box: Box, ready: list[dict[str, Any]], completed: dict[str, Any]) -> None:
    """Nothing unfinished is left, and manifest, playlist and event agree."""
    content = (box.media / completed["manifest"]).read_bytes()
    manifest = json.loads(content)
    assert completed["manifest_sha256"] == hashlib.sha256(content).hexdigest()
    assert [s["sha256"] for s in manifest["segments"]] == [d["sha256"] for d in ready]
    beside = [[*s["sounds"], *s["renditions"]] for s in manifest["segments"]]
    assert beside == [[*d["sounds"], *d["renditions"]] for d in ready]
    names = {path.name for path in box.lesson.iterdir()}
    may_be = {"framing.jsonl", "bookmarks.vtt", "lesson.mp4", "lesson.mp4.part"}
    files = {s["file"] for s in manifest["segments"]} | {one["file"] for each in beside for one in each}
    if any(s["renditions"] for s in manifest["segments"]):
        files.add("playlist.full.m3u8")
    assert names - may_be == {"manifest.json", "playlist.m3u8", *files}
    assert (box.lesson / "playlist.m3u8").read_text().endswith("#EXT-X-ENDLIST\n")
    if "framing.jsonl" in names:
        assert all(json.loads(line) for line in (box.lesson / "framing.jsonl").read_text().splitlines())


LESSON_US = 40_000
"""About what the child needs for its lesson here; a slower machine is killed earlier in it, which is as good."""


async def kill_at_random(tmp_path: Path, crash: Crash, short: list[Segment], kills: int, seed: int) -> None:
    moments = random.Random(seed)
    killed = 0
    for attempt in range(kills):
        folder = tmp_path / f"{attempt}"
        killed += crash(folder, moments.randrange(LESSON_US), "random")
        await check_after_restart(Box(folder, resume_within_min=0), short)
        shutil.rmtree(folder, ignore_errors=True)
    assert killed > kills / 2


async def test_killed_at_hundreds_of_random_moments(tmp_path: Path, crash: Crash, short: list[Segment]) -> None:
    await kill_at_random(tmp_path, crash, short, 200, seed=7)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_killed_at_thousands_of_random_moments(tmp_path: Path, crash: Crash, short: list[Segment]) -> None:
    await kill_at_random(tmp_path, crash, short, 5000, seed=11)


async def test_a_finished_lesson_is_left_alone_by_the_next_start(box: Box, short: list[Segment]) -> None:
    await record_lesson(box, short)
    before = {path.name: path.stat().st_mtime_ns for path in box.lesson.iterdir()}
    async with opened(box) as (storage, recovery):
        assert recovery.resume is None
        assert recovery.salvaged == ()
        assert len(await events(storage)) == 4
    assert before == {path.name: path.stat().st_mtime_ns for path in (box.media / LESSON).iterdir()}
