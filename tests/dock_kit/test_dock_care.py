"""What a technician asks of the dock, from the command's model to the simulated dock and back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dock_kit.conftest import Rig, running
from followspot.app.clock import SystemClock
from followspot.control.dock_care import DockCare, DockRefusedError, NoDockError
from followspot.control.dock_keeper import DockKeeper
from followspot.control.framing import Framing
from followspot.domain.alerts import AlertRegistry
from followspot.domain.commands import BusyError
from followspot.settings.models import Settings, SteeringSettings
from followspot_dock import DockEvent, DockListener, DockSettings, LinkState, MarkerStatus, open_dock
from followspot_sim import faults
from followspot_sim.dock_motion import PARKED_DEG
from support.limits import at_most

SETTINGS = Settings(steering=SteeringSettings(follow_when_idle=True))


class Room:
    """A daemon's dock side on a simulated dock; `lesson` says whether a lesson is on."""

    def __init__(self, settings: DockSettings) -> None:
        self.lesson = False
        clock = SystemClock()

        def opened(listener: DockListener) -> Any:
            return open_dock(settings, listener)

        self.keeper = DockKeeper(opened, AlertRegistry(), clock, settings.place)
        self.framing = Framing(SETTINGS, clock, self.keeper.dock)
        self.keeper.subscribe(self.framing.on_dock_event)
        self.heard: list[DockEvent] = []
        self.keeper.subscribe(self.heard.append)
        self.care = DockCare(self.keeper, self.framing, lambda: self.lesson)


@asynccontextmanager
async def room(rig: Rig) -> AsyncIterator[Room]:
    room = Room(DockSettings(driver="serial", port=str(rig.path)))
    async with rig.plugged(), running(room.keeper.run()), running(room.framing.run()):
        await until(lambda: room.keeper.dock.link is LinkState.READY)
        yield room


async def until(condition: Any) -> None:
    async with at_most(10):
        while not condition():  # noqa: ASYNC110  # what is awaited knows nothing of us
            await asyncio.sleep(0.01)


def pose(rig: Rig) -> tuple[float, float]:
    return rig.plant.pose_at(time.monotonic_ns())


async def test_it_blinks(rig: Rig) -> None:
    async with room(rig) as here:
        assert await here.care.identify() == "the dock Simulated dock SIM-0001 blinks for some seconds"
        assert rig.dock.status()["blinks"]


async def test_it_parks_and_rests_until_the_next_lesson(rig: Rig) -> None:
    async with room(rig) as here:
        await until(lambda: pose(rig)[0] > 5)  # idle, it turns to the marker
        assert "is parked" in await here.care.park()
        assert pose(rig) == pytest.approx(PARKED_DEG, abs=0.2)
        await asyncio.sleep(0.5)
        assert pose(rig) == pytest.approx(PARKED_DEG, abs=0.2)
        here.framing.follow(True)
        await until(lambda: pose(rig)[0] > 5)
        here.lesson = True
        with pytest.raises(BusyError, match="stop it first"):
            await here.care.park()


async def test_faults_are_cleared_once_their_cause_is_gone(rig: Rig) -> None:
    async with room(rig) as here:
        rig.saboteur.do(faults.Stall(axis="pan", seconds=1.0))
        await until(here.keeper.standing_faults)
        with pytest.raises(DockRefusedError, match=r"fault stands\. What stands: pan: stall: something holds it"):
            await here.care.clear_faults()
        with pytest.raises(DockRefusedError, match="a fault ended the motion"):
            await here.care.park()
        await asyncio.sleep(1.0)
        assert "no fault stands" in await here.care.clear_faults()
        await until(lambda: not here.keeper.standing_faults())


async def test_another_marker_is_followed_if_it_is_there(rig: Rig) -> None:
    async with room(rig) as here:
        await until(lambda: any(isinstance(event, MarkerStatus) for event in here.heard))
        assert await here.care.follow_marker(1) == "marker 1 is followed from now on"
        with pytest.raises(DockRefusedError, match=r"unknown marker\. Markers that it knows: 1"):
            await here.care.follow_marker(7)


async def test_a_link_that_breaks_is_an_answer(rig: Rig) -> None:
    async with room(rig) as here:
        rig.dock.freeze(10)
        with pytest.raises(DockRefusedError, match="the link to it broke meanwhile"):
            await here.care.identify()
        with pytest.raises(NoDockError, match=r"no dock answers: .*sent nothing"):
            await here.care.identify()


async def test_there_is_no_dock() -> None:
    care = DockCare(None, Framing(SETTINGS, SystemClock(), None), lambda: False)
    for ask in (care.identify, care.park, care.clear_faults):
        with pytest.raises(NoDockError, match=r"dock\.driver is 'none'"):
            await ask()
