"""How VISCA packets travel: bare, or behind Sony's 8-byte header.

Source of the header: Sony, SRG-300H Technical Manual A-ES6-100-11, page 31, and the same in Everet's EVP230N and
Telycam's TLC-300-IP manuals. Big endian: payload type, payload length (1 to 16), sequence number; the answer repeats
the number of what it answers. The controller begins with RESET, which sets the camera's number to 0; a number that
the camera does not like is answered with ERROR.
"""

import struct
from dataclasses import dataclass
from typing import Protocol

from followspot_dock.visca import packets

HEADER = struct.Struct(">HHI")
COMMAND_TYPE, INQUIRY_TYPE, REPLY_TYPE = 0x0100, 0x0110, 0x0111
CONTROL_TYPE, CONTROL_REPLY_TYPE = 0x0200, 0x0201
RESET = b"\x01"
RESET_DONE = b"\x01"
_SEQUENCE_MASK = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Inbound:
    """A packet from the camera, and the number of what it answers where the framing has numbers."""

    packet: bytes
    sequence: int | None


class Framing(Protocol):
    """One conversation's packets on the wire. `in_step` says whether the camera will take packets now."""

    in_step: bool

    def opening(self) -> bytes:
        """What to send first, and again until `in_step`; empty where nothing is needed."""

    def wrap(self, packet: bytes) -> tuple[bytes, int | None]:
        """The packet as it goes on the wire, and its number."""

    def unwrap(self, data: bytes) -> list[Inbound]:
        """The packets in what came: any piece of a stream, or one datagram."""

    def lone_stop(self, stop: bytes) -> list[bytes]:
        """Writes that stop the camera whatever was sent before; the conversation must be opened anew afterwards."""

    def restart(self) -> None:
        """Forget what was agreed; the opening is due again."""


class BareFraming:
    """Packets as they are: serial line, TCP, and the plain UDP of some makers. `opening_packets` go first."""

    def __init__(self, opening_packets: bytes = b"") -> None:
        self.in_step = True
        self._opening = opening_packets
        self._splitter = packets.Splitter()

    def opening(self) -> bytes:
        return self._opening

    def wrap(self, packet: bytes) -> tuple[bytes, int | None]:
        return packet, None

    def unwrap(self, data: bytes) -> list[Inbound]:
        return [Inbound(packet, None) for packet in self._splitter.feed(data)]

    def lone_stop(self, stop: bytes) -> list[bytes]:
        return [stop]

    def restart(self) -> None:
        return None


class NumberedFraming:
    """Sony's VISCA over IP. Datagrams that are no such thing are dropped and counted in `damaged`."""

    def __init__(self) -> None:
        self.in_step = False
        self.damaged = 0
        self._sequence = 0

    def opening(self) -> bytes:
        return numbered(CONTROL_TYPE, 0, RESET)

    def wrap(self, packet: bytes) -> tuple[bytes, int | None]:
        self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
        kind = INQUIRY_TYPE if packet[1] == 0x09 else COMMAND_TYPE
        return numbered(kind, self._sequence, packet), self._sequence

    def unwrap(self, data: bytes) -> list[Inbound]:
        if len(data) <= HEADER.size:
            self.damaged += 1
            return []
        kind, length, sequence = HEADER.unpack_from(data)
        payload = data[HEADER.size :]
        if length != len(payload) or length > packets.MAX_PACKET_BYTES:
            self.damaged += 1
            return []
        if kind == REPLY_TYPE:
            return [Inbound(payload, sequence)]
        if kind == CONTROL_REPLY_TYPE:
            self._on_control(payload)
        return []

    def lone_stop(self, stop: bytes) -> list[bytes]:
        return [self.opening(), numbered(COMMAND_TYPE, 1, stop)]

    def restart(self) -> None:
        self.in_step = False
        self._sequence = 0

    def _on_control(self, payload: bytes) -> None:
        if payload == RESET_DONE:
            if not self.in_step:
                self.in_step, self._sequence = True, 0
        else:
            self.restart()


def numbered(kind: int, sequence: int, payload: bytes) -> bytes:
    """`payload` behind the header."""
    return HEADER.pack(kind, len(payload), sequence) + payload
