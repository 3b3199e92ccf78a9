"""The wall clock of the running daemon is hours wrong, is set, and is stepped, in the middle of a real lesson."""

import json
import struct
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from followspot.app.clock import SystemClock
from followspot_sim.stage import Stage
from support.lessons import Lesson, start, stop, wait_event
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


def off_h(time: str | datetime, began: datetime) -> int:
    """By how many hours a label of the lesson is wrong; the lesson lasts less than a minute."""
    error = (datetime.fromisoformat(time) if isinstance(time, str) else time) - began
    assert abs(error - timedelta(hours=round(error / timedelta(hours=1)))) < timedelta(minutes=2)
    return round(error / timedelta(hours=1))


def one_more_segment(stage: Stage) -> None:
    wait_event(stage, "segment.ready", len(stage.listener.events("segment.ready")) + 1)


def as_a_consumer_knows_them(lesson: Lesson) -> tuple[dict[int, datetime], dict[int, datetime]]:
    """The time of each segment by its index and of each bookmark by its number, as told and corrected since."""
    segments: dict[int, datetime] = {}
    bookmarks: dict[int, datetime] = {}
    for event in sorted(lesson.stage.listener.events(), key=lambda event: int(event["sequence"])):
        data = event["data"]
        match event["type"]:
            case "segment.ready":
                segments[data["index"]] = datetime.fromisoformat(data["started"])
            case "bookmark":
                bookmarks[int(event["sequence"])] = datetime.fromisoformat(data["given"])
            case "clock.corrected":
                for span in data["spans"]:
                    for index in range(span["first_index"], span["last_index"] + 1):
                        segments[index] += timedelta(microseconds=span["offset_ns"] // 1000)
                bookmarks |= {one["sequence"]: datetime.fromisoformat(one["time"]) for one in data["labels"]}
    return segments, bookmarks


def check_media(lesson: Lesson, ffprobe: str, began: datetime) -> None:
    """No step of the clock shows in the media or in the numbers."""
    lesson.check_files()
    lesson.check_plays(ffprobe)
    segments = lesson.manifest["segments"]
    ends = [one["start_ns"] + one["duration_ns"] for one in segments]
    assert [one["start_ns"] for one in segments] == [0, *ends[:-1]], "media time has a hole"
    assert max(ends) < (NOW() - began).total_seconds() * 1e9
    assert lesson.gap_reasons == []
    sequences = sorted({int(event["sequence"]) for event in lesson.stage.listener.events()})
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_clock_that_is_set_and_stepped_in_mid_lesson_harms_nothing(make_stage, ffprobe: str, tmp_path: Path) -> None:
    clock = WallClock(tmp_path)
    clock.be(hours=-9, synced=False)
    stage = make_stage(daemon_environment=clock.environment)
    stage.start()
    began = NOW()
    start(stage)
    one_more_segment(stage)
    assert stage.command("status")["data"]["host"]["clock"] == "unsynced"
    assert stage.command("bookmark")["accepted"]

    clock.be(hours=0, synced=True)
    wait_event(stage, "clock.corrected", 1)
    one_more_segment(stage)
    clock.be(hours=-5, synced=False)
    one_more_segment(stage)
    assert stage.command("bookmark")["accepted"]
    clock.be(hours=5, synced=True)  # whoever keeps the clock is wrong, and then right again
    wait_event(stage, "clock.corrected", 2)
    one_more_segment(stage)
    clock.be(hours=0, synced=True)
    wait_event(stage, "clock.corrected", 3)
    lesson = stop(stage)

    check_media(lesson, ffprobe, began)
    segments, bookmarks = as_a_consumer_knows_them(lesson)
    assert len(segments) >= 4
    assert len(bookmarks) == 2
    assert {off_h(time, began) for time in (*segments.values(), *bookmarks.values())} == {0}
    set_right, set_wrong, right_again = lesson.events("clock.corrected")
    assert [off_h(one["started"], began) for one in (set_right, set_wrong, right_again)] == [0, 5, 0]
    assert [round(one["spans"][0]["offset_ns"] / HOUR_NS) for one in (set_right, set_wrong, right_again)] == [9, 5, -5]
    ready, told = lesson.events("segment.ready"), lesson.events("bookmark")
    unsynced = [one["index"] for one in ready if one["clock"] == "unsynced"]
    assert unsynced == list(range(set_right["spans"][0]["last_index"] + 1))
    assert {off_h(one["started"], began) for one in ready if one["clock"] == "unsynced"} == {-9}
    assert [(one["clock"], off_h(one["given"], began)) for one in told] == [("unsynced", -9), ("synced", 0)]

    beside = json.loads((lesson.folder / "clock.json").read_text())
    for known in (lesson.manifest, beside):
        assert {off_h(one["started"], began) for one in (known, *known["segments"])} == {0}
        assert {off_h(one["given"], began) for one in known["bookmarks"]} == {0}
        assert {one["clock"] for one in (*known["segments"], *known["bookmarks"])} == {"synced"}
