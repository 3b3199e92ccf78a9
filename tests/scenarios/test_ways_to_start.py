"""A lesson starts and stops by every button and command there is."""

import json
import subprocess
import sys

import pytest

from followspot_sim.stage import Stage
from support.lessons import lesson_of, wait_event

pytestmark = pytest.mark.scenario


def by_marker(stage: Stage, _verb: str) -> None:
    stage.simulate("press", button="marker", press="short")


def by_panel(stage: Stage, _verb: str) -> None:
    stage.simulate("press", button="panel")


def by_cli(stage: Stage, verb: str) -> None:
    command = [sys.executable, "-m", "followspot", verb, "--config", str(stage.config)]
    subprocess.run(command, check=True, capture_output=True, timeout=20)


def by_mqtt(stage: Stage, verb: str) -> None:
    answer_topic = "followspot/answers"
    before = len(answers(stage))
    command = {"id": f"pipeline-{verb}", "name": verb}
    stage.listener.publish(
        f"followspot/v1/stage/command/{verb}", json.dumps(command).encode(), response_topic=answer_topic
    )
    stage.wait_for("an answer", lambda: len(answers(stage)) > before, 10)
    answer = answers(stage)[-1]
    assert answer["accepted"], answer
    assert answer["id"] == command["id"]


def answers(stage: Stage) -> list[dict[str, object]]:
    return [m.payload for m in stage.listener.messages() if m.topic == "followspot/answers"]


def test_each_button_and_command_starts_and_stops_a_lesson(stage: Stage, ffprobe: str) -> None:
    for count, way in enumerate((by_marker, by_panel, by_cli, by_mqtt), 1):
        way(stage, "start")
        wait_event(stage, "lesson.started", count)
        stage.wait_for("the lamp", lambda: bool(stage.simulate("lamp")["panel"]), 5)
        way(stage, "stop")
        wait_event(stage, "lesson.completed", count)
        stage.wait_for("the lamp to go out", lambda: not stage.simulate("lamp")["panel"], 5)
        lesson = lesson_of(stage)
        lesson.check_files()
        lesson.check_plays(ffprobe)
        assert lesson.manifest["reason"] == "stopped"
    assert len(stage.lessons()) == 4
