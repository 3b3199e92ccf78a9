"""Doing to a simulated dock what the fault vocabulary names."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from followspot_dock.protocol import codes
from followspot_sim import faults
from followspot_sim.bluez.ble_cable import BleCable
from followspot_sim.bluez.stack import BluetoothStack
from followspot_sim.dock_condition import MarkerState
from followspot_sim.errors import SimulatorError
from followspot_sim.pty_port import PtyCable
from followspot_sim.sim_dock import SimDock
from followspot_sim.wire_faults import FaultyCable

AnyFault = faults.OnWire | faults.OnDock | faults.OnBluetooth

_AXES = {"pan": codes.Axis.PAN, "tilt": codes.Axis.TILT}


class Saboteur:
    """Spoils `dock` on its `cable`, and Bluetooth where there is a `stack`. Every method is called on the loop."""

    def __init__(self, dock: SimDock, cable: FaultyCable, stack: BluetoothStack | None = None) -> None:
        self._dock = dock
        self._cable = cable
        self._stack = stack
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, fault: AnyFault) -> None:
        """Let it happen now. Raises ValueError for a fault that this dock cannot have."""
        match fault:
            case faults.Drop() | faults.Corrupt() | faults.Delay() | faults.Duplicate() | faults.Reorder():
                self._cable.put(fault)
            case faults.Flood():
                self._cable.flood(fault)
            case faults.Reboot() | faults.BrownOut() | faults.Unplug() | faults.WrongVersion():
                self._take_power(fault)
            case faults.Stall() | faults.OverCurrent() | faults.EndStop():
                self._spoil_motor(fault)
            case faults.Freeze() | faults.Lie() | faults.LowBattery():
                self._spoil_dock(fault)
            case _:
                self._spoil_bluetooth(fault)

    def handle(self, request: dict[str, object]) -> dict[str, object]:
        """{"do": "fault", "kind": …} of the control socket. Raises ValueError."""
        self.do(faults.parse({key: value for key, value in request.items() if key != "do"}))
        return {"ok": True}

    def schedule(self, timed: Sequence[faults.TimedFault]) -> None:
        """Let faults happen `at_s` after now. Raises SimulatorError for one that this dock cannot have."""
        for entry in timed:
            if isinstance(entry.fault, faults.OnBluetooth) and self._stack is None:
                raise SimulatorError(f"the scenario wants the fault {entry.fault.kind}, and there is no Bluetooth here")
            self._later(entry.at_s, lambda fault=entry.fault: self.do(fault))  # type: ignore[misc]

    async def close(self) -> None:
        """Nothing more happens."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._cable.mend()

    def _take_power(self, fault: faults.Reboot | faults.BrownOut | faults.Unplug | faults.WrongVersion) -> None:
        self._dock.unplug()
        match fault:
            case faults.Unplug(name=name):
                self._rename(name)
            case faults.WrongVersion(version=version, seconds=seconds):
                self._cable.version = version
                self._dock.replug()
                self._later(seconds, self._right_version)
                return
        if fault.seconds is not None:
            self._later(fault.seconds, lambda: self._bring_back(browned_out=isinstance(fault, faults.BrownOut)))

    def _bring_back(self, *, browned_out: bool) -> None:
        self._dock.replug()
        if browned_out:
            self._dock.fault(codes.FaultCode.BROWN_OUT, codes.Axis.NONE)

    def _right_version(self) -> None:
        self._dock.unplug()
        self._cable.version = None
        self._dock.replug()

    def _rename(self, name: str) -> None:
        if not name:
            return
        cable = self._cable.cable
        if not isinstance(cable, PtyCable):
            raise ValueError("a dock on Bluetooth has no device name")
        cable.link = cable.link.with_name(name)

    def _spoil_motor(self, fault: faults.Stall | faults.OverCurrent | faults.EndStop) -> None:
        axis = _AXES[fault.axis]
        match fault:
            case faults.Stall(seconds=seconds):
                self._dock.stall(axis, held=True)
                self._later(seconds, lambda: self._dock.stall(axis, held=False))
            case faults.OverCurrent():
                self._dock.fault(codes.FaultCode.OVER_CURRENT, axis)
            case faults.EndStop():
                self._dock.fault(codes.FaultCode.END_STOP, axis)

    def _spoil_dock(self, fault: faults.Freeze | faults.Lie | faults.LowBattery) -> None:
        condition = self._dock.condition
        match fault:
            case faults.Freeze(seconds=seconds):
                self._dock.freeze(seconds)
            case faults.Lie(seconds=seconds):
                condition.encoder_offset_deg = (fault.pan_deg, fault.tilt_deg)
                self._later(seconds, lambda: setattr(condition, "encoder_offset_deg", (0.0, 0.0)))
            case faults.LowBattery(of="dock", percent=percent):
                condition.status = replace(condition.status, battery_percent=percent)
            case faults.LowBattery(marker_id=marker_id, percent=percent):
                present = condition.markers.get(marker_id, MarkerState())
                condition.markers[marker_id] = replace(present, battery_percent=percent)

    def _spoil_bluetooth(self, fault: faults.OnBluetooth) -> None:
        stack = self._need_stack()
        air = stack.air
        match fault:
            case faults.BleAbort(count=count):
                air.abort_connects(count)
            case faults.BleDrop():
                if isinstance(self._cable.cable, BleCable):
                    air.drop(self._cable.cable.profile.address)
            case faults.BleHang(seconds=seconds):
                air.hang_connects(True)
                self._later(seconds, lambda: air.hang_connects(False))
            case faults.BleAttError(code=code):
                air.fail_next(code)
            case faults.BleLostEvents(seconds=seconds):
                air.lose_events(seconds)
            case faults.BleAdapterOff(seconds=seconds, pulled=pulled):
                air.set_adapter(present=not pulled, powered=False)
                self._later(seconds, air.set_adapter)
            case faults.BleDaemonDeath(seconds=seconds):
                self._start(_restart_daemon(stack, seconds))

    def _need_stack(self) -> BluetoothStack:
        if self._stack is None:
            raise ValueError("there is no Bluetooth here")
        return self._stack

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(delay_s, fire)
        self._timers.add(timer)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work, name="sabotage")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _restart_daemon(stack: BluetoothStack, seconds: float) -> None:
    await stack.kill_daemon()
    await asyncio.sleep(seconds)
    await stack.start_daemon()
