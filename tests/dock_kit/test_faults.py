"""The fault vocabulary: strictly validated, and each word does to the driver's link what it says."""

import asyncio
import itertools
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from followspot_dock import DockEvent, DockSettings, LinkChanged, LinkState, Pose, open_dock
from followspot_dock.port import Axis, DockFault, DockStatus, FaultKind, MarkerStatus
from followspot_sim import faults, scenario
from followspot_sim.control import ControlServer, control_request
from followspot_sim.errors import SimulatorError
from support.limits import at_most

WAIT_S = 15.0


class Listener:
    """Keeps what it hears, and lets a test wait for something of it."""

    def __init__(self) -> None:
        self.events: list[DockEvent] = []
        self._news = asyncio.Event()

    def __call__(self, event: DockEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def expect(self, wanted: Any) -> Any:
        """The first event from now on that is wanted."""
        start = len(self.events)
        async with at_most(WAIT_S):
            while True:
                for event in self.events[start:]:
                    if wanted(event):
                        return event
                self._news.clear()
                await self._news.wait()


class Driven:
    """A production driver on the rig's dock."""

    def __init__(self, settings: DockSettings) -> None:
        self.listener = Listener()
        dock = open_dock(settings, self.listener)
        assert dock is not None
        self.dock = dock

    async def __aenter__(self) -> "Driven":
        self._task = asyncio.create_task(self.dock.run(), name="driver")
        await self.state(LinkState.READY)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def state(self, state: LinkState) -> LinkChanged:
        change = await self.listener.expect(lambda event: isinstance(event, LinkChanged) and event.state is state)
        assert isinstance(change, LinkChanged)
        return change


def driver(rig: Any) -> Driven:
    return Driven(DockSettings(driver="serial", port=str(rig.path)))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"kind": "gremlin"}, "gremlin"),
        ({}, "kind"),
        ({"kind": "drop", "share": 2}, "share"),
        ({"kind": "drop", "part": 0.5}, "part: unknown key"),
        ({"kind": "drop", "direction": "up"}, "direction"),
        ({"kind": "freeze", "seconds": -1}, "seconds"),
        ({"kind": "stall", "axis": "roll"}, "axis"),
        ({"kind": "unplug", "name": "../../etc"}, "name"),
        ({"kind": "low-battery", "percent": 200}, "percent"),
        ({"kind": "wrong-version", "version": 256}, "version"),
        ({"kind": "delay", "ms": float("nan")}, "ms"),
    ],
)
def test_refuses_what_makes_no_sense(words: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        faults.parse(words)


def test_scenario_table() -> None:
    timed = faults.TimedFault.model_validate({"at_s": 3, "kind": "drop", "share": 0.5})
    assert (timed.at_s, timed.fault) == (3.0, faults.Drop(share=0.5))
    for wrong in ({"kind": "drop"}, {"at_s": -1, "kind": "drop"}, {"at_s": 1, "kind": "drop", "x": 1}, {"at_s": 1}):
        with pytest.raises(ValidationError):
            faults.TimedFault.model_validate(wrong)


SCENARIO = """
[[teacher.path]]
azimuth_deg = 0
distance_m = 3

[[fault]]
at_s = 30
kind = "unplug"
seconds = 5
"""


def test_scenario_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(SCENARIO)
    assert scenario.load(str(file)).fault == (faults.TimedFault(at_s=30, fault=faults.Unplug(seconds=5)),)
    file.write_text(SCENARIO.replace("seconds", "hours"))
    with pytest.raises(SimulatorError, match=r"fault\[0\].*hours: unknown key"):
        scenario.load(str(file))


async def test_schedule_without_bluetooth(rig: Any) -> None:
    with pytest.raises(SimulatorError, match="no Bluetooth"):
        rig.saboteur.schedule([faults.TimedFault(at_s=1, fault=faults.BleDrop())])


@pytest.mark.parametrize(
    "fault",
    [faults.Freeze(seconds=1.5), faults.Reboot(seconds=0.2), faults.Unplug(seconds=0.2), faults.BrownOut(seconds=0.2)],
    ids=lambda fault: str(fault.kind),
)
async def test_link_is_lost_and_comes_back(rig: Any, fault: Any) -> None:
    async with rig.plugged(), driver(rig) as driven:
        lost = asyncio.ensure_future(driven.state(LinkState.LOST))
        ready = asyncio.ensure_future(driven.state(LinkState.READY))
        rig.saboteur.do(fault)
        await lost
        await ready


async def test_degraded_by_drops(rig: Any) -> None:
    async with rig.plugged(), driver(rig) as driven:
        rig.saboteur.do(faults.Drop(share=0.3, seconds=3, direction="to-host"))
        change = await driven.state(LinkState.DEGRADED)
        assert "lost on the way" in change.reason
        await driven.state(LinkState.READY)


@pytest.mark.parametrize(
    "fault",
    [
        faults.Corrupt(share=0.05, seconds=1),
        faults.Duplicate(share=1, seconds=1),
        faults.Reorder(share=0.5, seconds=1),
        faults.Delay(ms=50, jitter_ms=50, seconds=1),
        faults.Flood(seconds=1),
    ],
    ids=lambda fault: str(fault.kind),
)
async def test_poses_go_on_and_their_time_never_goes_back(rig: Any, fault: Any) -> None:
    async with rig.plugged(), driver(rig) as driven:
        rig.saboteur.do(fault)
        start = len(driven.listener.events)
        end_s = time.monotonic() + 1.2
        while time.monotonic() < end_s:
            await driven.listener.expect(lambda event: isinstance(event, Pose))
        poses = [event for event in driven.listener.events[start:] if isinstance(event, Pose)]
        assert len(poses) > 20
        assert all(before.time_ns <= after.time_ns for before, after in itertools.pairwise(poses))
        assert driven.dock.link.works


async def test_stall_is_told_and_holds_until_cleared(rig: Any) -> None:
    async with rig.plugged(), driver(rig) as driven:
        told = asyncio.ensure_future(driven.listener.expect(lambda event: isinstance(event, DockFault)))
        rig.saboteur.do(faults.Stall(axis="pan", seconds=0.2))
        fault = await told
        assert (fault.kind, fault.axis, fault.active) == (FaultKind.STALL, Axis.PAN, True)
        before = rig.plant.pose_at(time.monotonic_ns())
        driven.dock.drive(40.0, 0.0, 500)
        await asyncio.sleep(0.3)
        assert rig.plant.pose_at(time.monotonic_ns()) == before
        cleared = asyncio.ensure_future(
            driven.listener.expect(lambda event: isinstance(event, DockFault) and not event.active)
        )
        driven.dock.clear_fault()
        await cleared
        driven.dock.drive(40.0, 0.0, 500)
        await driven.listener.expect(lambda event: isinstance(event, Pose) and event.pan_deg > before[0] + 2)


async def test_lie_low_battery_and_another_version(rig: Any) -> None:
    async with rig.plugged(), driver(rig) as driven:
        rig.saboteur.do(faults.Lie(pan_deg=30.0, seconds=0.3))
        await driven.listener.expect(lambda event: isinstance(event, Pose) and event.pan_deg > 29)
        await driven.listener.expect(lambda event: isinstance(event, Pose) and abs(event.pan_deg) < 1)
        rig.saboteur.do(faults.LowBattery(percent=4))
        await driven.listener.expect(lambda event: isinstance(event, MarkerStatus) and event.battery_percent == 4)
        rig.saboteur.do(faults.LowBattery(of="dock", percent=3))
        await driven.listener.expect(lambda event: isinstance(event, DockStatus) and event.battery_percent == 3)
        rig.saboteur.do(faults.WrongVersion(version=9, seconds=2))
        refused = await driven.listener.expect(lambda event: isinstance(event, LinkChanged) and "9" in event.reason)
        assert "version 9" in refused.reason
        await driven.state(LinkState.READY)


async def test_replug_under_another_name(rig: Any) -> None:
    async with rig.plugged(), driver(rig):
        rig.saboteur.do(faults.Unplug(seconds=0.1, name="usb-Followspot_Dock-if07"))
        other = rig.path.with_name("usb-Followspot_Dock-if07")
        async with at_most(WAIT_S):
            while not other.is_symlink():  # noqa: ASYNC110  # a file system tells nobody
                await asyncio.sleep(0.01)
        assert not rig.path.is_symlink()


async def test_schedule(rig: Any) -> None:
    async with rig.plugged(), driver(rig) as driven:
        rig.saboteur.schedule([faults.TimedFault.model_validate({"at_s": 0.1, "kind": "lie", "pan_deg": 45})])
        await driven.listener.expect(lambda event: isinstance(event, Pose) and event.pan_deg > 44)


async def test_control_socket(rig: Any, tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "c.sock", {"fault": rig.saboteur.handle})
    await server.start()
    async with rig.plugged(), driver(rig) as driven:
        lied = asyncio.ensure_future(
            driven.listener.expect(lambda event: isinstance(event, Pose) and event.pan_deg > 19)
        )
        answer = await asyncio.to_thread(control_request, tmp_path / "c.sock", do="fault", kind="lie", pan_deg=20)
        assert answer == {"ok": True}
        await lied
        for wrong in ({"kind": "lie", "roll_deg": 1}, {"kind": "ble-drop"}, {}):
            with pytest.raises(Exception, match=r"unknown key|no Bluetooth|kind"):
                await asyncio.to_thread(control_request, tmp_path / "c.sock", do="fault", **wrong)
    await server.close()


async def test_bluetooth_words(ble_rig: Any) -> None:
    async with ble_rig.plugged(), Driven(DockSettings(driver="ble")) as driven:
        for fault in (
            faults.BleDrop(),
            faults.BleLostEvents(seconds=1.0),
            faults.BleDaemonDeath(seconds=0.5),
            faults.BleAdapterOff(seconds=1.0),
        ):
            lost = asyncio.ensure_future(driven.state(LinkState.LOST))
            ready = asyncio.ensure_future(driven.state(LinkState.READY))
            ble_rig.saboteur.do(fault)
            await lost
            await ready
        for fault in (faults.BleAbort(), faults.BleHang(seconds=0.5), faults.BleAttError()):
            ready = asyncio.ensure_future(driven.state(LinkState.READY))
            ble_rig.saboteur.do(fault)
            ble_rig.saboteur.do(faults.BleDrop())
            await ready
