"""A dock on Bluetooth LE, from the scenario's file to the lesson on the disk."""

from pathlib import Path

import pytest

from support.lessons import alerts, start, stop

pytestmark = pytest.mark.scenario

SCENARIO = Path(__file__).with_name("wireless.toml")


def test_a_lesson_outlives_all_that_bluetooth_does(make_stage, ffprobe: str) -> None:
    stage = make_stage("--scenario", str(SCENARIO))
    stage.start()
    stage.wait_until_aimed()
    start(stage)
    stage.wait_for("two losses", lambda: alerts(stage).count("dock-lost") == 2, 30)
    stage.wait_for("the dock", lambda: alerts(stage, "alert.cleared").count("dock-lost") == 2, 15)
    assert stage.command("dock-identify")["accepted"]
    lesson = stop(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.gap_reasons == []
