"""A simulated dock to try, with faults to put on it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from followspot_sim.bluez.ble_cable import BleCable
from followspot_sim.bluez.stack import BluetoothStack
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.pty_port import PtyCable
from followspot_sim.sabotage import Saboteur
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import Sight
from followspot_sim.sim_dock import SimDock
from followspot_sim.wire_faults import FaultyCable
from support.limits import at_most

BAUD = 115_200
ADDRESS = "C0:FF:EE:00:00:05"


class Rig:
    """A simulated dock, and who spoils it."""

    def __init__(
        self,
        folder: Path,
        *,
        stack: BluetoothStack | None = None,
        plant: Plant | None = None,
        address: str = ADDRESS,
    ) -> None:
        self.path = folder / "dev/dock"
        self.plant = plant or Plant(time.monotonic_ns())
        self.sensor = MarkerSensor(MarkerTable())
        self.sight = Sight(azimuth_deg=20.0, elevation_deg=5.0, distance_m=3.0, visible=True)
        cable = PtyCable(self.path) if stack is None else BleCable(stack.air, address, "Followspot Dock")
        self.cable = FaultyCable(cable, seed=1)
        self.dock = SimDock(
            self.plant, lambda _: self.sight, self.cable, folder / "marker.jsonl", seed=1, sensor=self.sensor
        )
        self.saboteur = Saboteur(self.dock, self.cable, stack)

    @asynccontextmanager
    async def plugged(self) -> AsyncIterator[None]:
        async with running(self.dock.run()):
            await asyncio.sleep(0)
            try:
                yield
            finally:
                await self.saboteur.close()


@asynccontextmanager
async def running(coroutine: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The coroutine runs within; its failure is the test's."""
    task = asyncio.create_task(coroutine)
    try:
        yield
        assert not task.done() or task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture
def new_rig() -> type[Rig]:
    return Rig


@pytest.fixture
async def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BluetoothStack]:
    """A BlueZ that clients in this process find as the system's."""
    bluez = BluetoothStack(tmp_path, 15.0)
    await bluez.start()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bluez.bus_address)
    yield bluez
    await bluez.close()
    async with at_most(10):
        while asyncio.all_tasks() != {asyncio.current_task()}:  # noqa: ASYNC110  # they know nothing of us
            await asyncio.sleep(0.001)  # bleak's watch over the bus ends with the bus


@pytest.fixture
def ble_rig(stack: BluetoothStack, tmp_path: Path) -> Rig:
    return Rig(tmp_path, stack=stack)
