"""The arithmetic between two costs and a figure."""

from pathlib import Path

import pytest

from followspot_sim.bench.comparison import Round, conclude, median_ratio
from followspot_sim.bench.cost import Cost
from followspot_sim.bench.ffmpeg import Recorded
from followspot_sim.bench.lesson import LessonRun
from followspot_sim.bench.usage import Usage


def test_a_cost_is_shared_among_its_frames() -> None:
    assert Cost(3.6, 360).ms_per_frame == pytest.approx(10.0)
    assert Cost(3.6, 360).less(0.36).ms_per_frame == pytest.approx(9.0)


def test_the_ratio_does_not_depend_on_who_recorded_longer() -> None:
    assert Round(Cost(4.0, 400), Cost(2.0, 250)).ratio == pytest.approx(1.25)


def test_one_disturbed_round_does_not_move_the_median() -> None:
    calm, busy = Round(Cost(1.0, 100), Cost(1.0, 100)), Round(Cost(9.0, 100), Cost(1.0, 100))
    assert median_ratio([calm, busy, calm]) == 1.0


def files(folder: Path, daemon_threads: int) -> tuple[Path, Path]:
    daemon, other = folder / "lesson" / "segment-00000.mp4", folder / "ffmpeg" / "segment-00000.mp4"
    for file, threads in ((daemon, daemon_threads), (other, 2)):
        file.parent.mkdir()
        head, settings = b"\0moof\0x264 - core 164 - options: ", f"cabac=1 ref=1 threads={threads} aq=1:1.00"
        file.write_bytes(head + settings.encode() + b"\0\x80rest")
    return daemon, other


def test_a_figure_takes_loading_off_ffmpeg_and_keeps_the_evidence(tmp_path: Path) -> None:
    daemon, other = files(tmp_path, daemon_threads=3)
    ours = LessonRun(Cost(2.1, 200), 0.3, 0.2, daemon.parent, gaps=1, loop=Cost(0.2, 200))
    theirs = Recorded(Cost(1.1, 100), "ffmpeg -i camera", other)
    figure = conclude("cpu", 1.05, [(ours, theirs)], loading=Usage(0, 0.1))
    assert figure.value == pytest.approx(1.05)
    assert figure.met is True
    assert figure.detail["rounds"] == [
        {
            "daemon_ms_per_frame": 10.5,
            "daemon_frames": 200,
            "ffmpeg_ms_per_frame": 10.0,
            "ffmpeg_frames": 100,
            "ratio": 1.05,
        }
    ]
    assert figure.detail["ratio_with_ffmpeg_loading"] == pytest.approx(0.9545)
    assert figure.detail["ffmpeg"] == "ffmpeg -i camera"
    assert figure.detail["x264_differences"] == {"threads": "3 / 2"}
    assert figure.detail["daemon_gaps"] == 1
    assert "threads" in figure.doubt


def test_equal_settings_leave_no_difference(tmp_path: Path) -> None:
    daemon, other = files(tmp_path, daemon_threads=2)
    ours = LessonRun(Cost(1.0, 100), 0.3, 0.2, daemon.parent, gaps=0, loop=Cost(0.1, 100))
    figure = conclude("cpu", 1.05, [(ours, Recorded(Cost(1.0, 100), "ffmpeg", other))], loading=Usage(0, 0.0))
    assert figure.detail["x264_differences"] == {}
    assert figure.doubt == ""
