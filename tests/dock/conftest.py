"""A simulated dock on a pty, and a listener that keeps what it hears."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from followspot_dock import Dock, DockEvent, DockSettings, LinkChanged, LinkState, open_dock
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.pty_port import PtyCable
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import Sight
from followspot_sim.sim_dock import SimDock


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
        return str(self.of(LinkChanged)[-1].reason)


@dataclass
class Rig:
    """One simulated dock, and drivers for it."""

    folder: Path
    plant: Plant
    sim: SimDock
    sights: list[Sight]
    path: Path

    @asynccontextmanager
    async def plugged(self) -> AsyncIterator[None]:
        async with _running(self.sim.run()):
            yield

    @asynccontextmanager
    async def driver(self, heard: Heard, *, ready: bool = True) -> AsyncIterator[Dock]:
        dock = open_dock(DockSettings(driver="serial", port=str(self.path)), heard)
        assert dock is not None
        async with _running(dock.run()):
            if ready:
                await until(lambda: dock.link is LinkState.READY)
            yield dock

    @staticmethod
    async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> float:
        return await until(condition, timeout_s)


@asynccontextmanager
async def _running(coroutine: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(coroutine)
    try:
        yield
        assert not task.done() or task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> float:
    """Wait for the condition; how many seconds that took."""
    start_ns = time.monotonic_ns()

    async def poll() -> None:
        while not condition():  # noqa: ASYNC110  # what is awaited knows nothing of us
            await asyncio.sleep(0.001)

    await asyncio.wait_for(poll(), timeout_s)
    return (time.monotonic_ns() - start_ns) / 1e9


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def new_heard() -> Callable[[], Heard]:
    return Heard


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    path = tmp_path / "dev/serial/by-id/usb-Followspot_Dock-if00"
    sights = [Sight(azimuth_deg=20.0, elevation_deg=5.0, distance_m=3.0, visible=True)]
    plant = Plant(time.monotonic_ns())
    sim = SimDock(
        plant,
        lambda _: sights[-1],
        PtyCable(path),
        tmp_path / "marker.jsonl",
        seed=1,
        sensor=MarkerSensor(MarkerTable()),
    )
    yield Rig(tmp_path, plant, sim, sights, path)
    assert not path.is_symlink()
