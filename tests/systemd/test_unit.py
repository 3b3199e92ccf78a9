"""The unit files: systemd has nothing to say against them, and they give away little."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "followspot.service"
UPLOAD_UNIT = UNIT.with_name("followspot-upload.service")
MAX_EXPOSURE_TENTHS = 20
"""Of systemd-analyze security's score from 0 (safe) to 10, times ten, as its --threshold counts."""

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture(params=[UNIT, UPLOAD_UNIT], ids=lambda unit: unit.stem)
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit with a program and a user that exist here."""
    unit = tmp_path / request.param.name
    text = request.param.read_text()
    program = (
        "/opt/followspot/bin/followspot-upload" if request.param is UPLOAD_UNIT else "/opt/followspot/bin/followspot"
    )
    assert program in text
    text = text.replace(program, "/bin/true").replace("=followspot\nGroup=followspot", "=root")
    unit.write_text(text)
    return unit


def test_systemd_finds_nothing_wrong(installed: Path):
    # Its exit code is 0 even for unknown keys: only silence is good.
    done = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_verify_would_notice_an_unknown_key(installed: Path):
    installed.write_text(installed.read_text().replace("RestartSec=", "WatchdogSecs="))
    done = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert "WatchdogSecs" in done.stderr


@pytest.mark.parametrize("unit", [UNIT, UPLOAD_UNIT], ids=lambda unit: unit.stem)
def test_it_is_well_fenced_in(unit: Path):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={MAX_EXPOSURE_TENTHS}", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_watchdog_leaves_room_for_a_slow_card():
    """A watchdog shorter than the daemon's own patience with a disk would kill it for a slow sync."""
    from followspot.app.daemon import CLOSE_LESSON_TIMEOUT_S
    from followspot.app.heartbeat import PERIOD_S

    values = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#")
    assert float(values["WatchdogSec"]) >= 10 * PERIOD_S
    assert float(values["TimeoutStopSec"]) > CLOSE_LESSON_TIMEOUT_S
