"""Every case of the conformance kit passes on the simulated dock, over both transports, or on the dock of --dock.

A simulated case has one attempt, unless the machine stood still meanwhile.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dock_kit.conftest import BAUD, Rig
from followspot_dock.conformance import CASES, Outcome, Verdict, run_all
from followspot_dock.conformance.case import Case
from followspot_dock.conformance.run import Press
from followspot_dock.conformance.wires import Transport, Wire, ble_wire, serial_wire
from followspot_dock.protocol.codes import Feature
from followspot_sim.bluez.stack import BluetoothStack
from support.conformance_lanes import LANES, Stalled, run_in_lanes

DOCUMENT = Path(__file__).parents[2] / "docs/dock-protocol.md"
INTERVAL_MS = 15.0
CLOCKS = "clocks_map_to_each_other"
TRIED = [(way, case) for way in Transport for case in CASES if way is Transport.SERIAL or not case.stream_only]

Judge = Callable[[Transport], dict[str, Outcome]]


@asynccontextmanager
async def serial_lane(folder: Path) -> AsyncIterator[tuple[Wire, Press | None, Stalled]]:
    folder.mkdir()
    rig = Rig(folder)
    async with rig.plugged(), serial_wire(rig.path, BAUD) as wire:
        yield wire, rig.dock.press, lambda: False


@asynccontextmanager
async def ble_lane(
    folder: Path, stack: BluetoothStack, address: str
) -> AsyncIterator[tuple[Wire, Press | None, Stalled]]:
    folder.mkdir()
    rig = Rig(folder, stack=stack, address=address)
    async with rig.plugged(), ble_wire(address) as wire:
        yield wire, rig.dock.press, lambda: False


async def over_serial(folder: Path, cases: Sequence[Case]) -> dict[str, Outcome]:
    return await run_in_lanes(lambda number: serial_lane(folder / str(number)), cases)


async def over_bluetooth(folder: Path, cases: Sequence[Case]) -> dict[str, Outcome]:
    stack = BluetoothStack(folder, INTERVAL_MS)
    await stack.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", stack.bus_address)
            addresses = [f"C0:FF:EE:00:01:{number:02X}" for number in range(LANES)]
            return await run_in_lanes(lambda number: ble_lane(folder / str(number), stack, addresses[number]), cases)
    finally:
        await stack.close()


async def on_hardware(way: Transport, place: str, cases: Sequence[Case]) -> dict[str, Outcome]:
    wire = serial_wire(Path(place), BAUD) if way is Transport.SERIAL else ble_wire(place)
    async with wire as opened:
        outcomes = await run_all(opened, cases, None, lambda _: None)
    return {outcome.case.name: outcome for outcome in outcomes}


@pytest.fixture(scope="module")
def judge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The outcomes over a transport of the cases that were selected, all run at its first test."""
    selected = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = {(params["way"], params["case"].name) for params in selected if {"way", "case"} <= params.keys()}
    dock = str(request.config.getoption("--dock") or "")

    @functools.cache
    def outcomes(way: Transport) -> dict[str, Outcome]:
        cases = [case for case in CASES if (way, case.name) in wanted]
        if dock:
            return asyncio.run(on_hardware(way, dock.partition(":")[2], cases))
        run = over_serial if way is Transport.SERIAL else over_bluetooth
        return asyncio.run(run(tmp_path_factory.mktemp(way), cases))

    return outcomes


@pytest.mark.timeout(600)  # hardware takes one case after the other
@pytest.mark.parametrize(("way", "case"), TRIED, ids=lambda value: getattr(value, "name", value))
def test_case(way: Transport, case: Case, judge: Judge, request: pytest.FixtureRequest) -> None:
    dock = str(request.config.getoption("--dock") or "")
    if dock and dock.partition(":")[0] != way:
        pytest.skip("--dock names a dock on another transport")
    outcome = judge(way)[case.name]
    if dock and outcome.verdict is Verdict.EXCUSED:
        pytest.skip(outcome.why)
    assert outcome.verdict is Verdict.PASSED, f"{outcome.why} {outcome.figures}"


def test_the_clocks_agree_within_half_an_interval(judge: Judge, request: pytest.FixtureRequest) -> None:
    """The kit allows any dock half of the longest interval; the simulated one has a shorter."""
    assert CLOCKS in {case.name for case in CASES}
    if not request.config.getoption("--dock") and (outcome := judge(Transport.BLE).get(CLOCKS)) is not None:
        assert outcome.figures["uncertainty_ms"] <= INTERVAL_MS / 2


def test_every_case_names_what_it_checks() -> None:
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    for case in CASES:
        assert case.sentences, f"{case.name} quotes no sentence of the protocol document"
        for sentence in case.sentences:
            assert sentence in text, f"{case.name} quotes what the protocol document does not say: {sentence}"


def test_names_are_unique_and_only_known_features_are_needed() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.needs in Feature(sum(Feature)) for case in CASES)


async def test_a_broken_wire_fails_what_is_left(rig: Rig) -> None:
    async with rig.plugged(), serial_wire(rig.path, 115_200) as wire:
        told: list[Outcome] = []

        def tell(outcome: Outcome) -> None:
            told.append(outcome)
            rig.dock.unplug()

        outcomes = await run_all(wire, [case for case in CASES if case.name.startswith("hello_says")] * 2, None, tell)
    assert outcomes == told
    assert [outcome.verdict for outcome in outcomes] == [Verdict.PASSED, Verdict.FAILED]
    assert "hung up" in outcomes[1].why
