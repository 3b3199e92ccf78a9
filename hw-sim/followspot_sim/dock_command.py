"""`followspot-sim dock`: the simulated dock alone, on a serial line, on Bluetooth LE or both, until told to end."""

import argparse
import asyncio
import json
import math
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from followspot_sim.bluez.ble_cable import BleCable
from followspot_sim.bluez.stack import BluetoothStack
from followspot_sim.control import ControlServer, Handler
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import NS_PER_S, Plant
from followspot_sim.pty_port import PtyCable
from followspot_sim.run_command import check_folder
from followspot_sim.sabotage import Saboteur
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import Sight
from followspot_sim.sim_dock import Cable, SimDock
from followspot_sim.wire_faults import FaultyCable

DOCK_LINK = Path("dev/serial/by-id/usb-Followspot_Dock-if00")
BLE_ADDRESS = "C0:FF:EE:00:00:01"
BLE_NAME = "Followspot Dock"
_SWING_DEG, _SWING_S = 30.0, 20.0
"""The marker goes to and fro, as far to both sides, in this time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim dock`."""
    parser.add_argument(
        "--dir", type=Path, required=True, metavar="DIR", help="gets endpoints.json, the dock's link and the sockets"
    )
    parser.add_argument("--serial", action="store_true", help="a serial line, which is what there is without --ble")
    parser.add_argument("--ble", action="store_true", help="a simulated BlueZ on a private D-Bus")
    parser.add_argument(
        "--interval-ms",
        type=_interval_ms,
        default=15.0,
        metavar="MS",
        help="Bluetooth connection interval (default: 15)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print `ready`, and work until SIGTERM or SIGINT; 0."""
    folder: Path = arguments.dir.resolve()
    check_folder(folder)
    serial = arguments.serial or not arguments.ble
    bluez = BluetoothStack(folder, arguments.interval_ms) if arguments.ble else None
    asyncio.run(_Alone(folder, bluez, serial=serial).run())
    return 0


class _Alone:
    """One dock: a firmware for each way to it, and the motors they share. They obey whoever commanded last."""

    def __init__(self, folder: Path, bluez: BluetoothStack | None, *, serial: bool) -> None:
        self._folder = folder
        self._bluez = bluez
        self._plant = Plant(time.monotonic_ns())
        self._begin_ns = time.monotonic_ns()
        self._docks: dict[str, SimDock] = {}
        self._saboteurs: dict[str, Saboteur] = {}
        self._endpoints = {"control": str(folder / "control.sock")}
        if serial:
            self._docks["serial"] = self._dock("serial", PtyCable(folder / DOCK_LINK))
            self._endpoints["dock"] = str(folder / DOCK_LINK)
        if bluez is not None:
            self._docks["ble"] = self._dock("ble", BleCable(bluez.air, BLE_ADDRESS, BLE_NAME))
            self._endpoints |= {"ble": BLE_ADDRESS, "bus": bluez.bus_address}
        self._control = ControlServer(folder / "control.sock", self._handlers())

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with AsyncExitStack() as stack:
            if self._bluez is not None:
                stack.push_async_callback(self._bluez.close)
                await self._bluez.start()
            stack.push_async_callback(self._control.close)
            await self._control.start()
            for saboteur in self._saboteurs.values():
                stack.push_async_callback(saboteur.close)
            endpoints = self._folder / "endpoints.json"
            endpoints.write_text(json.dumps(self._endpoints, indent=1) + "\n", encoding="utf-8")
            stack.callback(endpoints.unlink, missing_ok=True)
            await self._work(stopping)

    async def _work(self, stopping: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(dock.run(), name=f"sim-dock-{name}") for name, dock in self._docks.items()]
            await asyncio.sleep(0)  # the docks plug in before they wait for anything
            print("ready", flush=True)
            await stopping.wait()
            for task in running:
                task.cancel()

    def _dock(self, name: str, cable: Cable) -> SimDock:
        log = self._folder / f"marker-{name}.jsonl"
        faulty = FaultyCable(cable, seed=1)
        dock = SimDock(self._plant, self._sight, faulty, log, seed=1, sensor=MarkerSensor(MarkerTable()))
        self._saboteurs[name] = Saboteur(dock, faulty, self._bluez if name == "ble" else None)
        return dock

    def _sight(self, time_ns: int) -> Sight:
        phase = 2 * math.pi * (time_ns - self._begin_ns) / NS_PER_S / _SWING_S
        return Sight(_SWING_DEG * math.sin(phase), elevation_deg=5.0, distance_m=3.0, visible=True)

    def _handlers(self) -> dict[str, Handler]:
        return {
            "press": lambda request: self._each(request, lambda dock: dock.press(str(request.get("press", "short")))),
            "unplug": lambda request: self._each(request, SimDock.unplug),
            "replug": lambda request: self._each(request, SimDock.replug),
            "fault": self._fault,
            "status": lambda _: {name: dock.status() for name, dock in self._docks.items()},
        }

    def _fault(self, request: dict[str, object]) -> dict[str, object]:
        """With {"way": "serial" or "ble"} on that one alone."""
        way = request.pop("way", None)
        for name, saboteur in self._saboteurs.items():
            if way in (None, name):
                saboteur.handle(request)
        return {"ok": True}

    def _each(self, request: dict[str, object], do: Callable[[SimDock], None]) -> dict[str, object]:
        """With {"way": "serial" or "ble"} on that one alone."""
        way = request.get("way")
        for name, dock in self._docks.items():
            if way in (None, name):
                do(dock)
        return {"ok": True}


def _interval_ms(text: str) -> float:
    try:
        interval_ms = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no number of milliseconds") from error
    if not 7.5 <= interval_ms <= 4000:  # Bluetooth Core 5.4, Vol 6, Part B, 4.5.1
        raise argparse.ArgumentTypeError("Bluetooth LE allows 7.5 to 4000 ms")
    return interval_ms
