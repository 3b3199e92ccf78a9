"""Counts by perf, with a program in its place that speaks as `perf stat` does where it can count."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from followspot_sim.bench import instructions
from followspot_sim.bench.comparison import Round, instructions_ratio
from followspot_sim.bench.cost import Cost

PERF = """#!/bin/sh
# stat -x , -e EVENT [-o REPORT] (-p PID | -- COMMAND ...)
shift 3; event=$2; shift 2
report=/dev/stderr
if [ "$1" = -o ]; then report=$2; shift 2; fi
tell() { printf '# started on Wed\\n\\n%s,,%s,627395,100.00,,\\n' "$1" "$event" > "$report"; }
if [ "$1" = -p ]; then
    trap 'tell "$2"; exit 0' INT
    while :; do sleep 0.02; done
fi
shift; "$@"; code=$?
tell 1234567
exit $code
"""
"""Of a running process it counts its id."""


@pytest.fixture
def perf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    program = tmp_path / "perf"
    program.write_text(PERF)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    instructions.countable.cache_clear()
    yield
    instructions.countable.cache_clear()


@pytest.mark.usefixtures("perf")
def test_a_command_is_counted_and_its_exit_code_kept(tmp_path: Path) -> None:
    report = tmp_path / "report"
    command = [*instructions.through(report), sys.executable, "-c", "raise SystemExit(3)"]
    assert subprocess.run(command, check=False).returncode == 3
    assert instructions.read(report) == 1234567


@pytest.mark.usefixtures("perf")
def test_a_running_process_is_counted_until_the_end(tmp_path: Path) -> None:
    report = tmp_path / "report"
    with instructions.meanwhile(4711, report):
        assert not instructions.read(report)
    assert instructions.read(report) == 4711


def test_where_nothing_can_be_counted_all_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    instructions.countable.cache_clear()
    try:
        report = tmp_path / "report"
        assert instructions.through(report) == []
        with instructions.meanwhile(1, report):
            pass
        assert instructions.read(report) is None
    finally:
        instructions.countable.cache_clear()


def test_perfs_words_for_no_count_are_no_count() -> None:
    assert instructions.counted("<not supported>,,instructions:u,0,100.00,,\n") is None
    assert instructions.counted("# started\n\n1234567,,instructions:u,81230,100.00,,\n") == 1234567


def test_a_comparison_says_when_nothing_was_counted() -> None:
    counted = Round(Cost(1, 100, 3e9), Cost(1, 50, 1e9).less(0.1, 2e8))
    assert instructions_ratio([counted]) == pytest.approx(3e7 / 1.6e7, abs=1e-4)
    assert instructions_ratio([Round(Cost(1, 100), Cost(1, 50).less(0.1))]) == instructions.NOT_COUNTED
