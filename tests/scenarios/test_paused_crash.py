"""A daemon that dies in a pause comes back paused: nobody is filmed before somebody says so."""

import signal

import pytest

from followspot_sim.stage import Stage
from support.lessons import start, stop, wait_event

pytestmark = pytest.mark.scenario


def session(stage: Stage) -> tuple[str, bool]:
    data = stage.command("status")["data"]
    return str(data["session"]), bool(data["recording"])


def test_a_pause_outlives_the_daemon(stage: Stage) -> None:
    start(stage)
    wait_event(stage, "segment.ready")
    assert stage.command("pause")["accepted"]
    wait_event(stage, "lesson.paused")
    ready = len(stage.listener.events("segment.ready"))
    stage.stop_daemon(signal.SIGKILL)
    stage.start_daemon()
    assert session(stage) == ("paused", False)
    assert stage.command("start")["code"] == "paused"
    assert len(stage.listener.events("segment.ready")) == ready
    assert stage.command("resume")["accepted"]
    wait_event(stage, "lesson.resumed")
    lesson = stop(stage)
    lesson.check_files()
    assert lesson.gap_reasons == ["pause"]
    assert len(lesson.events("lesson.paused")) == 1
