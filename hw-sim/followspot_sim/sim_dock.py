"""The simulated dock: firmware and motors on a cable or in the air, with the faults one can put on them."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from followspot_dock.protocol import codes
from followspot_dock.protocol.frames import Codec
from followspot_dock.protocol.messages import MarkerReport
from followspot_sim.batteries import BatteryCurves
from followspot_sim.dock_condition import Condition, MarkerState
from followspot_sim.firmware import PRESSES, Firmware
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import NS_PER_S, Plant
from followspot_sim.sight import MarkerSight, Sight

_BROWN_OUT_EFFORT = 0.6
"""One motor alone draws at most half of what both can."""


class Port(Protocol):
    """One plugged-in connection."""

    def write(self, frames: Sequence[bytes]) -> None:
        """Send whole frames, or drop them. Never blocks."""
        ...

    def unplug(self) -> None:
        """Lose the connection and the power with it."""
        ...


class Cable(Protocol):
    """What a dock hangs on."""

    def new_codec(self) -> Codec:
        """Of a dock that boots."""
        ...

    def plug(self, on_data: Callable[[bytes], None]) -> Port:
        """Connect; what the host sends goes to `on_data`."""
        ...


class SimDock:
    """The dock that a driver meets: plant, firmware and cable, with the faults one can put on them.

    `condition` is how dock and markers are, over all restarts. `sight` tells where the marker truly is at a host time,
    `others` where further ones lie. With its battery at `brown_out_percent` or less, it restarts when both motors pull.
    Every marker report goes, as sent, into `marker_log`: one JSON line with t_ns, azimuth_deg, elevation_deg, quality,
    marker_id.
    """

    def __init__(
        self,
        plant: Plant,
        sight: Callable[[int], Sight],
        cable: Cable,
        marker_log: Path,
        seed: int,
        sensor: MarkerSensor,
        others: Sequence[MarkerSight] = (),
        batteries: BatteryCurves | None = None,
        brown_out_percent: int = 0,
    ) -> None:
        self._plant = plant
        self._sight = sight
        self._cable = cable
        self._marker_log = marker_log
        self._rng = random.Random(seed)
        self._sensor = sensor
        self._others = tuple(others)
        self._batteries = batteries
        self._brown_out_percent = brown_out_percent
        self._log: TextIO | None = None
        self.condition = Condition()
        self._port: Port | None = None
        self._held: codes.Axis | None = None
        self._firmware = self._boot()
        self._frozen_until_ns = 0.0

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

    def mute(self, muted: bool) -> None:
        """The mute button of the teacher's marker."""
        self.condition.markers.setdefault(1, MarkerState()).muted = muted
        self._advance()

    def silence(self, seconds: float) -> None:
        """Lose sight of the marker for a while; its button still works."""
        self._firmware.silence(time.monotonic_ns() + round(seconds * NS_PER_S))

    def freeze(self, seconds: float) -> None:
        """Hang the firmware for a while (inf: for good): nothing is heard or sent; motion ends by its time to live."""
        self._frozen_until_ns = time.monotonic_ns() + seconds * NS_PER_S

    def fault(self, code: codes.FaultCode, axis: codes.Axis) -> None:
        """Something broke; it stands until the host clears it."""
        self._firmware.fault(code, axis, time.monotonic_ns())

    def stall(self, axis: codes.Axis, held: bool) -> None:
        """Hold a motor, or let it go; the firmware notices at once."""
        now_ns = time.monotonic_ns()
        self._plant.hold(now_ns, pan=held and axis is codes.Axis.PAN, tilt=held and axis is codes.Axis.TILT)
        self._held = axis if held else None
        self._firmware.cause(codes.FaultCode.STALL, axis, now_ns, there=held)

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
            self._port = self._cable.plug(self._on_data)

    def status(self) -> dict[str, object]:
        """How the dock is, for people and tests."""
        now_ns = time.monotonic_ns()
        pan_deg, tilt_deg = self._plant.pose_at(now_ns)
        return {
            "plugged": self._port is not None,
            "marker_lamp": self._port is not None and self._firmware.marker_lamp(now_ns),
            "blinks": self._port is not None and self._firmware.blinks(now_ns),
            "drive_age_ms": self._firmware.drive_age_ms(now_ns),
            "pan_deg": pan_deg,
            "tilt_deg": tilt_deg,
        }

    def _boot(self) -> Firmware:
        firmware = Firmware(
            self._plant,
            lambda time_ns: (MarkerSight(1, self._sight(time_ns)), *self._others),
            self._write_marker,
            self._rng,
            self._sensor,
            time.monotonic_ns(),
            self._cable.new_codec(),
        )
        firmware.condition = self.condition
        if self._held is not None:
            firmware.cause(codes.FaultCode.STALL, self._held, time.monotonic_ns(), there=True)
        return firmware

    def _on_data(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        if self._port is not None and now_ns >= self._frozen_until_ns:
            self._port.write(self._firmware.receive(data, now_ns))

    def _advance(self) -> None:
        now_ns = time.monotonic_ns()
        if self._batteries is not None:
            self._batteries.update(self.condition, now_ns)
        if self._port is not None and self._browns_out(now_ns):
            self.unplug()
            self.replug()
            self.fault(codes.FaultCode.BROWN_OUT, codes.Axis.NONE)
        if now_ns < self._frozen_until_ns:
            return
        if self._frozen_until_ns:
            self._frozen_until_ns = 0.0
            self._firmware.thaw(now_ns)
        if self._port is not None:
            self._port.write(self._firmware.advance(now_ns))

    def _browns_out(self, now_ns: int) -> bool:
        charge = self.condition.status.battery_percent
        weak = charge is not None and self._brown_out_percent > 0 and charge <= self._brown_out_percent
        return weak and self._plant.effort_at(now_ns) > _BROWN_OUT_EFFORT

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
