"""A simulated dock behind either transport, a simulated BlueZ, and a listener that keeps what it hears."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from followspot_dock import Dock, DockEvent, DockSettings, LinkChanged, LinkState, open_dock
from followspot_sim.bluez.ble_cable import BleCable
from followspot_sim.bluez.stack import BluetoothStack
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.pty_port import PtyCable
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import Sight
from followspot_sim.sim_dock import Cable, SimDock
from support.limits import at_most

ADDRESS = "C0:FF:EE:00:00:01"


@dataclass
class Heard:
    """Every event with its host time of arrival."""

    events: list[tuple[int, DockEvent]] = field(default_factory=list)

    def __call__(self, event: DockEvent) -> None:
        self.events.append((time.monotonic_ns(), event))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def states(self) -> list[LinkState]:
        return [change.state for change in self.of(LinkChanged)]

    def last_reason(self) -> str:
        return next((str(change.reason) for change in reversed(self.of(LinkChanged))), "")


class TimedPlant(Plant):
    """Notes when each command reached the motors."""

    def __init__(self) -> None:
        super().__init__(time.monotonic_ns(), latency_ms=0.0)
        self.driven_ns: list[int] = []

    def drive(self, now_ns: int, pan_dps: float, tilt_dps: float, ttl_s: float) -> None:
        self.driven_ns.append(time.monotonic_ns())
        super().drive(now_ns, pan_dps, tilt_dps, ttl_s)


@dataclass
class Bench:
    """One dock, drivers for it, and a way to take it away and bring it back."""

    plant: TimedPlant
    sim: SimDock
    settings: DockSettings
    first_pose_s: float
    latency_ms: float
    """How long after a reconnect the first pose may come, and how late a command may arrive at the dock."""

    @asynccontextmanager
    async def plugged(self) -> AsyncIterator[None]:
        async with running(self.sim.run()):
            yield

    @asynccontextmanager
    async def driver(self, heard: Heard, *, ready: bool = True) -> AsyncIterator[Dock]:
        async with driven(self.settings, heard, ready=ready) as dock:
            yield dock


@asynccontextmanager
async def driven(settings: DockSettings, heard: Heard, *, ready: bool = True) -> AsyncIterator[Dock]:
    """The dock of these settings runs within."""
    dock = open_dock(settings, heard)
    assert dock is not None
    async with running(dock.run()):
        if ready:
            await until(lambda: dock.link.works, 15.0)
        yield dock


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


async def until(condition: Callable[[], object], timeout_s: float = 10.0) -> float:
    """Wait for the condition; how many seconds that took."""
    start_ns = time.monotonic_ns()
    async with at_most(timeout_s):
        while not condition():  # noqa: ASYNC110  # what is awaited knows nothing of us
            await asyncio.sleep(0.001)
    return (time.monotonic_ns() - start_ns) / 1e9


def sim_dock(cable: Cable, folder: Path) -> tuple[TimedPlant, SimDock]:
    """A dock whose marker stands at 20 degrees, and whose motors answer at once."""
    plant = TimedPlant()
    sight = Sight(azimuth_deg=20.0, elevation_deg=5.0, distance_m=3.0, visible=True)
    return plant, SimDock(
        plant, lambda _: sight, cable, folder / "marker.jsonl", seed=1, sensor=MarkerSensor(MarkerTable())
    )


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def interval_ms() -> float:
    return 15.0


@pytest.fixture
async def stack(tmp_path: Path, interval_ms: float, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BluetoothStack]:
    """A BlueZ that clients in this process find as the system's."""
    bluez = BluetoothStack(tmp_path, interval_ms)
    await bluez.start()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bluez.bus_address)
    yield bluez
    await bluez.close()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})  # bleak's watch over the bus ends with the bus


@pytest.fixture
def ble(stack: BluetoothStack, tmp_path: Path, interval_ms: float) -> Bench:
    plant, sim = sim_dock(BleCable(stack.air, ADDRESS, "Followspot Dock"), tmp_path)
    return Bench(plant, sim, DockSettings(driver="ble"), first_pose_s=1.5, latency_ms=interval_ms)


@pytest.fixture
def serial(tmp_path: Path) -> Bench:
    path = tmp_path / "dev/dock"
    plant, sim = sim_dock(PtyCable(path), tmp_path)
    return Bench(plant, sim, DockSettings(driver="serial", port=str(path)), first_pose_s=0.5, latency_ms=5.0)


@pytest.fixture(params=["serial", "ble"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Either transport: whoever uses it cannot tell which."""
    return request.getfixturevalue(request.param)


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Any]:
    return until


@pytest.fixture(name="driven")
def driven_fixture() -> Callable[..., Any]:
    return driven


@pytest.fixture
def new_heard() -> Callable[[], Heard]:
    return Heard


@pytest.fixture
def neighbour(tmp_path: Path) -> Callable[[Cable], Any]:
    """A second dock, plugged in while it is entered."""
    folder = tmp_path / "neighbour"
    folder.mkdir()
    return lambda cable: running(sim_dock(cable, folder)[1].run())


@pytest.fixture(name="running")
def running_fixture() -> Callable[..., Any]:
    return running
