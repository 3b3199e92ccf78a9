"""A lesson as the pipeline sees it: what is said is carried along, what is told is exact and can be asked for again."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from followspot_sim.stage import Stage
from support.lessons import lesson_of, wait_event

pytestmark = pytest.mark.scenario

DETAILS = {
    "lesson_code": "4b-maths",
    "title": "Brüche",
    "teacher": "A. Example",
    "consent": {"filming": "form 12"},
    "planned_length_s": 2700,
}


def ask(stage: Stage, name: str, **fields: object) -> dict[str, Any]:
    def answers() -> list[dict[str, Any]]:
        return [m.payload for m in stage.listener.messages() if m.topic == "followspot/answers"]

    def online() -> bool:
        said = [m.payload for m in stage.listener.messages() if m.topic.endswith("/availability")]
        return bool(said) and said[-1]["state"] == "online"

    stage.wait_for("the box to listen", online, 10)
    before = len(answers())
    payload = json.dumps({"id": f"{name}-{before}", **fields}).encode()
    stage.listener.publish(f"followspot/v1/stage/command/{name}", payload, response_topic="followspot/answers")
    stage.wait_for("an answer", lambda: len(answers()) > before, 10)
    return answers()[-1]


def picture_ticks(ffprobe: str, file: Path) -> tuple[int, int]:
    """Where the file's picture begins and ends, as the file counts."""
    command = [ffprobe, "-v", "error", "-select_streams", "v", "-show_entries", "stream=start_pts,duration_ts"]
    done = subprocess.run([*command, "-of", "json", str(file)], capture_output=True, check=True, timeout=60)
    (picture,) = json.loads(done.stdout)["streams"]
    return picture["start_pts"], picture["duration_ts"]  # fragments count from the lesson's beginning: this is the end


def test_a_lesson_as_the_pipeline_sees_it(stage: Stage, ffprobe: str) -> None:
    assert ask(stage, "start", **DETAILS)["accepted"]
    wait_event(stage, "segment.ready", 2)
    assert ask(stage, "home")["code"] == "not-allowed"
    assert ask(stage, "stop")["accepted"]
    wait_event(stage, "lesson.completed")
    lesson = lesson_of(stage)
    lesson.check_files()

    (started,), (completed,) = lesson.events("lesson.started"), lesson.events("lesson.completed")
    assert started["details"] == lesson.manifest["details"] == DETAILS
    ready = lesson.events("segment.ready")
    assert completed["segments"] == len(ready)
    assert completed["size"] == sum(one["size"] for one in ready)
    assert completed["frames"] == sum(one["frames"] for one in ready)
    assert completed["duration_ns"] == sum(one["duration_ns"] for one in ready)
    for one in ready:
        begin, end = picture_ticks(ffprobe, stage.media / one["path"])
        assert (one["timescale"], one["start_ticks"], one["duration_ticks"]) == (90_000, begin, end - begin)
        assert {track["kind"] for track in one["tracks"]} == {"video", "audio"}
    assert [one["last"] for one in ready] == [False] * (len(ready) - 1) + [True]

    heard = [e for e in stage.listener.events() if e["data"].get("lesson_id") == lesson.id]
    again = ask(stage, "republish", lesson_id=lesson.id)
    assert again["data"]["count"] == len(heard)

    def all_heard() -> list[dict[str, Any]]:
        return [e for e in stage.listener.events() if e["data"].get("lesson_id") == lesson.id]

    stage.wait_for("the lesson's events again", lambda: len(all_heard()) == 2 * len(heard), 10)
    assert all_heard()[len(heard) :] == heard
    assert ask(stage, "republish", from_sequence=10**6)["data"]["count"] == 0
    assert ask(stage, "republish", lesson_id="nobody")["code"] == "unknown-lesson"
