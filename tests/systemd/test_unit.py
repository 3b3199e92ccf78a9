"""The unit file: systemd has nothing to say against it, and it gives away little."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "followspot.service"
MAX_EXPOSURE_TENTHS = 20
"""Of systemd-analyze security's score from 0 (safe) to 10, times ten, as its --threshold counts."""

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit with a program and a user that exist here."""
    unit = tmp_path / UNIT.name
    text = UNIT.read_text()
    for ours, here in (("/opt/followspot/bin/followspot", "/bin/true"), ("=followspot\nGroup=followspot", "=root")):
        assert ours in text
        text = text.replace(ours, here)
    unit.write_text(text)
    return unit


def test_systemd_finds_nothing_wrong(installed: Path):
    # Its exit code is 0 even for unknown keys: only silence is good.
    done = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_verify_would_notice_an_unknown_key(installed: Path):
    installed.write_text(installed.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    done = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert "WatchdogSecs" in done.stderr


def test_it_is_well_fenced_in():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={MAX_EXPOSURE_TENTHS}", UNIT],
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
