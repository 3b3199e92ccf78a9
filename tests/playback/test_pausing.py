"""A lesson with a pause and bookmarks, by the marker's one button: what the coach gets is one file that plays."""

import hashlib
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import av
import pytest

from followspot_sim.stage import Stage
from playback.test_chromium import play, served
from support import rfc8216
from support.lessons import lesson_of, wait_event

pytestmark = pytest.mark.scenario


def press(stage: Stage, how: str) -> None:
    stage.simulate("press", button="marker", press=how)


def test_a_paused_lesson_is_one_file_that_plays_in_chromium(stage: Stage, chromium: str, tmp_path: Path) -> None:
    press(stage, "short")
    wait_event(stage, "segment.ready")
    press(stage, "double")
    wait_event(stage, "bookmark")
    press(stage, "long")
    wait_event(stage, "lesson.paused")
    status = stage.command("status")["data"]
    assert (status["session"], status["recording"]) == ("paused", False)
    time.sleep(1.5)
    press(stage, "short")
    wait_event(stage, "lesson.resumed")
    command = [sys.executable, "-m", "followspot", "bookmark", "why?", "--tag", "q", "--config", str(stage.config)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout
    assert said.startswith("bookmark set at 0:0")
    time.sleep(1)
    press(stage, "short")
    wait_event(stage, "lesson.completed")
    wait_event(stage, "lesson.available")
    lesson = lesson_of(stage)
    stage.close()
    lesson.check_files()
    (cut,) = lesson.manifest["gaps"]
    assert cut["reason"] == "pause"
    assert 1.5e9 < cut["missing_ns"] < 15e9
    first, second = lesson.manifest["bookmarks"]
    assert (first["tag"], second["tag"], second["text"]) == ("marker", "q", "why?")
    assert first["at_ns"] < cut["start_ns"] <= second["at_ns"]
    playlist = rfc8216.check(lesson.folder / "playlist.m3u8")
    assert [e.discontinuity for e in playlist.entries].count(True) == 1
    (available,) = lesson.events("lesson.available")
    whole = lesson.folder / "lesson.mp4"
    assert available["sha256"] == hashlib.sha256(whole.read_bytes()).hexdigest()
    check_joined(whole, lesson.manifest["duration_ns"])
    (lesson.folder / "player.html").write_text((Path(__file__).parent / "player.html").read_text())
    with served(lesson.folder) as (root, reports):
        query = urlencode([("how", "file"), ("segment", "lesson.mp4")])
        result = play(chromium, f"{root}/player.html?{query}", reports, tmp_path / "profile")
    assert "error" not in result, result
    assert (result["stalls"], result["ranges"]) == (0, 1)
    assert result["audio"] > 0
    assert result["time"] == pytest.approx(lesson.manifest["duration_ns"] / 1e9, abs=0.1)
    assert json.dumps(result)


def check_joined(whole: Path, duration_ns: int) -> None:
    """No gap and no overlap from the first to the last sample, across the cut."""
    with av.open(str(whole)) as container:
        times = {
            kind: [(p.pts, p.duration) for p in container.demux(getattr(container.streams, kind)[0]) if p.size]
            for kind in ("video",)
        }
    with av.open(str(whole)) as container:
        times["audio"] = [(p.pts, p.duration) for p in container.demux(container.streams.audio[0]) if p.size]
    for kind, scale in (("video", 90_000), ("audio", 48_000)):
        track = times[kind]
        assert track[0][0] == 0
        assert {b[0] - a[0] - a[1] for a, b in itertools.pairwise(track)} == {0}
        assert (track[-1][0] + track[-1][1]) / scale == pytest.approx(duration_ns / 1e9, abs=1024 / 48_000)
