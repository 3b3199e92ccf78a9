"""`followspot calibrate sync` finds a known delay through the production capture path."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from followspot.cli import exit_codes
from followspot_sim.stage import Stage

pytestmark = pytest.mark.scenario

DELAY_MS = 140
SCENARIO = f"""
[teacher]
[[teacher.path]]
azimuth_deg = 0
distance_m = 3
[microphone]
delay_ms = {DELAY_MS}
"""


def calibrate(stage: Stage, seconds: int = 6, **tables: Any) -> "subprocess.CompletedProcess[str]":
    stage.write_config(tables)
    command = [sys.executable, "-m", "followspot", "calibrate", "sync", "--seconds", str(seconds)]
    command += ["--config", str(stage.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_calibrate_finds_the_delay_of_the_radio_microphone(make_stage, tmp_path: Path) -> None:
    (tmp_path / "delayed.toml").write_text(SCENARIO)
    stage = make_stage("--scenario", str(tmp_path / "delayed.toml"), "--clap-every", "1", "--no-dock")
    stage.start_simulator()
    done = calibrate(stage)
    assert (done.returncode, done.stderr) == (exit_codes.OK, ""), done.stdout
    assert "Clap now." in done.stdout
    found = re.search(r"set \[microphone\] latency_ms = (\d+) \(it is 0\)", done.stdout)
    assert found, done.stdout
    assert int(found[1]) == pytest.approx(DELAY_MS, abs=5)
    done = calibrate(stage, microphone={"latency_ms": float(found[1])})
    assert "nothing has to be changed" in done.stdout, done.stdout


def test_calibrate_says_what_it_lacks(make_stage) -> None:
    stage = make_stage("--no-dock")
    stage.start_simulator()
    done = calibrate(stage, 1)
    assert done.returncode == exit_codes.FAULT
    assert "not enough claps agree" in done.stdout
    stage.simulate("unplug", device="microphone")
    done = calibrate(stage, 1)
    assert done.returncode == exit_codes.FAULT
    assert str(stage.endpoints["microphone"]) in done.stderr
    assert "stop it first" in done.stderr
    done = calibrate(stage, 1, microphone={"url": ""})
    assert done.returncode == exit_codes.USAGE
    assert "[microphone] url" in done.stderr
