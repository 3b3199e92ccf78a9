"""Files and rows held against each other: what is missing is told, what is whole is adopted, nothing is taken away."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import sys
from asyncio import create_subprocess_exec
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from followspot.domain.recording import LessonPlan, SoundPart
from followspot.domain.sound import MicrophoneRole
from followspot.storage import Storage
from followspot.storage.reconcile import FindingKind
from support.storagelab import LESSON, Box, Segment, events, give, opened, origin, record_lesson

LATER = "0198c0de-0001-7000-8000-000000000002"


async def found(storage: Storage, *, read_all: bool = False) -> list[tuple[str, str]]:
    return [(one.kind.value, one.path) async for one in storage.reconcile(read_all=read_all)]


async def told(storage: Storage, kind: str) -> list[dict[str, Any]]:
    return [one["data"] for one in await events(storage) if one["type"] == kind]


@pytest.fixture
async def recorded(box: Box, media: list[Segment]) -> Box:
    """A box with one completed lesson."""
    await record_lesson(box, media)
    return box


async def test_what_agrees_is_left_alone(recorded: Box) -> None:
    before = {path: path.stat().st_mtime_ns for path in recorded.lesson.iterdir()}
    async with opened(recorded) as (storage, _):
        count = len(await events(storage))
        assert await found(storage, read_all=True) == []
        assert len(await events(storage)) == count
    assert before == {path: path.stat().st_mtime_ns for path in recorded.lesson.iterdir()}


async def test_a_file_that_is_gone_is_told_once(recorded: Box) -> None:
    (recorded.lesson / "segment-00001.mp4").unlink()
    async with opened(recorded) as (storage, _):
        assert await found(storage) == [("missing", f"{LESSON}/segment-00001.mp4")]
        (event,) = await told(storage, "segment.deleted")
        assert (event["index"], event["reason"], event["stored"]) == (1, "missing", False)
        assert await found(storage) == []


async def test_voices_that_are_left_of_missing_segments_are_told(recorded: Box) -> None:
    for path in recorded.lesson.glob("segment-*.mp4"):
        path.unlink()
    for name in ("segment-00001.teacher.m4a", "lesson.mp4"):
        (recorded.lesson / name).write_bytes(b"her voice")
    async with opened(recorded) as (storage, _):
        assert ("unlisted", f"{LESSON}/segment-00001.teacher.m4a") in await found(storage)
        assert await found(storage) == [
            ("unlisted", f"{LESSON}/lesson.mp4"),
            ("unlisted", f"{LESSON}/segment-00001.teacher.m4a"),
        ]


async def test_a_folder_named_by_a_moment_that_no_calendar_has_is_none_of_ours(recorded: Box) -> None:
    (recorded.media / "ffffffff-ffff-7fff-bfff-ffffffffffff").mkdir()
    (recorded.media / "ffffffff-ffff-7fff-bfff-ffffffffffff/segment-00000.mp4").touch()
    async with opened(recorded) as (storage, _):
        assert await found(storage) == []


async def test_a_whole_lesson_that_is_gone_is_told_but_not_while_the_disk_is_away(recorded: Box) -> None:
    async with opened(recorded) as (storage, _):
        await storage.pending(0, 1)
        recorded.media.rename(recorded.root / "unplugged")
        recorded.media.mkdir()
        assert await found(storage) == []
        recorded.media.rmdir()
        (recorded.root / "unplugged").rename(recorded.media)
        shutil.rmtree(recorded.lesson)
        assert [kind for kind, _ in await found(storage)] == ["missing"] * 3


async def test_a_file_of_another_length_or_content_is_told_and_left(recorded: Box) -> None:
    short, changed = (recorded.lesson / f"segment-0000{n}.mp4" for n in (0, 2))
    os.truncate(short, 1000)
    content = bytearray(changed.read_bytes())
    content[-100] ^= 1
    changed.write_bytes(content)
    async with opened(recorded) as (storage, _):
        assert await found(storage) == [("damaged", f"{LESSON}/segment-00000.mp4")]
        assert await found(storage, read_all=True) == [
            ("damaged", f"{LESSON}/segment-00000.mp4"),
            ("damaged", f"{LESSON}/segment-00002.mp4"),
        ]
        assert await told(storage, "segment.deleted") == []
    assert short.stat().st_size == 1000


async def test_media_that_a_completed_lesson_does_not_name_is_told_and_left(recorded: Box) -> None:
    shutil.copy(recorded.lesson / "segment-00000.mp4", recorded.lesson / "segment-00007.mp4")
    (recorded.lesson / "segment-00008.mp4.part").write_bytes(b"torn")
    (recorded.lesson / "manifest.json.tmp").write_bytes(b"{")
    async with opened(recorded) as (storage, _):
        assert await found(storage) == [
            ("unlisted", f"{LESSON}/segment-00007.mp4"),
            ("unlisted", f"{LESSON}/segment-00008.mp4.part"),
        ]
    assert (recorded.lesson / "segment-00008.mp4.part").exists()
    assert not (recorded.lesson / "manifest.json.tmp").exists()


async def test_a_completed_lesson_whose_database_was_lost_is_announced_as_it_was(recorded: Box) -> None:
    manifest = (recorded.lesson / "manifest.json").read_bytes()
    async with opened(recorded) as (storage, _):
        before = await told(storage, "segment.ready"), await told(storage, "lesson.completed")
    shutil.rmtree(recorded.root / "state")
    async with opened(recorded) as (storage, _):
        assert await found(storage) == [("adopted", LESSON)]
        assert (await told(storage, "segment.ready"), await told(storage, "lesson.completed")) == before
        assert (await events(storage))[0]["type"] == "lesson.started"
        assert await found(storage, read_all=True) == []
    assert (recorded.lesson / "manifest.json").read_bytes() == manifest, "it never changes"


async def test_of_a_lost_database_no_voice_is_announced_that_is_not_there(box: Box, media: list[Segment]) -> None:
    parts = tuple(SoundPart(role, role.encode()) for role in MicrophoneRole)
    await record_lesson(box, [replace(one, end=replace(one.end, sounds=parts)) for one in media])
    (box.lesson / "segment-00001.room.m4a").unlink()
    shutil.rmtree(box.root / "state")
    async with opened(box) as (storage, _):
        assert await found(storage) == [("adopted", LESSON)]
        sounds = [[sound["role"] for sound in ready["sounds"]] for ready in await told(storage, "segment.ready")]
        assert sounds == [["teacher", "room"], ["teacher"], ["teacher", "room"]]


async def test_of_a_lost_database_only_what_is_as_the_manifest_says_is_announced(recorded: Box) -> None:
    (recorded.lesson / "segment-00000.mp4").unlink()
    with (recorded.lesson / "segment-00001.mp4").open("r+b") as file:
        file.seek(-50, os.SEEK_END)
        file.write(b"\xff")
    shutil.rmtree(recorded.root / "state")
    async with opened(recorded) as (storage, _):
        assert await found(storage) == [
            ("adopted", LESSON),
            ("missing", f"{LESSON}/segment-00000.mp4"),
            ("damaged", f"{LESSON}/segment-00001.mp4"),
        ]
        assert [one["index"] for one in await told(storage, "segment.ready")] == [2]


async def test_an_unfinished_lesson_whose_database_was_lost_is_salvaged_and_completed(
    box: Box, media: list[Segment]
) -> None:
    await leave_unfinished(box, media)
    shutil.rmtree(box.root / "state")
    async with opened(box) as (storage, _):
        assert await found(storage) == [("adopted", LESSON)]
        ready = await told(storage, "segment.ready")
        assert [one["start_ns"] for one in ready] == [0, 2_000_000_000]
        assert ready[1]["duration_ns"] == 1_000_000_000, "the torn fragment is cut off"
        for one in ready:
            content = (box.media / one["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == one["sha256"]
        (completed,) = await told(storage, "lesson.completed")
        assert (completed["reason"], completed["segments"]) == ("interrupted", 2)
        assert await found(storage, read_all=True) == []
    assert json.loads((box.lesson / "manifest.json").read_bytes())["segments"][1]["sha256"] == ready[1]["sha256"]


async def leave_unfinished(box: Box, media: list[Segment]) -> None:
    """One whole segment, and one of two fragments and a torn one."""
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        for fragment in (*media[1].fragments[:2], media[1].fragments[2][:300]):
            sink.write_fragment(1, fragment)
        await storage.pending(0, 1)


async def test_what_is_not_ours_is_left_alone(recorded: Box) -> None:
    for name in ("lost+found", "holiday pictures", "0198c0de-0000-4000-8000-000000000001"):
        (recorded.media / name).mkdir()
        (recorded.media / name / "segment-00000.mp4").write_bytes(b"x")
    other = recorded.media / LATER
    shutil.copytree(recorded.lesson, other)
    manifest = json.loads((other / "manifest.json").read_bytes())
    (other / "manifest.json").write_text(json.dumps({**manifest, "lesson_id": LATER, "device_id": "another"}))
    async with opened(recorded) as (storage, _):
        assert await found(storage) == [("foreign", LATER)]
        assert {one["lesson_id"] for one in await told(storage, "segment.ready")} == {LESSON}


async def test_a_lesson_that_is_being_recorded_is_left_alone(recorded: Box, media: list[Segment]) -> None:
    async with opened(recorded) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LATER), "test")
        sink.begin(origin())
        give(sink, media[0])
        sink.open_segment(1, media[1].end.start_ns)
        sink.write_fragment(1, media[1].fragments[0])
        assert await found(storage) == []
        for fragment in media[1].fragments[1:]:
            sink.write_fragment(1, fragment)
        sink.finish_segment(media[1].end)
        await storage.complete_lesson(LATER, "stopped")
        assert await found(storage, read_all=True) == []


CHILD = """
import asyncio, sys
from pathlib import Path
from support.storagelab import Box, KillingDisk, opened

