"""Each fault has a name, harms nothing above it, and heals; what was recorded stays playable and is announced."""

import signal
import time
from pathlib import Path

import pytest

from followspot_sim.dock_motion import PARKED_DEG
from followspot_sim.stage import Stage
from support.lessons import alerts, lesson_of, standing, start, stop, wait_event

pytestmark = pytest.mark.scenario


def wait_alert(stage: Stage, code: str, timeout_s: float = 10.0) -> str:
    stage.wait_for(f"the alert {code}", lambda: code in standing(stage), timeout_s)
    return standing(stage)[code]


def wait_healed(stage: Stage, code: str, timeout_s: float = 15.0) -> None:
    stage.wait_for(f"{code} to heal", lambda: code not in standing(stage), timeout_s)


def test_no_dock_no_sound_no_panel_and_still_a_lesson(make_stage, ffprobe: str) -> None:
    stage = make_stage("--no-dock", "--no-microphone", daemon_environment={"FOLLOWSPOT_SIM_GPIO": "/nowhere/gpio.sock"})
    stage.start_broker()
    stage.start_simulator()
    stage.write_config({"microphone": {"url": "tcp://127.0.0.1:9"}})
    stage.start_daemon()
    start(stage)
    assert "no-dock" in wait_alert(stage, "dock-not-found")
    assert "tcp://127.0.0.1:9" in wait_alert(stage, "microphone-unavailable")
    assert wait_alert(stage, "panel-unavailable")
    time.sleep(2)
    lesson = stop(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert set(lesson.gap_reasons) == {"sound-lost"}


def test_camera_that_is_not_there_yet(make_stage, ffprobe: str) -> None:
    stage = make_stage()
    stage.start()
    stage.simulate("unplug", device="camera")
    assert stage.command("start")["accepted"]
    assert str(stage.endpoints["camera"]) in wait_alert(stage, "camera-unavailable")
    stage.wait_for("the lamp to be dark: it only blinks while waiting", lambda: not stage.simulate("lamp")["panel"], 3)
    assert not stage.listener.events("lesson.started"), "no lesson begins without a picture"
    stage.simulate("replug", device="camera")
    wait_event(stage, "lesson.started")
    wait_healed(stage, "camera-unavailable")
    lesson = stop(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.gap_reasons == []


def test_stop_before_a_picture_came_leaves_no_lesson(make_stage) -> None:
    stage = make_stage()
    stage.start()
    stage.simulate("unplug", device="camera")
    assert stage.command("start")["accepted"]
    wait_alert(stage, "camera-unavailable")
    assert stage.command("stop")["accepted"]
    stage.wait_for("idle", lambda: stage.command("status")["data"]["session"] == "idle", 10)
    assert stage.lessons() == []
    assert stage.listener.events("lesson.started") == []


def test_camera_microphone_and_dock_vanish_in_mid_lesson_and_return(stage: Stage, ffprobe: str) -> None:
    start(stage)
    time.sleep(1)
    for device in ("dock", "microphone", "camera"):
        stage.simulate("unplug", device=device)
    for code in ("dock-lost", "microphone-unavailable", "camera-unavailable"):
        wait_alert(stage, code)
    time.sleep(1)
    assert stage.command("status")["data"]["session"] == "recording"
    for device in ("dock", "microphone", "camera"):
        stage.simulate("replug", device=device)
    for code in ("dock-lost", "microphone-unavailable", "camera-unavailable"):
        wait_healed(stage, code)
    time.sleep(1.5)
    lesson = stop(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert set(lesson.gap_reasons) == {"camera-lost", "sound-lost"}
    assert [g["missing_ns"] for g in lesson.manifest["gaps"]] == [0] * len(lesson.gap_reasons), "filled, not cut"
    assert {"dock-lost", "camera-unavailable"} <= set(alerts(stage, "alert.cleared"))


def test_no_broker_and_a_broker_that_comes_back(make_stage, ffprobe: str) -> None:
    stage = make_stage(persistent_broker=True)
    stage.start_simulator()
    stage.write_config()
    stage.start_daemon()
    assert f"127.0.0.1:{stage.broker.port}" in wait_alert(stage, "broker-unreachable")
    assert stage.command("start")["accepted"]
    stage.wait_for("recording", lambda: stage.command("status")["data"]["session"] == "recording", 15)
    time.sleep(2.5)
    stage.start_broker()
    wait_event(stage, "lesson.started")
    wait_event(stage, "segment.ready")
    wait_healed(stage, "broker-unreachable")
    stage.broker.stop()
    wait_alert(stage, "broker-unreachable")
    time.sleep(2)
    stage.broker.start()
    stage.wait_for("the listener's return", lambda: stage.listener.connected, 15)
    lesson = stop(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.gap_reasons == []


def test_sigterm_completes_the_lesson(stage: Stage, ffprobe: str) -> None:
    start(stage)
    time.sleep(1.5)
    assert stage.command("dock-identify")["accepted"]
    assert stage.command("dock-park")["code"] == "busy"
    assert stage.stop_daemon(signal.SIGTERM) == 0
    dock = stage.simulate("status")["dock"]
    assert (dock["pan_deg"], dock["tilt_deg"]) == pytest.approx(PARKED_DEG, abs=0.3)
    wait_event(stage, "lesson.completed", timeout_s=5)
    lesson = lesson_of(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.manifest["reason"] == "shutdown"
    wait_availability(stage, "stopped")


def wait_availability(stage: Stage, state: str) -> None:
    def newest() -> str:
        heard = [m.payload for m in stage.listener.messages() if m.topic.endswith("/availability")]
        return str(heard[-1].get("state")) if heard else ""

    stage.wait_for(f"availability {state}", lambda: newest() == state, 10)


def test_kill_9_costs_a_moment_and_the_lesson_goes_on(stage: Stage, ffprobe: str) -> None:
    start(stage)
    time.sleep(3.2)
    killed_ns = time.monotonic_ns()
    stage.stop_daemon(signal.SIGKILL)
    wait_availability(stage, "offline")
    stage.start_daemon()
    stage.wait_for("recording", lambda: stage.command("status")["data"]["session"] == "recording", 10)
    time.sleep(2.5)
    lesson = stop(stage)
    assert len(stage.lessons()) == 1, "the same lesson goes on"
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.gap_reasons == ["crash"]
    gap = lesson.manifest["gaps"][0]
    lost_s = (killed_ns - lesson.framing[0]["t_ns"] - gap["start_ns"]) / 1e9
    assert lost_s <= 1.6, "fragments of half a second lose about that much, with a margin for a busy machine"


def test_kill_9_without_resume_leaves_a_complete_lesson(make_stage, ffprobe: str) -> None:
    stage = make_stage(tables={"recording": {"resume_within_min": 0}})
    stage.start()
    start(stage)
    time.sleep(2.5)
    stage.stop_daemon(signal.SIGKILL)
    stage.start_daemon()
    wait_event(stage, "lesson.completed")
    lesson = lesson_of(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.manifest["reason"] == "interrupted"
    assert stage.command("status")["data"]["session"] == "idle"


def test_full_disk_ends_the_lesson_properly(make_stage, ffprobe: str, tmp_path: Path, private_tmpfs) -> None:
    stage = make_stage(
        tables={
            "recording": {"reserve_mb": 1},
            "retention": {"start_min": 0.0, "end_min": 0.0},  # nothing is foreseen: the disk itself says it is full
            "encoder": {"bitrate_kbps": 8000},
        },
        media=tmp_path / "media",
    )
    stage.options.daemon_prefix = private_tmpfs(stage.media, "4m")
    stage.start()
    start(stage)
    wait_event(stage, "lesson.completed", timeout_s=40)
    assert str(stage.media) in wait_alert(stage, "disk-full")
    lesson = lesson_of(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    assert lesson.manifest["reason"] == "disk-full"
    assert stage.command("start")["accepted"] is False or "disk-full" in standing(stage)
