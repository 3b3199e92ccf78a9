"""The whole simulated classroom in one process: camera, microphones, dock, pins and the control socket."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np

from followspot_dock.waiting import wait_set
from followspot_sim.bluez.ble_cable import BleCable
from followspot_sim.bluez.stack import BluetoothStack
from followspot_sim.camera import Camera
from followspot_sim.claps import Claps, FrameGrid
from followspot_sim.control import ControlServer, Handler
from followspot_sim.dock_setup import build_dock, build_plant
from followspot_sim.errors import SimulatorError
from followspot_sim.gpio import PinServer
from followspot_sim.journal import Journal
from followspot_sim.microphone import Microphone
from followspot_sim.nut_server import NutServer
from followspot_sim.plant import Plant
from followspot_sim.pty_port import PtyCable
from followspot_sim.sabotage import Saboteur
from followspot_sim.setup import Prepared
from followspot_sim.sim_dock import Cable, SimDock
from followspot_sim.voice import murmur, speech
from followspot_sim.wire_faults import FaultyCable

DOCK_LINK = Path("dev/serial/by-id/usb-Followspot_Dock-if00")
"""Where udev would put a stable name for the dock's serial port, below the folder."""

BLE_ADDRESS = "C0:FF:EE:00:00:01"
BLE_NAME = "Followspot Dock"
ROOM_MICROPHONE = "room_microphone"
TEACHER_IN_THE_ROOM, CHILDREN_IN_THE_ROOM = 0.3, 0.5
"""How loud both are in the room microphone, relative to her voice in her own."""

WATCH_S = 0.2
"""How soon a thread that died is noticed."""


