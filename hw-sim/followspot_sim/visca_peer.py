"""A simulated VISCA camera: the device's side of the protocol, written from the makers' documents alone.

Packets and replies: Sony, "VISCA Command List" E-042-100-12, pages 4 to 7 and 20. Speeds and units: Telycam TLC-700-S
user manual, page 13. Header of VISCA over IP: Sony, SRG-300H Technical Manual A-ES6-100-11, page 31.
"""

import struct
from dataclasses import dataclass

from followspot_sim.plant import AxisLimits
from followspot_sim.turntable import Turntable

# fmt: off
PAN_DPS = (
    1.0, 1.5, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2, 3.4, 3.8, 4.5, 6.0,
    9.0, 15.0, 19.0, 25.0, 32.0, 38.0, 45.0, 58.0, 75.0, 88.0, 105.0, 120.0,
)
TILT_DPS = (
    1.0, 1.5, 2.2, 3.6, 4.7, 6.0, 8.0, 10.0, 12.0,
    15.0, 18.0, 23.0, 30.0, 39.0, 48.0, 59.0, 69.0, 80.0,
)
# fmt: on
UNITS_PER_DEG = 14.4
_LIMITS = (AxisLimits(-170.0, 170.0, 120.0, 400.0), AxisLimits(-30.0, 90.0, 80.0, 400.0))
_MS = 1_000_000


@dataclass(slots=True)
class Quirks:
    """How this camera misbehaves; may be changed while it runs."""

    reply_ms: float = 5.0
    completion_ms: float = 20.0
    """Until then a command keeps its socket."""
    standby: bool = False
    """Motor commands are "not executable"."""
    knows_version: bool = True
    tells_while_moving: bool = True
    """Or the last resting place instead."""


@dataclass(frozen=True, slots=True)
class Later:
    """A packet to send so many milliseconds from now."""

    after_ms: float
    packet: bytes


class ViscaCamera:
    """Takes packets one by one, and moves its `table`."""

    def __init__(self, now_ns: int, quirks: Quirks) -> None:
        self.table = Turntable(now_ns, *_LIMITS, latency_ms=20.0)
        self.quirks = quirks
        self.stops = self.drives = 0
        self._busy: dict[int, int] = {}
        self._resting_place = (0, 0)

    def take(self, packet: bytes, now_ns: int) -> list[Later]:
        """One packet, 0xFF included; what it answers."""
        reply_ms = self.quirks.reply_ms
        text = packet.hex()
        if text == "883001ff":
            return [Later(reply_ms, bytes.fromhex("883002ff"))]
        if text == "88010001ff":
            self._busy.clear()
            return [Later(reply_ms, packet)]
        if text.startswith("8109"):
            return [Later(reply_ms, self._inform(text, now_ns))]
        if text.startswith("812") and len(packet) == 3:
            return [Later(reply_ms, self._cancel(int(text[3], 16), now_ns))]
        return self._command(packet, now_ns)

    def _inform(self, text: str, now_ns: int) -> bytes:
        if text == "81090612ff":
            return bytes.fromhex("9050") + b"".join(map(_nibbles, self._units(now_ns))) + b"\xff"
        if text == "81090002ff" and self.quirks.knows_version:
            return bytes.fromhex("9050 0220 0510 0042 02 ff")
        return bytes.fromhex("906002ff")

    def _units(self, now_ns: int) -> tuple[int, int]:
        if self.quirks.tells_while_moving or self.table.rests(now_ns):
            pan_deg, tilt_deg = self.table.pose_at(now_ns)
            self._resting_place = (round(pan_deg * UNITS_PER_DEG), round(tilt_deg * UNITS_PER_DEG))
        return self._resting_place

    def _cancel(self, socket: int, now_ns: int) -> bytes:
        if self._busy.get(socket, 0) <= now_ns:
            return bytes((0x90, 0x60 | socket, 0x05, 0xFF))
        del self._busy[socket]
        return bytes((0x90, 0x60 | socket, 0x04, 0xFF))

    def _command(self, packet: bytes, now_ns: int) -> list[Later]:
        reply_ms = self.quirks.reply_ms
        socket = next((number for number in (1, 2) if self._busy.get(number, 0) <= now_ns), None)
        if socket is None:
            return [Later(reply_ms, bytes.fromhex("906003ff"))]
        if self.quirks.standby:
            return [Later(reply_ms, bytes((0x90, 0x60 | socket, 0x41, 0xFF)))]
        if not self._obey(packet, now_ns):
            return [Later(reply_ms, bytes.fromhex("906002ff"))]
        done_ms = reply_ms + self.quirks.completion_ms
        self._busy[socket] = now_ns + round(done_ms * _MS)
        ack, completion = (bytes((0x90, kind | socket, 0xFF)) for kind in (0x40, 0x50))
        return [Later(reply_ms, ack), Later(done_ms, completion)]

    def _obey(self, packet: bytes, now_ns: int) -> bool:
        if packet[:4] == b"\x81\x01\x06\x01" and len(packet) == 9:
            return self._drive(packet[4:8], now_ns)
        if packet[:4] == b"\x81\x01\x06\x02" and len(packet) == 15:
            return self._go(packet[4], packet[5], packet[6:14], now_ns)
        return False

    def _drive(self, speeds_and_ways: bytes, now_ns: int) -> bool:
        pan_speed, tilt_speed, pan_way, tilt_way = speeds_and_ways
        signs = {1: -1, 2: 1, 3: 0}
        if not (1 <= pan_speed <= 24 and 1 <= tilt_speed <= 20 and {pan_way, tilt_way} <= signs.keys()):
            return False
        tilt_dps = TILT_DPS[min(tilt_speed, len(TILT_DPS)) - 1]
        self.table.turn(now_ns, signs[pan_way] * PAN_DPS[pan_speed - 1], -signs[tilt_way] * tilt_dps)
        if pan_way == tilt_way == 3:
            self.stops += 1
        else:
            self.drives += 1
        return True

    def _go(self, pan_speed: int, tilt_speed: int, nibbles: bytes, now_ns: int) -> bool:
        if not (1 <= pan_speed <= 24 and 1 <= tilt_speed <= 20) or max(nibbles) > 15:
            return False
        goal = (_number(nibbles[:4]) / UNITS_PER_DEG, _number(nibbles[4:]) / UNITS_PER_DEG)
        self.table.go(now_ns, goal, (PAN_DPS[pan_speed - 1], TILT_DPS[min(tilt_speed, len(TILT_DPS)) - 1]))
        self.drives += 1
        return True


