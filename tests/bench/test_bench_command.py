"""`followspot-sim bench` from the command line, without measuring for long."""

import argparse
import json
import shutil
import signal
from pathlib import Path

import pytest

from followspot_sim import bench
from followspot_sim.bench import ffmpeg
from followspot_sim.bench.families import FIGURES, Family
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.cli import main
from followspot_sim.errors import SimulatorError

PROGRAM = ffmpeg.program


@pytest.fixture(autouse=True)
def ffmpeg_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "program", lambda: "/usr/bin/ffmpeg")


@pytest.fixture(autouse=True)
def untouched_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)


def quick(options: BenchOptions) -> list[Figure]:
    return [Figure("quick", options.seconds, "s", 3.0), Figure("kin", options.rounds, "rounds")]


def broken(_options: BenchOptions) -> list[Figure]:
    raise RuntimeError("waited 20 s in vain for lesson.started")


def run(out: Path, only: str | None = None) -> int:
    return bench.run(argparse.Namespace(out=out, only=only, rounds=2, seconds=4.0, data=None))


def names(out: Path) -> list[str]:
    return [figure["name"] for figure in json.loads((out / "bench.json").read_text())]


def test_a_figure_that_does_not_exist_is_an_error_that_lists_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--only", "speed"])
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert "speed" in complaint
    assert all(name in complaint for name in FIGURES)


@pytest.mark.parametrize("option", [["--rounds", "0"], ["--seconds", "nan"], ["--seconds", "1"]])
def test_too_little_to_measure_is_an_error(option: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *option])
    assert ended.value.code == 2


def test_missed_budgets_are_shown_and_are_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "FAMILIES", (Family(("quick", "kin"), quick),))
    assert run(tmp_path) == 0
    assert names(tmp_path) == ["quick", "kin"]
    assert "NO" in capsys.readouterr().out


def test_only_runs_the_family_of_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "FAMILIES", (Family(("broken",), broken), Family(("quick", "kin"), quick)))
    assert run(tmp_path, only="kin") == 0
    assert names(tmp_path) == ["quick", "kin"]


def test_what_fails_is_named_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "FAMILIES", (Family(("broken",), broken), Family(("quick", "kin"), quick)))
    assert run(tmp_path) == 1
    assert names(tmp_path) == ["quick", "kin"]
    assert "broken could not be measured: waited 20 s in vain" in capsys.readouterr().err


def test_without_ffmpeg_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ffmpeg, "program", PROGRAM)
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)
    assert run(tmp_path) == 1
    assert "apt-get install ffmpeg" in capsys.readouterr().err


def test_ffmpegs_progress_ends_with_its_frames() -> None:
    assert ffmpeg.frames_written("frame=15\nfps=0.00\nprogress=continue\nframe=  180\nprogress=end\n") == 180
    with pytest.raises(SimulatorError, match="no picture"):
        ffmpeg.frames_written("frame=0\nprogress=end\n")
