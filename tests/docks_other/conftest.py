"""Simulated docks of other makers on their wires, and a listener that keeps what it hears."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from followspot_dock.polled.address import address_of
from followspot_dock.polled.dock import PolledDock
from followspot_dock.port import Dock, DockEvent, LinkChanged, LinkState
from followspot_dock.visca.dock import ViscaDock
from followspot_dock.visca.models import MODELS
from followspot_dock.waveshare.dock import WaveshareDock
from followspot_sim.other_docks import OtherDock
from support.limits import at_most

BAUD = 115_200


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
    """One simulated dock, plugged in, and the driver for it."""

    sim: OtherDock
    heard: Heard

    @property
    def kind(self) -> str:
        return self.sim._kind

    def rates(self) -> tuple[float, float]:
        return self.sim.table.rates_at(time.monotonic_ns())

    def pose(self) -> tuple[float, float]:
        return self.sim.table.pose_at(time.monotonic_ns())

    def new_driver(self, **changes: Any) -> PolledDock:
        where = self.sim.settings()
        address = address_of(where.get("url", ""), where.get("port", ""), BAUD)
        if self.kind == "waveshare":
            return WaveshareDock(address, self.heard)
        return ViscaDock(address, replace(MODELS["ptzoptics"], **changes), self.heard)

    @asynccontextmanager
    async def driver(self, *, ready: bool = True, **changes: Any) -> AsyncIterator[Dock]:
        dock = self.new_driver(**changes)
        task = asyncio.create_task(dock.run(), name="dock under test")
        try:
            if ready:
                await until(lambda: dock.link is LinkState.READY)
            yield dock
            assert not task.done() or task.result()
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, condition: Callable[[], object], timeout_s: float = 10.0) -> float:
        return await until(condition, timeout_s)

    async def keep_driving(self, dock: Dock, pan_dps: float, tilt_dps: float, condition: Callable[[], object]) -> None:
        """Drive as framing does, 30 times a second, until the condition holds."""
        async with at_most(10.0):
            while not condition():
                dock.drive(pan_dps, tilt_dps, 250)
                await asyncio.sleep(1 / 30)


async def until(condition: Callable[[], object], timeout_s: float = 10.0) -> float:
    """Wait for the condition; how many seconds that took."""
    start_ns = time.monotonic_ns()
    async with at_most(timeout_s):
        while not condition():  # noqa: ASYNC110  # what is awaited knows nothing of us
            await asyncio.sleep(0.002)
    return (time.monotonic_ns() - start_ns) / 1e9


NewRig = Callable[[str], Awaitable[Rig]]


@pytest.fixture
async def new_rig(tmp_path: Path) -> AsyncIterator[NewRig]:
    async with contextlib.AsyncExitStack() as stack:

        async def made(kind: str) -> Rig:
            return Rig(await stack.enter_async_context(OtherDock(kind, tmp_path)), Heard())

        yield made
