"""Full rate both ways without loss, on either transport; memory, descriptors and threads stay as they are.

How late things are depends on the machine: `followspot-sim soak` judges that, these tests do not.
"""

from pathlib import Path

import pytest

from followspot_sim.cli import main
from followspot_sim.soak import Footprint, Soak, percentile
from followspot_sim.soak_command import judge, soak_once

SECONDS = 6.0
"""`make soak` takes ten minutes for each."""
REPLACED = 15
"""Commands that met a newer one while they waited for the air, on a busy machine."""


@pytest.mark.parametrize("interval_ms", [None, 15.0], ids=["serial", "ble"])
async def test_nothing_is_lost_and_nothing_grows(tmp_path: Path, interval_ms: float | None) -> None:
    soak = await soak_once(tmp_path, SECONDS, interval_ms)
    assert (soak.poses_lost, soak.losses_of_link) == (0, 0)
    assert soak.commands_lost <= (0 if interval_ms is None else REPLACED)
    assert soak.poses_heard > 40 * SECONDS
    assert soak.commands_sent == 50 * SECONDS
    grown_bytes, grown_descriptors, grown_threads = soak.growth()
    assert grown_bytes < 4_000_000
    assert (grown_descriptors, grown_threads) == (0, 0)


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 1.0) == 3.0
    assert percentile([], 0.5) == 0.0


def test_every_line_can_fail() -> None:
    well = Soak(seconds=10.0, poses_sent=500, poses_heard=500, commands_sent=500, commands_heard=500)
    well.footprints = [Footprint(10_000_000, 10, 2)] * 8
    assert all(line.holds for line in judge(well, 5.0, 0.0))
    ill = Soak(seconds=10.0, poses_sent=500, poses_heard=400, commands_sent=500, commands_heard=300, losses_of_link=1)
    ill.command_ms.extend([9.0] * 10)
    ill.footprints = [Footprint(10_000_000, 10, 2)] * 4 + [Footprint(50_000_000, 11, 3)] * 4
    holding = [line.name for line in judge(ill, 5.0, 0.0) if line.holds]
    assert holding == ["length", "pose to listener p50 / p99 / max"]


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soak", "--seconds", "0"]) == 2
    assert main(["soak", "--seconds", "2"]) in (0, 1)
    out = capsys.readouterr().out
    assert "poses lost" in out
    assert "command to motor" in out
