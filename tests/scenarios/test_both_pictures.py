"""Both pictures of one lesson by the whole product, a kill -9 in the middle: one story in two files."""

import hashlib
import signal
import subprocess
import time

import pytest

from support.lessons import Lesson, start, stop
from support.programs import require_program
from support.rfc8216 import check

pytestmark = pytest.mark.scenario


def test_both_pictures_of_a_lesson_with_a_crash(make_stage) -> None:
    ffmpeg = require_program("ffmpeg")
    stage = make_stage(tables={"recording": {"picture": "both"}, "view": {"width": 320, "height": 180}})
    stage.start()
    start(stage)
    time.sleep(3)
    stage.stop_daemon(signal.SIGKILL)
    stage.start_daemon()
    stage.wait_for("the lesson to go on", lambda: bool(stage.listener.events("gap")), 20)
    time.sleep(2.5)
    lesson = stop(stage)
    check_lesson(lesson, ffmpeg)


def check_lesson(lesson: Lesson, ffmpeg: str) -> None:
    lesson.check_files()
    ready = lesson.events("segment.ready")
    assert len(ready) >= 3
    for data in ready:
        for further in data["renditions"]:
            content = (lesson.folder / further["file"]).read_bytes()
            assert further["sha256"] == hashlib.sha256(content).hexdigest()
            assert [track.get("width") for track in further["tracks"]] == [640, None]
            assert further["duration_ns"] <= data["duration_ns"]
    kept_ns = sum(further["duration_ns"] for data in ready for further in data["renditions"])
    told_ns = sum(gap["duration_ns"] for gap in lesson.manifest["gaps"] if gap["rendition"] == "full")
    assert kept_ns + told_ns == sum(data["duration_ns"] for data in ready), "kept, or told to be missing"
    assert not lesson.events("gap") or kept_ns > told_ns * 3
    for name in ("playlist.m3u8", "playlist.full.m3u8"):
        check(lesson.folder / name)
        command = [ffmpeg, "-v", "error", "-i", str(lesson.folder / name), "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""
