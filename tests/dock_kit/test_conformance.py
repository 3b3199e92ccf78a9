"""Every case of the conformance kit passes on the simulated dock, over both transports, or on the dock of --dock."""

from pathlib import Path
from typing import Any

import pytest

from followspot_dock.conformance import CASES, Outcome, Verdict, run_all, run_case
from followspot_dock.conformance.case import Case
from followspot_dock.conformance.wires import Wire, ble_wire
from followspot_dock.protocol.codes import Feature

DOCUMENT = Path(__file__).parents[2] / "docs/dock-protocol.md"
ATTEMPTS = 3
"""A busy machine makes the simulated dock late now and then; a dock that is wrong is wrong each time."""


async def attempt(wire: Wire, case: Case, rig: Any) -> Outcome:
    press = rig.dock.press if rig is not None else None
    outcome = await run_case(wire, case, press)
    for _ in range(ATTEMPTS - 1 if rig is not None else 0):
        if outcome.verdict is not Verdict.FAILED:
            break
        outcome = await run_case(wire, case, press)
    return outcome


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_case(case: Case, dock_under_test: tuple[Wire, Any]) -> None:
    wire, rig = dock_under_test
    outcome = await attempt(wire, case, rig)
    if outcome.verdict is Verdict.EXCUSED:
        assert rig is None, f"the simulated dock has everything: {outcome.why}"
        pytest.skip(outcome.why)
    assert outcome.verdict is Verdict.PASSED, f"{outcome.why} {outcome.figures}"


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_all_cases_over_bluetooth(request: pytest.FixtureRequest, ble_rig: Any, ble_address: str) -> None:
    if request.config.getoption("--dock"):
        pytest.skip("--dock names another dock")
    async with ble_rig.plugged(), ble_wire(ble_address) as wire:
        outcomes = [await attempt(wire, case, ble_rig) for case in CASES]
    assert {outcome.case.name: outcome.why for outcome in outcomes if outcome.verdict is Verdict.FAILED} == {}
    excused = {outcome.case for outcome in outcomes if outcome.verdict is Verdict.EXCUSED}
    assert excused == {case for case in CASES if case.stream_only}


def test_every_case_names_what_it_checks() -> None:
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    for case in CASES:
        assert case.sentences, f"{case.name} quotes no sentence of the protocol document"
        for sentence in case.sentences:
            assert sentence in text, f"{case.name} quotes what the protocol document does not say: {sentence}"


def test_names_are_unique_and_only_known_features_are_needed() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.needs in Feature(sum(Feature)) for case in CASES)


async def test_a_broken_wire_fails_what_is_left(rig: Any) -> None:
    from followspot_dock.conformance.wires import serial_wire

    async with rig.plugged(), serial_wire(rig.path, 115_200) as wire:
        told: list[Outcome] = []

        def tell(outcome: Outcome) -> None:
            told.append(outcome)
            rig.dock.unplug()

        outcomes = await run_all(wire, [case for case in CASES if case.name.startswith("hello_says")] * 2, None, tell)
    assert outcomes == told
    assert [outcome.verdict for outcome in outcomes] == [Verdict.PASSED, Verdict.FAILED]
    assert "hung up" in outcomes[1].why
