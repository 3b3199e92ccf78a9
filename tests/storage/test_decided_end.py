"""A lesson whose end is decided never goes on, whatever happens before it is closed."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from followspot.domain.recording import LessonPlan
from support.storagelab import LESSON, Box, Segment, events, give, opened, origin

PROGRAM = """
import asyncio, os, pickle, signal, sys
from pathlib import Path
from followspot.domain.recording import LessonPlan
from support.storagelab import LESSON, Box, give, opened, origin
media = pickle.loads(Path(sys.argv[2]).read_bytes())
async def main():
    async with opened(Box(Path(sys.argv[1]))) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
        await storage.pending(0, 1)
        storage.decide_end(LESSON, "stopped")
        await storage.pending(0, 1)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def status_of_recording(folder: Path, stored: Path) -> int:
    """Run PROGRAM; how it ended."""
    command = [sys.executable, "-c", PROGRAM, str(folder), str(stored)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, env=env, check=False, timeout=60).returncode


async def after_restart(box: Box) -> list[dict[str, Any]]:
    """What is told once the next start is through, which must not offer to go on."""
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is None
        return await events(storage)


async def test_killed_between_the_stop_and_the_completion_it_is_completed_for_its_reason(
    box: Box, media: list[Segment]
) -> None:
    stored = box.root / "media.pickle"
    stored.write_bytes(pickle.dumps(media[:1]))
    assert status_of_recording(box.root, stored) == -signal.SIGKILL
    told = await after_restart(box)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "lesson.completed"]
    assert told[-1]["data"]["reason"] == "stopped"


async def test_decided_before_it_began_it_is_remembered(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        storage.decide_end(LESSON, "stopped")
        await storage.pending(0, 1)
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
    told = await after_restart(box)
    assert [e["type"] for e in told] == ["lesson.started", "segment.ready", "lesson.completed"]
    assert told[-1]["data"]["reason"] == "stopped"


async def test_a_lesson_that_goes_on_may_end_before_its_first_frame_and_keeps_it(
    box: Box, media: list[Segment]
) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        give(sink, media[0])
    async with opened(Box(box.root)) as (storage, recovery):
        assert recovery.resume is not None
        storage.decide_end(LESSON, "stopped")
        sink = storage.lesson_sink(recovery.resume, "resume")
        sink.begin(origin())
        give(sink, media[1])
        await storage.complete_lesson(LESSON, "stopped")
        completed = (await events(storage))[-1]["data"]
    assert (completed["reason"], completed["segments"]) == ("stopped", 2)


async def test_the_first_reason_stands(box: Box, media: list[Segment]) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        storage.decide_end(LESSON, "disk-full")
        storage.decide_end(LESSON, "stopped")
        sink.begin(origin())
        give(sink, media[0])
        await storage.complete_lesson(LESSON, "shutdown")
        assert (await events(storage))[-1]["data"]["reason"] == "disk-full"


async def test_it_overtakes_the_media_that_waits(box: Box, media: list[Segment]) -> None:
    done: list[str] = []
    gate = threading.Event()
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        await storage.pending(0, 1)
        opened_now = storage._opened
        assert opened_now is not None
        decide, finish = opened_now.decide_end, opened_now.writers[LESSON].finish
        opened_now.decide_end = lambda *args: (done.append("end"), decide(*args))  # type: ignore[method-assign,assignment]
        opened_now.writers[LESSON].finish = lambda *args: (done.append("segment"), finish(*args))  # type: ignore[method-assign,assignment]
        storage._worker.post(lambda: gate.wait(20) and None)
        give(sink, media[0])
        storage.decide_end(LESSON, "stopped")
        gate.set()
        await storage.complete_lesson(LESSON, "stopped")
    assert done == ["end", "segment"]


@pytest.mark.parametrize("began", [True, False])
async def test_any_thread_may_decide(box: Box, began: bool) -> None:
    async with opened(box) as (storage, _):
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        if began:
            sink.begin(origin())
        await asyncio.to_thread(storage.decide_end, LESSON, "stopped")
        await storage.complete_lesson(LESSON, "shutdown")
        told = await events(storage)
    assert [e["type"] for e in told] == (["lesson.started", "lesson.completed"] if began else [])
