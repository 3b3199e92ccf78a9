"""VISCA packets: a header byte, up to 14 bytes, 0xFF.

Source: Sony, "VISCA Command List" E-042-100-12 (BRC-X400, SRG-X400, SRG-X120 …), pages 4 to 7 and 20; Avonic, CM70-IP
user manual, "Camera Return Commands". The controller is address 0, the camera 1: what goes out begins with 0x81,
what comes back with 0x90. Only the last byte of a packet is 0xFF, so a receiver is in step again after the next one.
"""

from dataclasses import dataclass

TERMINATOR = 0xFF
MAX_PACKET_BYTES = 16
_TO_CAMERA = 0x81
_FROM_CAMERA = 0x90
_COMMAND, _INQUIRY = 0x01, 0x09

ADDRESS_SET = bytes.fromhex("883001ff")
"""Serial line only: makes the first camera address 1."""
IF_CLEAR = bytes.fromhex("88010001ff")
"""Serial line only: empties the camera's command buffers."""
POSITION_INQUIRY = bytes((_TO_CAMERA, _INQUIRY, 0x06, 0x12, TERMINATOR))
VERSION_INQUIRY = bytes((_TO_CAMERA, _INQUIRY, 0x00, 0x02, TERMINATOR))

LENGTH_ERROR, SYNTAX_ERROR, BUFFER_FULL, CANCELED, NO_SOCKET, NOT_EXECUTABLE = 0x01, 0x02, 0x03, 0x04, 0x05, 0x41
REFUSALS = {
    LENGTH_ERROR: "message length error",
    SYNTAX_ERROR: "syntax error: not a command of this model",
    BUFFER_FULL: "command buffer full",
    CANCELED: "command canceled",
    NO_SOCKET: "no such command to cancel",
    NOT_EXECUTABLE: "not executable now: the camera is in standby or shows its menu",
}


@dataclass(frozen=True, slots=True)
class Ack:
    """The command was accepted into `socket`."""

    socket: int


@dataclass(frozen=True, slots=True)
class Completion:
    """The command in `socket` is done."""

    socket: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What an inquiry asked for."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """The camera did not do it; `socket` is 0 where it never got one."""

    socket: int
    code: int


Reply = Ack | Completion | Answer | Refusal


def reply_of(packet: bytes) -> Reply | None:
    """What the camera says in one packet (0xFF included); None for what is no reply to us."""
    if not 3 <= len(packet) <= MAX_PACKET_BYTES or packet[0] != _FROM_CAMERA or packet[-1] != TERMINATOR:
        return None
    kind, socket, payload = packet[1] & 0xF0, packet[1] & 0x0F, packet[2:-1]
    match kind:
        case 0x40 if not payload:
            return Ack(socket)
        case 0x50 if payload:
            return Answer(payload)
        case 0x50:
            return Completion(socket)
        case 0x60 if len(payload) == 1:
            return Refusal(socket, payload[0])
    return None


def drive(pan_step: int, tilt_step: int) -> bytes:
    """Pan-tiltDrive: turn with these speed steps, positive right and up, until told otherwise; (0, 0) is Stop."""
    direction = (_direction(pan_step, 0x02, 0x01), _direction(tilt_step, 0x01, 0x02))
    speeds = (max(abs(pan_step), 1), max(abs(tilt_step), 1))
    return bytes((_TO_CAMERA, _COMMAND, 0x06, 0x01, *speeds, *direction, TERMINATOR))


def absolute(pan_step: int, tilt_step: int, pan_units: int, tilt_units: int) -> bytes:
    """AbsolutePosition: go there with these speed steps, and rest."""
    position = _nibbles(pan_units) + _nibbles(tilt_units)
    return bytes((_TO_CAMERA, _COMMAND, 0x06, 0x02, pan_step, tilt_step)) + position + bytes((TERMINATOR,))


def cancel(socket: int) -> bytes:
    """Give up the command in `socket`."""
    return bytes((_TO_CAMERA, 0x20 | socket, TERMINATOR))


def position(payload: bytes) -> tuple[int, int] | None:
    """(pan, tilt) units of the answer to POSITION_INQUIRY: two signed 16-bit numbers, one nibble a byte."""
    if len(payload) != 8 or any(byte > 0x0F for byte in payload):
        return None
    return _signed(payload[:4]), _signed(payload[4:])


def version(payload: bytes) -> tuple[int, int, int] | None:
    """(vendor, model code, ROM version) of the answer to VERSION_INQUIRY."""
    if len(payload) != 7:
        return None
    vendor, model, rom = (int.from_bytes(payload[at : at + 2], "big") for at in (0, 2, 4))
    return vendor, model, rom


class Splitter:
    """Cuts a byte stream into packets; holds at most one packet. `damaged` counts what was too long to be one."""

    def __init__(self) -> None:
        self.damaged = 0
        self._packet = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that `data` completes, 0xFF included."""
        packets = []
        for byte in data:
            if len(self._packet) <= MAX_PACKET_BYTES:
                self._packet.append(byte)
            if byte == TERMINATOR:
                if len(self._packet) <= MAX_PACKET_BYTES:
                    packets.append(bytes(self._packet))
                else:
                    self.damaged += 1
                self._packet.clear()
        return packets


def _direction(step: int, positive: int, negative: int) -> int:
    if step == 0:
        return 0x03
    return positive if step > 0 else negative


def _nibbles(units: int) -> bytes:
    return bytes((units >> shift) & 0x0F for shift in (12, 8, 4, 0))


def _signed(nibbles: bytes) -> int:
    value = 0
    for nibble in nibbles:
        value = value << 4 | nibble
    return value - 0x10000 if value & 0x8000 else value