async def main(root, number):
    box = Box(Path(root), disk=KillingDisk(10**6, late=False))
    async with opened(box) as (storage, _):
        await storage.pending(0, 1)
        box.disk.number = box.disk.count + number
        async for _ in storage.reconcile():
            pass

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_killed_at_any_step_of_an_adoption_the_next_start_ends_it(
    box: Box, media: list[Segment], tmp_path: Path
) -> None:
    await leave_unfinished(box, media)
    shutil.rmtree(box.root / "state")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for number in range(1, 40, 2):
        copy = tmp_path / f"copy-{number}"
        shutil.copytree(box.media, copy / "media")
        child = await create_subprocess_exec(sys.executable, "-c", CHILD, str(copy), str(number), env=environment)
        if await child.wait() == 0:
            break
        assert child.returncode == -signal.SIGKILL
        async with opened(Box(copy)) as (storage, _):
            kinds = {kind for kind, _ in await found(storage)}
            assert kinds <= {FindingKind.ADOPTED}
            assert len(await told(storage, "lesson.started")) == 1
            assert len(await told(storage, "lesson.completed")) == 1
            assert [one["index"] for one in await told(storage, "segment.ready")] == [0, 1]
            assert await found(storage, read_all=True) == []
    assert number > 5


async def test_lessons_on_a_disk_that_was_taken_out_are_away_until_it_is_back(recorded: Box) -> None:
    taken_out = recorded.root / "taken out"
    recorded.media.rename(taken_out)
    async with opened(Box(recorded.root)) as (storage, _):  # on a new disk
        await storage.pending(0, 1)
        assert await found(storage) == []
        assert (await storage.tend()).more is False
    async with opened(Box(recorded.root)) as (storage, _):
        assert await found(storage) == []
        assert await told(storage, "segment.deleted") == []
    shutil.rmtree(recorded.media)
    taken_out.rename(recorded.media)
    (recorded.lesson / "segment-00001.mp4").unlink()
    async with opened(Box(recorded.root)) as (storage, _):
        assert await found(storage) == [("missing", f"{LESSON}/segment-00001.mp4")]


