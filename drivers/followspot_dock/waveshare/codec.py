"""The JSON lines of Waveshare's ESP32 driver boards, as far as a pan-tilt needs them.

Source: Waveshare wiki, "2-Axis Pan-Tilt Camera Module" and "08 Sub-controller JSON Command Set"; the board's firmware
is public (waveshareteam/ugv_base_general, General_Driver: json_cmd.h, uart_ctrl.h, ugv_advance.h). One JSON object a
line, "T" is its type. Angles in degrees, X positive right, Y positive up; the firmware takes whole degrees. SX and SY
are steps of the bus servo a second, 4096 to a turn, 1 to 2500.
"""

import json
from dataclasses import dataclass

PAN_MIN_DEG, PAN_MAX_DEG = -180.0, 180.0
TILT_MIN_DEG, TILT_MAX_DEG = -30.0, 90.0
STEPS_PER_DEG = 4096 / 360
MAX_SPEED_STEPS = 2500
MAX_LINE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Feedback:
    """Where the servos are; None from a board that is not set up for a pan-tilt."""

    pan_deg: float | None
    tilt_deg: float | None


@dataclass(frozen=True, slots=True)
class ServoSilent:
    """The board gets no answer from this bus servo."""

    servo_id: int


Line = Feedback | ServoSilent


def _line(**fields: int) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


SET_UP = b"".join(
    (
        _line(T=143, cmd=0),  # CMD_UART_ECHO_MODE: do not send our own lines back
        _line(T=131, cmd=0),  # CMD_BASE_FEEDBACK_FLOW: speak only when asked
        _line(T=142, cmd=0),  # CMD_FEEDBACK_FLOW_INTERVAL: and then at once
        _line(T=4, cmd=2),  # CMD_MODULE_TYPE: a pan-tilt is mounted
        _line(T=137, s=0, y=0),  # CMD_GIMBAL_STEADY: no movements of its own
    )
)
STOP = _line(T=135)  # CMD_GIMBAL_CTRL_STOP
ASK = _line(T=130)  # CMD_BASE_FEEDBACK


def move(pan_deg: int, tilt_deg: int, pan_steps: int, tilt_steps: int) -> bytes:
    """CMD_GIMBAL_CTRL_MOVE: go to these whole degrees at these speeds (1 to 2500 steps a second), and rest."""
    return _line(T=134, X=pan_deg, Y=tilt_deg, SX=pan_steps, SY=tilt_steps)


class Lines:
    """Cuts the stream into lines and reads them; holds at most one. `damaged` counts what could not be read."""

    def __init__(self) -> None:
        self.damaged = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[Line]:
        """What `data` completes, unknown types left out."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            self.damaged += 1
            self._rest = b""
        return [known for line in lines if line.strip() and (known := self._read(line)) is not None]

    def _read(self, line: bytes) -> Line | None:
        try:
            fields = json.loads(line)
            if not isinstance(fields, dict):
                raise ValueError("not an object")
            return _known(fields)
        except (ValueError, RecursionError):
            self.damaged += 1
            return None


def _known(fields: dict[str, object]) -> Line | None:
    match fields.get("T"):
        case 1001:  # FEEDBACK_BASE_INFO
            return Feedback(_angle(fields.get("pan")), _angle(fields.get("tilt")))
        case 1005 if isinstance(servo := fields.get("id"), int) and fields.get("status") == 0:
            return ServoSilent(servo)
    return None


def _angle(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -360.0 <= value <= 360.0:  # also what is not a number
        raise ValueError(f"{value} is no angle")
    return float(value)
