"""A simulated Waveshare pan-tilt: the driver board's side, written from its public firmware.

waveshareteam/ugv_base_general, General_Driver: `json_cmd.h`, `uart_ctrl.h` (dispatch), `ugv_advance.h` (feedback); the
servo arithmetic as in its `gimbal_module.h`: whole degrees (Arduino's `map`), 4095 steps to a turn, speeds of 1 to
2500 steps a second, X within ±180°, Y within -30° to 90°.
"""

import json
from typing import Any

from followspot_sim.plant import AxisLimits
from followspot_sim.turntable import Turntable

_STEPS_PER_TURN = 4096
_POSITION_STEPS = 4095
_MAX_SPEED = 2500
_LIMITS = (AxisLimits(-180.0, 180.0, 270.0, 1500.0), AxisLimits(-30.0, 90.0, 270.0, 1500.0))
FLOW_MS = 100.0


class WaveshareBoard:
    """Takes lines one by one, and moves its `table`. `silent_servo` is the bus id of a servo whose cable is off."""

    def __init__(self, now_ns: int) -> None:
        self.table = Turntable(now_ns, *_LIMITS, latency_ms=10.0)
        self.stops = self.moves = 0
        self.silent_servo: int | None = None
        self._module = 0
        self._flow = True
        self._echo = False

    def take(self, line: bytes, now_ns: int) -> bytes:
        """One line; what it answers."""
        try:
            command = json.loads(line)
        except ValueError:
            return b""
        if not isinstance(command, dict):
            return b""
        echo = line + b"\n" if self._echo else b""
        return echo + self._obey(command, now_ns)

    def flow(self, now_ns: int) -> bytes:
        """What it says unasked, every FLOW_MS."""
        return self._feedback(now_ns) if self._flow else b""

    def _obey(self, command: dict[str, Any], now_ns: int) -> bytes:
        match command.get("T"):
            case 4:
                self._module = command["cmd"]
            case 130:
                return self._feedback(now_ns)
            case 131:
                self._flow = command["cmd"] == 1
            case 134:
                self._move(command, now_ns)
            case 135:
                self.stops += 1
                self.table.turn(now_ns, 0.0, 0.0)
            case 143:
                self._echo = bool(command["cmd"])
        return b""

    def _move(self, command: dict[str, Any], now_ns: int) -> None:
        self.moves += 1
        goal = (int(max(-180, min(180, command["X"]))), int(max(-30, min(90, command["Y"]))))
        pan, tilt = (max(1, min(_MAX_SPEED, command[axis])) * 360 / _STEPS_PER_TURN for axis in ("SX", "SY"))
        self.table.go(now_ns, goal, (pan, tilt))

    def _feedback(self, now_ns: int) -> bytes:
        told: dict[str, object] = {"T": 1001, "L": 0, "R": 0, "r": 0.1, "p": -0.4, "y": "null", "v": 11.9}
        if self._module == 2:
            pan_deg, tilt_deg = (_encoded(angle) for angle in self.table.pose_at(now_ns))
            told |= {"pan": pan_deg, "tilt": tilt_deg}
        lines = [told]
        if self.silent_servo is not None:
            lines.insert(0, {"T": 1005, "id": self.silent_servo, "status": 0})
        return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\r\n" for line in lines)


def _encoded(angle_deg: float) -> float:
    return round(round(angle_deg * _POSITION_STEPS / 360) * 360 / _POSITION_STEPS, 6)
