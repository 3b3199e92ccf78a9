"""Full rate both ways without loss at every interval and in bursts of Wi-Fi; memory, descriptors and threads stay.

How late things are depends on the machine: `make soak` judges that, these tests do not.
"""

import asyncio
import sys

import pytest

from followspot_sim.cli import main
from followspot_sim.soak import Footprint, Soak, percentile
from followspot_sim.soak_command import judge

SECONDS = "30"
"""`make soak` takes ten minutes for each."""
WAYS = [
    [],
    *(["--ble", "--interval-ms", interval_ms] for interval_ms in ("7.5", "15", "30", "50")),
    ["--ble", "--bursts"],
]
LOST = "commands lost"
HELD = 30
"""Commands that met a newer one because the bus got no processor for 20 ms, of 1500."""
LATE = "command to motor p50 / p99 / max"


async def soaked(way: list[str]) -> tuple[list[str], set[str]]:
    """A soak in a process of its own; its table, and the names of the lines that do not hold."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "followspot_sim", "soak", "--seconds", SECONDS, *way),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    table = out.decode().splitlines()
    return table, {line[4:42].strip() for line in table if line.startswith("FAIL")}


@pytest.mark.timeout(180)
async def test_nothing_is_lost_and_nothing_grows() -> None:
    """All at once: each is a twentieth of a processor, and none is judged by how late it is."""
    results = await asyncio.gather(*map(soaked, WAYS))
    for way, (table, failed) in zip(WAYS, results, strict=True):
        said = "\n".join([*way, *table])
        assert len(table) >= 10, said
        assert failed <= {LATE, LOST}, said
        (lost,) = (int(line[42:].split()[0]) for line in table if line[4:].strip().startswith(LOST))
        assert lost <= (HELD if way else 0), said


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 1.0) == 3.0
    assert percentile([], 0.5) == 0.0


def test_every_line_can_fail() -> None:
    well = Soak(
        seconds=10.0, poses_sent=500, poses_heard=500, commands_sent=500, commands_heard=490, commands_replaced=10
    )
    well.footprints = [Footprint(10_000_000, 10, 2)] * 8
    assert all(line.holds for line in judge(well, 5.0, 0.0))
    ill = Soak(seconds=10.0, poses_sent=500, poses_heard=400, commands_sent=500, commands_heard=300, losses_of_link=1)
    ill.command_ms.extend([9.0] * 10)
    ill.footprints = [Footprint(10_000_000, 10, 2)] * 4 + [Footprint(50_000_000, 11, 3)] * 4
    holding = [line.name for line in judge(ill, 5.0, 0.0) if line.holds]
    assert holding == [
        "length",
        "poses heard",
        "poses answered by a command",
        "commands replaced by the next",
        "pose to listener p50 / p99 / max",
    ]


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soak", "--seconds", "0"]) == 2
    assert main(["soak", "--seconds", "2"]) in (0, 1)
    out = capsys.readouterr().out
    assert "poses lost" in out
    assert "command to motor" in out
