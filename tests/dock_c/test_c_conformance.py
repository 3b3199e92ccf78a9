"""The firmware core in C passes the conformance kit over a pty, every case of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dock_c.programs import HostDock
from followspot_dock.conformance import CASES, Outcome, Verdict
from followspot_dock.conformance.case import Case
from followspot_dock.conformance.run import Press
from followspot_dock.conformance.wires import Wire, serial_wire
from support.conformance_lanes import STALL_S, Stalled, run_in_lanes

_PRESSES = {"short": 1, "double": 2, "long": 3}
_BAUD = 115_200
_LANES = 4
"""Each is a process that wakes a thousand times a second."""
_OLD_ENOUGH_US = 1_100_000
"""Twice the longest time to live: the kit speaks of commands that old."""


@asynccontextmanager
async def lane(program: Path, folder: Path) -> AsyncIterator[tuple[Wire, Press | None, Stalled]]:
    dock = HostDock(program, folder / "dock")
    try:
        while dock.state()["time_us"] < _OLD_ENOUGH_US:  # noqa: ASYNC110  # it tells its clock only when asked
            await asyncio.sleep(0.05)
        async with serial_wire(dock.link, _BAUD) as wire:
            yield wire, lambda press: dock.play(f"press 1 {_PRESSES[press]}"), lambda: _stalled(dock)
    finally:
        dock.close()


def _stalled(dock: HostDock) -> bool:
    return bool(dock.state()["stalled_ms"] > STALL_S * 1000)


@pytest.fixture(scope="module")
def outcomes(host_program: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("conformance")
    return asyncio.run(run_in_lanes(lambda number: lane(host_program, folder / str(number)), CASES, _LANES))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(outcomes: dict[str, Outcome], case: Case) -> None:
    outcome = outcomes[case.name]
    assert outcome.verdict is Verdict.PASSED, f"{outcome.why} {outcome.figures}"
