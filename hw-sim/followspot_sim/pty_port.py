"""The simulated dock on a pseudo-terminal, which a serial driver opens like any USB device."""

import asyncio
import contextlib
import json
import os
import pty
import random
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from followspot_dock.protocol.frames import StreamCodec
from followspot_dock.protocol.messages import MarkerReport
from followspot_sim.firmware import PRESSES, Firmware
from followspot_sim.plant import NS_PER_S, Plant
from followspot_sim.sight import MarkerSight, Sight

_READ_BYTES = 65_536
_MAX_UNSENT_BYTES = 4096
"""Beyond this a host that does not read loses whole reports, as behind any USB bridge."""


class PtyPort:
    """One plugged-in cable: a pty whose tty a stable link names, from creation until `unplug`.

    The tty is kept open here too: without it the pty hangs up whenever no host has it open.
    """

    def __init__(self, link: Path, on_data: Callable[[bytes], None]) -> None:
        self._link = link
        self._on_data = on_data
        self._unsent = bytearray()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh = link.with_name(f".{link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(link)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._master, self._readable)

    def write(self, frames: bytes) -> None:
        """Send, or drop all of `frames` while the host does not keep up. Never blocks."""
        if len(self._unsent) + len(frames) <= _MAX_UNSENT_BYTES:
            self._unsent += frames
        with contextlib.suppress(BlockingIOError):
            del self._unsent[: os.write(self._master, self._unsent)]

    def unplug(self) -> None:
        """Hang up: the host's descriptor fails at once, and the link is gone."""
        self._loop.remove_reader(self._master)
        self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._on_data(os.read(self._master, _READ_BYTES))


class SimDock:
    """The dock that a driver meets: plant, firmware and cable, with the faults one can put on them.

    `sight` tells where the marker truly is at a host time. Every marker report goes, as sent, into `marker_log`:
    one JSON line with t_ns, azimuth_deg, elevation_deg, quality, marker_id.
    """

    def __init__(
        self,
        plant: Plant,
        sight: Callable[[int], Sight],
        link: Path,
        marker_log: Path,
        seed: int,
        marker_sigma_deg: float,
    ) -> None:
        self._plant = plant
        self._sight = sight
        self._link = link
        self._marker_log = marker_log
        self._rng = random.Random(seed)
        self._marker_sigma_deg = marker_sigma_deg
        self._log: TextIO | None = None
        self._port: PtyPort | None = None
        self._firmware = self._boot()
        self._frozen_until_ns = 0

    async def run(self) -> None:
        """Plug in, and work until cancelled; then unplug."""
        with self._marker_log.open("w", buffering=1) as self._log:
            self.replug()
            try:
                while True:
                    self._advance()
                    now_ns = time.monotonic_ns()
                    await asyncio.sleep(max(self._firmware.next_due_ns(now_ns) - now_ns, 0) / NS_PER_S)
            finally:
                self.unplug()

    def press(self, press: str) -> None:
        """The marker's button: "short", "double" or "long"; ValueError otherwise."""
        if press not in PRESSES:
            raise ValueError(f"no press {press!r}: one of {', '.join(PRESSES)}")
        self._firmware.press(press, time.monotonic_ns())
        self._advance()

    def silence(self, seconds: float) -> None:
        """Lose sight of the marker for a while; its button still works."""
        self._firmware.silence(time.monotonic_ns() + round(seconds * NS_PER_S))

    def freeze(self, seconds: float) -> None:
        """Hang the firmware for a while: nothing is heard or sent; motion ends with its time to live."""
        self._frozen_until_ns = time.monotonic_ns() + round(seconds * NS_PER_S)

    def unplug(self) -> None:
        """Pull the cable, which also feeds the dock."""
        if self._port is not None:
            self._port.unplug()
            self._port = None
            self._plant.stop(time.monotonic_ns())

    def replug(self) -> None:
        """Put the cable back: the dock boots, behind the same link."""
        if self._port is None:
            self._firmware = self._boot()
            self._port = PtyPort(self._link, self._on_data)

    def status(self) -> dict[str, object]:
        """How the dock is, for people and tests."""
        now_ns = time.monotonic_ns()
        pan_deg, tilt_deg = self._plant.pose_at(now_ns)
        return {
            "plugged": self._port is not None,
            "marker_lamp": self._port is not None and self._firmware.marker_lamp(now_ns),
            "drive_age_ms": self._firmware.drive_age_ms(now_ns),
            "pan_deg": pan_deg,
            "tilt_deg": tilt_deg,
        }

    def _boot(self) -> Firmware:
        return Firmware(
            self._plant,
            lambda time_ns: (MarkerSight(1, self._sight(time_ns)),),
            self._write_marker,
            self._rng,
            self._marker_sigma_deg,
            time.monotonic_ns(),
            StreamCodec(),
        )

    def _on_data(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        if self._port is not None and now_ns >= self._frozen_until_ns:
            self._port.write(b"".join(self._firmware.receive(data, now_ns)))

    def _advance(self) -> None:
        now_ns = time.monotonic_ns()
        if self._port is not None and now_ns >= self._frozen_until_ns:
            self._port.write(b"".join(self._firmware.advance(now_ns)))

    def _write_marker(self, time_ns: int, marker: MarkerReport) -> None:
        if self._log is not None:
            line = {
                "t_ns": time_ns,
                "azimuth_deg": marker.azimuth_deg,
                "elevation_deg": marker.elevation_deg,
                "quality": marker.quality,
                "marker_id": marker.marker_id,
            }
            self._log.write(json.dumps(line) + "\n")
