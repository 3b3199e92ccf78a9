"""Docks of other makers, each with its wire and its faults."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType

from followspot_sim.control import Handler
from followspot_sim.peer_faces import Network, SerialFace, TcpFace, UdpFace
from followspot_sim.plant import NS_PER_S
from followspot_sim.turntable import Turntable
from followspot_sim.visca_peer import Later, OverIp, Quirks, ViscaCamera
from followspot_sim.waveshare_peer import FLOW_MS, WaveshareBoard

KINDS = ("visca-serial", "visca-tcp", "visca-udp", "visca-udp-bare", "waveshare")
_LINK = Path("dev/serial/by-id/usb-Other_Dock-if00")


class OtherDock:
    """One simulated dock of a kind in KINDS; an asynchronous context, plugged in while it lasts."""

    def __init__(self, kind: str, folder: Path, seed: int = 1) -> None:
        self.network = Network(seed)
        self.quirks = Quirks()
        self.camera = ViscaCamera(time.monotonic_ns(), self.quirks)
        self.board = WaveshareBoard(time.monotonic_ns())
        self.over_ip = OverIp(self.camera)
        self._kind = kind
        self._flow: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.face = self._make_face(folder / _LINK)

    @property
    def table(self) -> Turntable:
        """The motors."""
        return self.board.table if self._kind == "waveshare" else self.camera.table

    def settings(self) -> dict[str, str]:
        """The keys of `[dock]` that lead a driver here."""
        driver = "waveshare" if self._kind == "waveshare" else "visca"
        return {"driver": driver, "port" if isinstance(self.face, SerialFace) else "url": self.face.where}

    def freeze(self, seconds: float) -> None:
        """Hang: hear and say nothing for a while; the motors go on as they were."""
        self.network.frozen_until_ns = time.monotonic_ns() + round(seconds * NS_PER_S)

    async def __aenter__(self) -> "OtherDock":
        await self.face.plug()
        if isinstance(self.face, SerialFace) and self._kind == "waveshare":
            self._flow = asyncio.create_task(self._speak(self.face), name="waveshare flow")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._flow is not None:
            self._flow.cancel()
        await asyncio.gather(*self._tasks, *filter(None, [self._flow]), return_exceptions=True)
        await self.face.unplug()

    def handlers(self) -> dict[str, Handler]:
        """What the control socket can do."""
        return {
            "lose": lambda request: self._share("loss", request),
            "reorder": lambda request: self._share("reorder", request),
            "slow": self._slow,
            "standby": self._standby,
            "freeze": self._freeze,
            "reset-sequence": lambda _: self._done(self.over_ip.forget),
            "unplug": lambda _: self._later(self.face.unplug),
            "replug": lambda _: self._later(self.face.plug),
            "status": lambda _: self._status(),
        }

    def _make_face(self, link: Path) -> SerialFace | TcpFace | UdpFace:
        match self._kind:
            case "visca-serial":
                return SerialFace(self.camera.take, self.network, link, b"\xff")
            case "visca-tcp":
                return TcpFace(self.camera.take, self.network)
            case "visca-udp":
                return UdpFace(self.over_ip.take, self.network, "udp")
            case "visca-udp-bare":
                return UdpFace(self.camera.take, self.network, "udp+bare")
            case "waveshare":
                return SerialFace(self._take_line, self.network, link, b"\n")
        raise ValueError(f"no such dock {self._kind!r}: one of {', '.join(KINDS)}")

    def _take_line(self, line: bytes, now_ns: int) -> list[Later]:
        answer = self.board.take(line, now_ns)
        return [Later(2.0, answer)] if answer else []

    async def _speak(self, face: SerialFace) -> None:
        while True:
            await asyncio.sleep(FLOW_MS / 1000)
            face.say(self.board.flow(time.monotonic_ns()))

    def _share(self, name: str, request: dict[str, object]) -> dict[str, object]:
        setattr(self.network, name, _number(request["share"]))
        return {}

    def _slow(self, request: dict[str, object]) -> dict[str, object]:
        self.quirks.completion_ms = _number(request["completion_ms"])
        return {}

    def _standby(self, request: dict[str, object]) -> dict[str, object]:
        self.quirks.standby = bool(request["on"])
        return {}

    def _freeze(self, request: dict[str, object]) -> dict[str, object]:
        self.freeze(_number(request["seconds"]))
        return {}

    def _done(self, call: Callable[[], None]) -> dict[str, object]:
        call()
        return {}

    def _later(self, work: Callable[[], Coroutine[None, None, None]]) -> dict[str, object]:
        task = asyncio.create_task(work(), name="other dock cable")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return {}

    def _status(self) -> dict[str, object]:
        now_ns = time.monotonic_ns()
        pan_deg, tilt_deg = self.table.pose_at(now_ns)
        pan_dps, tilt_dps = self.table.rates_at(now_ns)
        return {"pan_deg": pan_deg, "tilt_deg": tilt_deg, "pan_dps": pan_dps, "tilt_dps": tilt_dps}


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
