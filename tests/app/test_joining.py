"""Lessons become one file between lessons, and never in the way of one."""

import asyncio
import itertools
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from followspot.app import joining as module
from followspot.app.joining import Joining
from followspot.control.session import SessionStatus
from followspot.domain.alerts import AlertCode
from followspot.domain.session import SessionState
from followspot.settings.models import EncoderSettings, PathSettings, Settings
from followspot.storage.rows import WholeKey

PYTHON = sys.executable
ANSWER = {"size": 7, "sha256": "0" * 64, "duration_ns": 5}


class Lessons:
    """A storage with one lesson to join."""

    def __init__(self) -> None:
        self.waiting = [WholeKey("0190")]
        self.announced: list[tuple[Any, ...]] = []
        self.dropped: list[WholeKey] = []

    async def unjoined(self) -> list[WholeKey]:
        return self.waiting

    async def announce_whole(self, one: WholeKey, size: int, sha256: str, duration_ns: int) -> None:
        self.waiting.remove(one)
        self.announced.append((one.lesson_id, size, sha256, duration_ns))

    async def drop_whole(self, one: WholeKey) -> None:
        self.dropped.append(one)


@pytest.fixture
def lessons() -> Lessons:
    return Lessons()


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Puts a program of a few lines in the place of the joining process; it notes each start in a file."""
    monkeypatch.setattr(module, "PERIOD_S", 0.01)
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    started = tmp_path / "started"

    def use(code: str) -> Path:
        stand_in = tmp_path / "python"
        stand_in.write_text(f"#!{PYTHON}\nopen({str(started)!r}, 'a').write('x')\n{code}\n")
        stand_in.chmod(0o755)
        monkeypatch.setattr(module.sys, "executable", str(stand_in))
        return started

    return use


class Running:
    """Joining as a task, with a session to be moved by hand."""

    def __init__(self, lessons: Lessons, alerts, clock, media: Path, **encoder: int) -> None:
        settings = Settings(paths=PathSettings(media=media), encoder=EncoderSettings(**encoder))
        self.session = SimpleNamespace(status=SessionStatus(SessionState.IDLE))
        self.joining = Joining(self.session, lessons, alerts, clock, settings)

    async def until(self, condition) -> None:
        task = asyncio.create_task(self.joining.run())
        try:
            for _ in range(2000):
                if condition():
                    return
                assert not task.done()
                await asyncio.sleep(0.01)
            pytest.fail("it did not come to pass")
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_what_the_process_made_is_announced(lessons, alerts, clock, tmp_path, program):
    program(f"print({json.dumps(ANSWER)!r})")
    await Running(lessons, alerts, clock, tmp_path).until(lambda: lessons.announced)
    assert lessons.announced == [("0190", 7, "0" * 64, 5)]


async def test_a_lesson_that_begins_ends_the_process_and_idleness_starts_it_again(
    lessons, alerts, clock, tmp_path, program
):
    started = program("import time; time.sleep(60)")
    running = Running(lessons, alerts, clock, tmp_path)
    await running.until(lambda: started.exists() and started.read_text())
    running.session.status = SessionStatus(SessionState.RECORDING)
    looks = itertools.count()
    await running.until(lambda: next(looks) > 10)
    assert started.read_text() == "x", "nothing is joined while a lesson is on"
    program(f"print({json.dumps(ANSWER)!r})")
    running.session.status = SessionStatus(SessionState.IDLE)
    await running.until(lambda: lessons.announced)


async def test_what_can_never_be_joined_is_an_alert_and_not_tried_again(lessons, alerts, clock, tmp_path, program):
    started = program('print(\'{"error": "segment 3 is odd"}\')')
    await Running(lessons, alerts, clock, tmp_path).until(lambda: alerts.is_active(AlertCode.LESSON_NOT_JOINED))
    assert "segment 3 is odd" in alerts.active[0].message
    assert started.read_text() == "x"
    assert lessons.announced == []
    assert lessons.dropped == [WholeKey("0190")], "what an attempt has written holds the lesson's pictures"


async def test_a_failure_is_tried_again_later(lessons, alerts, clock, tmp_path, program, caplog):
    started = program("import sys; sys.exit(1)")
    await Running(lessons, alerts, clock, tmp_path).until(lambda: "the process failed" in caplog.text)
    assert started.read_text() == "x"
    assert alerts.active == ()


async def test_room_for_the_next_lesson_comes_first(lessons, alerts, clock, tmp_path, program, caplog, monkeypatch):
    started = program("")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=9 * 10**9))
    running = Running(lessons, alerts, clock, tmp_path, bitrate_kbps=20_000)
    await running.until(lambda: "no room" in caplog.text)
    assert not started.exists()
