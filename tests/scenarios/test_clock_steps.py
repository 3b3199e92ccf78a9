"""The wall clock of the running daemon is hours wrong, is set, and is stepped, in the middle of a real lesson."""

import struct
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from followspot.app.clock import SystemClock
from support.lessons import start, stop, wait_event
from support.programs import require_program

pytestmark = pytest.mark.scenario

NOW = SystemClock().utc_now
HOUR_NS = 3600 * 10**9
SHIM = Path(__file__).parents[1] / "support" / "wall_clock.c"


class WallClock:
    """The daemon's own wall clock, moved by the test. No other process sees it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "wall-clock"
        self.library = folder / "wall_clock.so"
        command = [require_program("gcc"), "-O1", "-shared", "-fPIC", "-o", str(self.library), str(SHIM), "-ldl"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        self.file.write_bytes(bytes(16))

    def be(self, *, hours: int, synced: bool) -> None:
        with self.file.open("r+b") as file:
            file.write(struct.pack("qq", hours * HOUR_NS, synced))

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "WALL_CLOCK_FILE": str(self.file)}


def off_h(text: str, began: datetime) -> int:
    """By how many hours a label of the lesson is wrong; the lesson lasts less than a minute."""
    error = datetime.fromisoformat(text) - began
    assert abs(error - timedelta(hours=round(error / timedelta(hours=1)))) < timedelta(minutes=2)
    return round(error / timedelta(hours=1))


def test_a_clock_that_is_set_and_stepped_in_mid_lesson_harms_nothing(make_stage, ffprobe: str, tmp_path: Path) -> None:
    clock = WallClock(tmp_path)
    clock.be(hours=-9, synced=False)
    stage = make_stage(daemon_environment=clock.environment)
    stage.start()
    began = NOW()
    start(stage)
    wait_event(stage, "segment.ready", 1)
    assert stage.command("status")["data"]["host"]["clock"] == "unsynced"

    clock.be(hours=0, synced=True)
    wait_event(stage, "clock.corrected", 1)
    heard = len(stage.listener.events("segment.ready"))
    wait_event(stage, "segment.ready", heard + 2)
    for hours in (-5, 5):
        clock.be(hours=hours, synced=False)
        heard = len(stage.listener.events("segment.ready"))
        wait_event(stage, "segment.ready", heard + 1)
    lesson = stop(stage)

    lesson.check_files()
    lesson.check_plays(ffprobe)
    ready = lesson.events("segment.ready")
    (corrected,) = lesson.events("clock.corrected")
    (span,) = corrected["spans"]
    wrong = [one for one in ready if one["clock"] == "unsynced"]
    assert [one["index"] for one in wrong] == list(range(span["last_index"] + 1))
    assert {off_h(one["started"], began) for one in wrong} == {-9}
    right = [one for one in ready if one["clock"] == "synced"]
    assert len(right) >= 4
    assert {off_h(one["started"], began) for one in right} == {0}, "later steps change no label"
    assert abs(span["offset_ns"] - 9 * HOUR_NS) < 10**9
    assert off_h(corrected["started"], began) == 0

    segments = lesson.manifest["segments"]
    ends = [one["start_ns"] + one["duration_ns"] for one in segments]
    assert [one["start_ns"] for one in segments] == [0, *ends[:-1]], "media time has a hole"
    assert max(ends) < (NOW() - began).total_seconds() * 1e9
    assert lesson.gap_reasons == []
    assert {off_h(one["started"], began) for one in segments} == {0}
    assert {one["clock"] for one in segments} == {"synced"}
    sequences = sorted({int(event["sequence"]) for event in stage.listener.events()})
    assert sequences == list(range(1, len(sequences) + 1))
