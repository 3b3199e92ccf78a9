"""The demo as a newcomer runs it: what it leaves, what it says, and that it leaves no process however it is ended."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

pytestmark = pytest.mark.scenario

END_TIMEOUT_S = 40


def demo(out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "followspot_sim", "demo", "--out", str(out), *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def left_running(out: Path) -> list[str]:
    """Command lines of processes that name the demo's folder or one of its temporary ones."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(out) in line:
            found.append(line)
    return found


def unfinished(out: Path) -> list[Path]:
    return list(out.rglob("*.part"))


def test_the_demo_leaves_what_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "a demo"
    process = demo(out, "--seconds", "8", "--fiducial", "--seed", "5")
    said, _ = process.communicate(timeout=90)
    assert process.returncode == 0, said
    card = json.loads((out / "scorecard.json").read_text())
    assert all(not isinstance(value, dict | list) for value in card.values())
    assert card["safe_area_share"] >= 0.95
    assert card["frames_recorded"] >= 8 * 30 * 0.98
    assert card["gaps"] == 0
    assert abs(card["av_offset_ms"]) <= 40
    assert card["cpu_ms_per_frame"] > 0
    assert card["pointing_rms_deg"] > 0
    (lesson,) = (p for p in (out / "media").iterdir() if p.is_dir())
    assert (lesson / "manifest.json").is_file()
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert all({"topic", "payload", "time"} <= set(event) for event in events)
    kinds = [event["payload"]["type"] for event in events if "/event/" in event["topic"]]
    assert (kinds[0], kinds[-1]) == ("lesson.started", "lesson.completed")
    assert "segment.ready" in kinds
    for picture in ("contact-sheet.png", "bearing.png"):
        assert cv2.imread(str(out / picture)).std() > 10, "a picture shows something"
    assert lesson.name in (out / "index.html").read_text()
    for words in ("lesson.started", "segment.ready", "scorecard", "to play it", str(lesson)):
        assert words in said
    assert left_running(out) == []


@pytest.mark.parametrize(("number", "after_s"), [(signal.SIGINT, 0.7), (signal.SIGINT, 8.0), (signal.SIGHUP, 4.5)])
def test_interrupted_it_leaves_no_process_and_no_broken_file(
    tmp_path: Path, number: signal.Signals, after_s: float
) -> None:
    process = demo(tmp_path / "out", "--seconds", "60")
    time.sleep(after_s)
    process.send_signal(number)
    said, _ = process.communicate(timeout=END_TIMEOUT_S)
    assert process.returncode == 130, said
    assert left_running(tmp_path) == []
    assert unfinished(tmp_path) == []


def test_it_never_clears_what_no_demo_made(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "holiday.jpg").write_bytes(b"dear")
    process = demo(tmp_path)
    said, _ = process.communicate(timeout=END_TIMEOUT_S)
    assert process.returncode == 2
    assert "name another folder" in said
    assert (tmp_path / "media" / "holiday.jpg").read_bytes() == b"dear"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seconds", "soon"), "number of seconds"),
        (("--seconds", "0"), "number of seconds"),
        (("--data", "/nowhere"), "index.json"),
    ],
)
def test_bad_options_are_told_before_anything_starts(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    process = demo(tmp_path / "out", *options)
    said, _ = process.communicate(timeout=END_TIMEOUT_S)
    assert process.returncode == 2
    assert words in said
    assert "Traceback" not in said