class OverIp:
    """The header of VISCA over IP around a camera: one datagram in, datagrams out."""

    _HEADER = struct.Struct(">2sHI")

    def __init__(self, camera: ViscaCamera) -> None:
        self._camera = camera
        self._last: int | None = None

    def forget(self) -> None:
        """Lose the sequence number, as at a reboot: everything is refused until RESET."""
        self._last = None

    def take(self, datagram: bytes, now_ns: int) -> list[Later]:
        """One datagram; what it answers. What is no VISCA over IP is ignored."""
        if len(datagram) <= self._HEADER.size:
            return []
        kind, length, number = self._HEADER.unpack_from(datagram)
        packet = datagram[self._HEADER.size :]
        if length != len(packet):
            return []
        if kind == b"\x02\x00":
            return self._control(packet, number)
        if kind not in (b"\x01\x00", b"\x01\x10") or (kind == b"\x01\x10") != (packet[1] == 0x09):
            return [self._wrapped(Later(1.0, b"\x0f\x02"), b"\x02\x01", number)]
        if self._last is None or number <= self._last:
            return [self._wrapped(Later(1.0, b"\x0f\x01"), b"\x02\x01", number)]
        self._last = number
        return [self._wrapped(later, b"\x01\x11", number) for later in self._camera.take(packet, now_ns)]

    def _control(self, packet: bytes, number: int) -> list[Later]:
        if packet != b"\x01":
            return []
        self._last = 0
        return [self._wrapped(Later(1.0, b"\x01"), b"\x02\x01", number)]

    def _wrapped(self, later: Later, kind: bytes, number: int) -> Later:
        return Later(later.after_ms, self._HEADER.pack(kind, len(later.packet), number) + later.packet)


def _nibbles(units: int) -> bytes:
    return bytes(int(digit, 16) for digit in f"{units & 0xFFFF:04x}")


def _number(nibbles: bytes) -> int:
    value = int("".join(f"{nibble:x}" for nibble in nibbles), 16)
    return value - 65536 if value >= 32768 else value
