"""The picture holds the teacher: judged by the simulator's truth, in real time, end to end."""

import json
import time
from pathlib import Path

import pytest

from followspot_sim.judge.playback import read_recording
from followspot_sim.judge.scorecard import Scored, failures, in_picture, is_safe, score
from followspot_sim.stage import Stage
from support.lessons import Lesson, start, stop

pytestmark = pytest.mark.scenario


def record(stage: Stage, seconds: float) -> tuple[Lesson, float]:
    """Start everything, record a lesson, end everything; the lesson and the daemon's CPU seconds."""
    stage.start()
    stage.wait_until_aimed()
    cpu_s = stage.daemon_cpu_s()
    start(stage)
    time.sleep(seconds)
    lesson = stop(stage)
    cpu_s = stage.daemon_cpu_s() - cpu_s
    stage.close()
    return lesson, cpu_s


def judge(stage: Stage, lesson: Lesson, cpu_s: float, *, fiducial: bool = False) -> Scored:
    return score(
        lesson.folder, stage.folder / "truth", stage.listener.events(), stage.endpoints, cpu_s, fiducial=fiducial
    )


def test_drawn_teacher_is_followed_and_the_pixels_agree(make_stage, ffprobe: str) -> None:
    stage = make_stage("--clap-every", "3", "--fiducial", small=False, segment_s=5.0)
    lesson, cpu_s = record(stage, 15)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    card = judge(stage, lesson, cpu_s, fiducial=True).card
    assert failures(card) == []
    assert card["fiducial_found_share"] >= 0.97
    assert card["track_error_px"] <= 3, "the framing track must say where the picture really looked"


@pytest.mark.data
def test_real_people_are_followed_on_a_real_room(make_stage, ffprobe: str, data_folder: Path) -> None:
    stage = make_stage("--data", str(data_folder), "--clap-every", "3", small=False, segment_s=5.0)
    lesson, cpu_s = record(stage, 20)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    card = judge(stage, lesson, cpu_s).card
    assert failures(card) == []
    assert card["sound_rms_db"] > -45, "speech must be heard"


SILENCE_S = 3.0


def held_share(make_stage, *look: str, vision: bool, seed: int = 3) -> float:
    """Share of frames in the safe area while the marker is silent and the teacher walks."""
    stage = make_stage(
        "--scenario",
        str(Path(__file__).parent / "walking.toml"),
        "--seed",
        str(seed),
        *look,
        small=False,
        tables={"tracking": {"vision": vision}},
    )
    stage.start()
    stage.wait_until_aimed()
    start(stage)
    time.sleep(6)
    silent_from_ns = time.monotonic_ns()
    stage.simulate("silence-marker", seconds=SILENCE_S)
    time.sleep(SILENCE_S + 1)
    lesson = stop(stage)
    stage.close()
    truth = {round(t["t_ns"] / 1e6): t for t in map(json.loads, (stage.folder / "truth/truth.jsonl").open())}
    during = [
        (line, truth[round(line["t_ns"] / 1e6)])
        for line in lesson.framing
        if silent_from_ns <= line["t_ns"] <= silent_from_ns + SILENCE_S * 1e9 and round(line["t_ns"] / 1e6) in truth
    ]
    assert len(during) >= 60
    assert read_recording([lesson.folder / s["file"] for s in lesson.manifest["segments"]]).pictures
    return sum(is_safe(in_picture(t["box"], line["crop"])) for line, t in during) / len(during)


def test_vision_holds_a_walking_teacher_while_the_marker_is_silent(make_stage) -> None:
    with_vision = held_share(make_stage, vision=True)
    without = held_share(make_stage, vision=False)
    assert with_vision >= 0.9
    assert without < 0.75, "vision must carry weight: without it the picture loses her"


@pytest.mark.data
def test_vision_holds_a_real_person_while_the_marker_is_silent(make_stage, data_folder: Path) -> None:
    look = ("--data", str(data_folder))
    assert held_share(make_stage, *look, vision=True) >= 0.9
    assert held_share(make_stage, *look, vision=False) < 0.75