class Classroom:
    """Everything behind the wire, in `folder`. `dock` and `microphones` say which devices there are."""

    def __init__(
        self, folder: Path, prepared: Prepared, *, clap_every_s: float, dock: bool, microphones: Sequence[str]
    ) -> None:
        self._folder = folder
        self._prepared = prepared
        world, camera = prepared.world, prepared.camera
        grid = FrameGrid(world.epoch_ns, camera.rate_hz)
        claps = Claps(grid, clap_every_s)
        plant = build_plant(prepared.scenario.dock, world.epoch_ns)
        self._journals = [Journal(folder / name) for name in ("truth.jsonl", "claps.jsonl")]
        self._camera = Camera(camera, prepared.scene, plant, grid, claps, *self._journals)
        self._microphones = {name: self._build_microphone(name, claps) for name in microphones}
        table = prepared.scenario.dock
        wireless = dock and table.transport == "ble"
        self._bluez = BluetoothStack(folder, table.interval_ms) if wireless else None
        self._cable = FaultyCable(self._build_cable(), prepared.seed)
        self._dock = self._build_dock(plant) if dock else None
        self._saboteur = Saboteur(self._dock, self._cable, self._bluez) if self._dock is not None else None
        self._pins = PinServer(folder / "gpio.sock")
        self._control = ControlServer(folder / "control.sock", self._handlers())

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until SIGTERM or SIGINT; `ready` is called when everything listens. Leaves no socket and no link."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._write_endpoints()
            stack.callback((self._folder / "endpoints.json").unlink, missing_ok=True)
            ready()
            await self._watch(stopping)

    async def _open(self, stack: AsyncExitStack) -> None:
        for journal in self._journals:
            stack.callback(journal.close)
        devices: list[Camera | Microphone] = [self._camera, *self._microphones.values()]
        for device in devices:
            stack.push_async_callback(asyncio.to_thread, device.close)
            device.start()
        for server in (self._pins, self._control):
            stack.push_async_callback(server.close)
            await server.start()
        if self._bluez is not None:
            stack.push_async_callback(self._bluez.close)
            await self._bluez.start()
        if self._dock is not None:
            await stack.enter_async_context(_working(self._dock))
        if self._saboteur is not None:
            stack.push_async_callback(self._saboteur.close)
            self._saboteur.schedule(self._prepared.scenario.fault)

    async def _watch(self, stopping: asyncio.Event) -> None:
        devices: dict[str, Camera | Microphone] = {"camera": self._camera, **self._microphones}
        while not stopping.is_set():
            await wait_set(stopping, WATCH_S)
            dead = [name for name, device in devices.items() if not device.running]
            if dead:
                raise SimulatorError(f"the {' and the '.join(dead)} died: see the traceback above")

    def _build_microphone(self, name: str, claps: Claps) -> Microphone:
        prepared = self._prepared
        voice = speech(prepared.look.speech, prepared.seed)
        if name == ROOM_MICROPHONE:
            children = np.resize(murmur(prepared.seed + 1), len(voice))
            voice = (TEACHER_IN_THE_ROOM * voice + CHILDREN_IN_THE_ROOM * children).astype(np.float32)
        table = prepared.scenario.room_microphone if name == ROOM_MICROPHONE else prepared.scenario.microphone
        return Microphone(name, voice, claps, table.clock_ppm, table.delay_ms, prepared.world.epoch_ns)

    def _build_cable(self) -> Cable:
        if self._bluez is not None:
            return BleCable(self._bluez.air, BLE_ADDRESS, BLE_NAME)
        return PtyCable(self._folder / DOCK_LINK)

    def _build_dock(self, plant: Plant) -> SimDock:
        prepared = self._prepared
        return build_dock(
            prepared.scenario,
            prepared.seed,
            prepared.world.epoch_ns,
            plant,
            prepared.world.sight_at,
            self._cable,
            self._folder / "marker.jsonl",
        )

    def _write_endpoints(self) -> None:
        camera = self._prepared.camera
        endpoints: dict[str, object] = {
            "camera": self._camera.server.url,
            "gpio": str(self._folder / "gpio.sock"),
            "control": str(self._folder / "control.sock"),
            "width": camera.width,
            "height": camera.height,
            "rate_hz": camera.rate_hz,
            "hfov_deg": camera.hfov_deg,
        }
        endpoints |= {name: microphone.server.url for name, microphone in self._microphones.items()}
        if self._bluez is not None:
            endpoints |= {"ble": BLE_ADDRESS, "bus": self._bluez.bus_address}
        elif self._dock is not None:
            endpoints["dock"] = str(self._folder / DOCK_LINK)
        fresh = self._folder / "endpoints.json.new"
        fresh.write_text(json.dumps(endpoints, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self._folder / "endpoints.json")

    def _handlers(self) -> dict[str, Handler]:
        return {
            "press": self._press,
            "unplug": lambda request: self._plug(request, in_=False),
            "replug": lambda request: self._plug(request, in_=True),
            "fault": self._fault,
            "silence-marker": self._silence_marker,
            "silence": self._silence,
            "mute": self._mute,
            "lamp": lambda _: self._lamps(),
            "status": lambda _: self._status(),
        }

    def _press(self, request: dict[str, object]) -> dict[str, object]:
        button = request["button"]
        if button == "panel":
            self._pins.press()
        elif button == "marker":
            self._need_dock().press(str(request.get("press", "short")))
        else:
            raise ValueError(f"no button {button}: marker or panel")
        return {"ok": True}

    def _plug(self, request: dict[str, object], *, in_: bool) -> dict[str, object]:
        device = self._device(str(request["device"]))
        if in_:
            device.replug()
        else:
            device.unplug()
        return {"ok": True}

    def _device(self, name: str) -> NutServer | SimDock:
        if name == "dock":
            return self._need_dock()
        if name == "camera":
            return self._camera.server
        return self._need_microphone(name).server

    def _need_microphone(self, name: str) -> Microphone:
        if name not in self._microphones:
            raise ValueError(f"no device {name} here: {', '.join(['dock', 'camera', *self._microphones])}")
        return self._microphones[name]

    def _silence(self, request: dict[str, object]) -> dict[str, object]:
        self._need_microphone(str(request["device"])).silent = bool(request["silent"])
        return {"ok": True}

    def _mute(self, request: dict[str, object]) -> dict[str, object]:
        self._need_dock().mute(bool(request["muted"]))
        return {"ok": True}

    def _silence_marker(self, request: dict[str, object]) -> dict[str, object]:
        self._need_dock().silence(float(str(request["seconds"])))
        return {"ok": True}

    def _fault(self, request: dict[str, object]) -> dict[str, object]:
        self._need_dock()
        assert self._saboteur is not None, "there is a saboteur wherever there is a dock"
        return self._saboteur.handle(request)

    def _need_dock(self) -> SimDock:
        if self._dock is None:
            raise ValueError("there is no dock: the simulator runs with --no-dock")
        return self._dock

    def _lamps(self) -> dict[str, object]:
        marker = bool(self._dock.status()["marker_lamp"]) if self._dock is not None else False
        return {"panel": self._pins.lamp(), "marker": marker}

    def _status(self) -> dict[str, object]:
        camera = self._camera
        teacher = self._prepared.world.sight_at(time.monotonic_ns())
        return {
            "teacher": {"azimuth_deg": teacher.azimuth_deg, "elevation_deg": teacher.elevation_deg},
            "camera": {**_plugged(camera.server), "frames": camera.frames, "skipped": camera.skipped},
            "microphone": self._microphone_status("microphone"),
            ROOM_MICROPHONE: self._microphone_status(ROOM_MICROPHONE),
            "dock": self._dock.status() if self._dock is not None else None,
            **self._lamps(),
        }

    def _microphone_status(self, name: str) -> dict[str, object] | None:
        return _plugged(self._microphones[name].server) if name in self._microphones else None


def _plugged(server: NutServer) -> dict[str, object]:
    return {"plugged": server.plugged, "watched": server.watched, "dropped": server.dropped}


@asynccontextmanager
async def _working(dock: SimDock) -> AsyncIterator[None]:
    """The dock runs within, plugged in; its failure ends what runs there."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(dock.run(), name="sim-dock")
        await asyncio.sleep(0)  # the dock plugs in before it waits for anything
        yield
        task.cancel()
