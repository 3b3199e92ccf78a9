"""The picture holds the teacher: judged by the simulator's truth, in real time, end to end."""

import time
from pathlib import Path

import pytest

from followspot_sim.judge.scorecard import Nearest, Scored, failures, in_picture, is_safe, read_lines, score
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
    stage = make_stage("--data", str(data_folder), "--seed", "7", "--clap-every", "3", small=False, segment_s=5.0)
    lesson, cpu_s = record(stage, 20)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    card = judge(stage, lesson, cpu_s).card
    assert failures(card) == []
    assert card["sound_rms_db"] > -45, "speech must be heard"


SILENCE_S = 3.0
RECOVERY_S = 2.0
SILENCES = 3
"""The path takes about 6.7 s there and back: three silences five seconds apart meet it on the way and at its turns."""


def held_shares(make_stage, *look: str, vision: bool) -> list[float]:
    """For each silence of the marker while the teacher walks: share of frames with her in the safe area."""
    stage = make_stage(
        *("--scenario", str(Path(__file__).parent / "walking.toml"), "--seed", "3", *look),
        small=False,
        tables={"tracking": {"vision": vision}},
    )
    stage.start()
    stage.wait_until_aimed()
    start(stage)
    time.sleep(5)
    begun_ns = [silence(stage) for _ in range(SILENCES)]
    lesson = stop(stage)
    stage.close()
    truth = Nearest((row["t_ns"], row) for row in read_lines(stage.folder / "truth" / "truth.jsonl"))
    return [held_share(lesson, truth, ns) for ns in begun_ns]


def silence(stage: Stage) -> int:
    """Silence the marker and let the product find back; when the silence began."""
    begun_ns = time.monotonic_ns()
    stage.simulate("silence-marker", seconds=SILENCE_S)
    time.sleep(SILENCE_S + RECOVERY_S)
    return begun_ns


def held_share(lesson: Lesson, truth: Nearest, begun_ns: int) -> float:
    during = [line for line in lesson.framing if 0 <= line["t_ns"] - begun_ns <= SILENCE_S * 1e9]
    assert len(during) >= 80
    rows = [(line, truth.get(line["t_ns"])) for line in during]
    safe = [row and row["box"] and is_safe(in_picture(row["box"], line["crop"])) for line, row in rows]
    return sum(map(bool, safe)) / len(safe)


def test_vision_holds_a_walking_teacher_while_the_marker_is_silent(make_stage) -> None:
    assert min(held_shares(make_stage, vision=True)) >= 0.9
    assert min(held_shares(make_stage, vision=False)) < 0.75, "without vision the picture must lose her, or it is idle"


@pytest.mark.data
def test_vision_holds_a_real_person_while_the_marker_is_silent(make_stage, data_folder: Path) -> None:
    assert min(held_shares(make_stage, "--data", str(data_folder), vision=True)) >= 0.9
