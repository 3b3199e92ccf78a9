"""The judge itself: it must find what is wrong, or its verdicts are worth nothing."""

import hashlib
from pathlib import Path

import pytest

from followspot_sim.judge.scorecard import (
    FLOOR_FRAMES_SHARE,
    FLOOR_SAFE_SHARE,
    Nearest,
    check_announced,
    failures,
    frames_due,
    in_picture,
    is_safe,
    longest_miss_s,
)

GOOD = {
    "complete": True,
    "announced_wrong": 0,
    "wrong": "",
    "segments_announced": 4,
    "safe_area_share": 0.99,
    "gaps": 0,
    "av_offset_ms": -3.0,
    "frames_share": 1.0,
}


def test_a_good_lesson_has_no_failure() -> None:
    assert failures(GOOD) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("complete", False),
        ("announced_wrong", 1),
        ("segments_announced", 0),
        ("safe_area_share", FLOOR_SAFE_SHARE - 0.001),
        ("gaps", 1),
        ("av_offset_ms", 40.5),
        ("av_offset_ms", -40.5),
        ("av_offset_ms", None),
        ("frames_share", FLOOR_FRAMES_SHARE - 0.001),
    ],
)
def test_each_figure_below_its_floor_is_a_failure(key: str, value: object) -> None:
    assert len(failures({**GOOD, key: value})) == 1


@pytest.mark.parametrize(
    ("box", "safe"),
    [
        ((0.4, 0.1, 0.2, 0.3), True),
        ((0.05, 0.05, 0.89, 0.89), True),
        ((0.04, 0.1, 0.2, 0.3), False),
        ((0.4, 0.04, 0.2, 0.3), False),
        ((0.76, 0.1, 0.2, 0.3), False),
        ((0.4, 0.7, 0.2, 0.3), False),
        ((0.4, 0.1, 0.2, 0.19), False),
    ],
)
def test_safe_area(box: tuple[float, float, float, float], safe: bool) -> None:
    assert is_safe(box) is safe


def test_in_picture_is_relative_to_the_crop() -> None:
    assert in_picture((150, 60, 40, 20), (100, 50, 200, 100)) == (0.25, 0.1, 0.2, 0.2)


def test_nearest_pairs_within_two_milliseconds_only() -> None:
    times = Nearest([(1_000_000_000, "a"), (1_033_333_333, "b")])
    assert times.get(1_000_000_400) == "a"
    assert times.get(1_033_333_000) == "b"
    assert times.get(1_016_000_000) is None


def test_longest_miss_counts_the_longest_run() -> None:
    assert longest_miss_s([True, False, False, True, False, False, False, True], 10) == pytest.approx(0.3)
    assert longest_miss_s([True], 10) == 0


def ready(file: Path, lesson_id: str, index: int, **wrong: object) -> dict[str, object]:
    data = {
        "lesson_id": lesson_id,
        "index": index,
        "path": f"{lesson_id}/{file.name}",
        "size": file.stat().st_size,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    return {"type": "segment.ready", "data": {**data, **wrong}}


def test_announced_files_are_held_against_the_disk(tmp_path: Path) -> None:
    (tmp_path / "lesson").mkdir()
    file = tmp_path / "lesson" / "segment-00000.mp4"
    file.write_bytes(b"media")
    assert check_announced([ready(file, "lesson", 0), ready(file, "lesson", 0)], tmp_path, "lesson") == (1, [])
    for wrong in ({"sha256": "0" * 64}, {"size": 4}, {"path": "lesson/gone.mp4"}):
        _, complaints = check_announced([ready(file, "lesson", 0, **wrong)], tmp_path, "lesson")
        assert len(complaints) == 1


def test_frames_due_are_owed_even_if_the_camera_skipped_them() -> None:
    at_10_hz = [{"t_ns": round(n * 1e8)} for n in range(11)]
    assert frames_due(at_10_hz, 10) == 11
    assert frames_due(at_10_hz[::2], 10) == 11
    assert frames_due([], 10) == 0