async def test_sound_of_a_single_microphone_is_held_against_what_was_announced(box: Box, media: list[Segment]) -> None:
    sounds = (SoundPart(MicrophoneRole.TEACHER, b"the teacher alone"), SoundPart(MicrophoneRole.ROOM, b"the children"))
    await record_lesson(box, [replace(one, end=replace(one.end, sounds=sounds)) for one in media])
    (box.lesson / "segment-00000.teacher.m4a").unlink()
    (box.lesson / "segment-00001.room.m4a").write_bytes(b"the")
    (box.lesson / "segment-00002.teacher.m4a").write_bytes(b"the teacher alonE")
    async with opened(box) as (storage, _):
        quick = [("missing", f"{LESSON}/segment-00000.teacher.m4a"), ("damaged", f"{LESSON}/segment-00001.room.m4a")]
        assert await found(storage) == quick
        assert await found(storage, read_all=True) == [*quick, ("damaged", f"{LESSON}/segment-00002.teacher.m4a")]
        assert await told(storage, "segment.deleted") == []


async def test_every_file_of_a_lesson_whose_disk_is_back_is_read(recorded: Box) -> None:
    with closing(sqlite3.connect(recorded.root / "state/followspot.db")) as database, database:
        database.execute("UPDATE keeping SET presence = 'away'")
    async with opened(recorded) as (storage, _):
        assert await found(storage, read_all=True) == []
