"""The firmware core in C passes the conformance kit over a pty, every case of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dock_c.programs import HostDock
from followspot_dock.conformance import CASES, Outcome, Verdict, run_case
from followspot_dock.conformance.case import Case
from followspot_dock.conformance.wires import serial_wire

_PRESSES = {"short": 1, "double": 2, "long": 3}
_BAUD = 115_200
_ATTEMPTS = 3
"""A busy machine makes this dock late now and then; firmware that is wrong is wrong each time."""
_OLD_ENOUGH_US = 1_100_000
"""Twice the longest time to live: the kit speaks of commands that old."""


@pytest.fixture(scope="module")
def long_running_dock(host_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostDock]:
    dock = HostDock(host_program, tmp_path_factory.mktemp("conformance") / "dock")
    while dock.state()["time_us"] < _OLD_ENOUGH_US:
        time.sleep(0.05)
    yield dock
    dock.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_case(long_running_dock: HostDock, case: Case) -> None:
    for _ in range(_ATTEMPTS):
        outcome = await _run(long_running_dock, case)
        if outcome.verdict is Verdict.PASSED:
            break
    assert (outcome.verdict, outcome.why) == (Verdict.PASSED, "")


async def _run(dock: HostDock, case: Case) -> Outcome:
    async with serial_wire(dock.link, _BAUD) as wire:
        return await run_case(wire, case, lambda press: dock.play(f"press 1 {_PRESSES[press]}"))
