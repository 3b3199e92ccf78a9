"""Frames, and how they travel on a byte stream.

A frame is `header | payload`, little-endian throughout. Header `<BBHH`: version (1), message type, sequence number of
the sender (wraps; shows lost and old frames), payload length. These six bytes keep their meaning in all versions.

On a stream a frame is `COBS(header | payload | crc) 0x00`, crc being CRC-16/CCITT-FALSE (polynomial 0x1021, start
0xFFFF) over header and payload. COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) leaves no 0x00
inside a frame, so a receiver that was thrown off by noise is in step again after the next 0x00.
"""

import binascii
import struct
from dataclasses import dataclass
from typing import Protocol

PROTOCOL_VERSION = 1
MAX_PAYLOAD_BYTES = 238
"""With its header 244 bytes: one Bluetooth LE attribute value in one link-layer packet, and one block of COBS."""
DELIMITER = b"\x00"

HEADER = struct.Struct("<BBHH")
_CRC = struct.Struct("<H")
_CRC_START = 0xFFFF
_MAX_STUFFED_BYTES = HEADER.size + MAX_PAYLOAD_BYTES + _CRC.size + 1
"""COBS adds one byte to at most 253; anything longer cannot be a frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One undamaged frame."""

    type: int
    sequence: int
    payload: bytes
    version: int = PROTOCOL_VERSION


class Codec(Protocol):
    """Frames to what a transport carries, and back.

    `damaged` counts what was no frame, `foreign` the undamaged frames of other versions; `foreign_version` is that of
    the last one.
    """

    damaged: int
    foreign: int
    foreign_version: int | None

    def encode(self, frame: Frame) -> bytes:
        """What to send. Raises ValueError for a payload above MAX_PAYLOAD_BYTES."""
        ...

    def feed(self, data: bytes) -> list[Frame]:
        """The frames of this version that `data`, as received, completes, in order. Never raises."""
        ...


def pack(frame: Frame) -> bytes:
    """Header and payload. Raises ValueError for a payload above MAX_PAYLOAD_BYTES."""
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a payload of {len(frame.payload)} bytes is above the limit of {MAX_PAYLOAD_BYTES}")
    return HEADER.pack(frame.version, frame.type, frame.sequence, len(frame.payload)) + frame.payload


def unpack(data: bytes) -> Frame | None:
    """The frame of header and payload; None where the lengths do not agree."""
    if not HEADER.size <= len(data) <= HEADER.size + MAX_PAYLOAD_BYTES:
        return None
    version, kind, sequence, length = HEADER.unpack_from(data)
    if len(data) != HEADER.size + length:
        return None
    return Frame(kind, sequence, data[HEADER.size :], version)


class StreamCodec:
    """Takes the stream in pieces of any size; holds at most one frame's worth of bytes. A Codec."""

    def __init__(self) -> None:
        self.damaged = self.foreign = 0
        self.foreign_version: int | None = None
        self._partial = bytearray()
        self._overlong = False

    def encode(self, frame: Frame) -> bytes:
        """The frame as it goes on the wire, delimiter included. Raises ValueError as `pack` does."""
        body = pack(frame)
        return _stuff(body + _CRC.pack(binascii.crc_hqx(body, _CRC_START))) + DELIMITER

    @property
    def held_bytes(self) -> int:
        """How much of an unfinished frame is held."""
        return len(self._partial)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames of this version that `data` completes, in order."""
        *ends, rest = data.split(DELIMITER)
        frames = []
        for end in ends:
            self._collect(end)
            frame = self._finish()
            if frame is not None:
                frames.append(frame)
        self._collect(rest)
        return frames

    def _collect(self, piece: bytes) -> None:
        if self._overlong or len(self._partial) + len(piece) > _MAX_STUFFED_BYTES:
            self._overlong = True
            self._partial.clear()
        else:
            self._partial += piece

    def _finish(self) -> Frame | None:
        block, overlong = bytes(self._partial), self._overlong
        self._partial.clear()
        self._overlong = False
        if not block and not overlong:
            return None  # delimiters in a row: a sender that clears the line
        frame = _checked(block)
        if frame is None:
            self.damaged += 1
            return None
        if frame.version != PROTOCOL_VERSION:
            self.foreign += 1
            self.foreign_version = frame.version
            return None
        return frame


def _checked(block: bytes) -> Frame | None:
    """The frame in a block between delimiters, or None where it is damaged."""
    body = _unstuff(block)
    if body is None or len(body) < HEADER.size + _CRC.size:
        return None
    content, crc = body[: -_CRC.size], body[-_CRC.size :]
    if binascii.crc_hqx(content, _CRC_START) != _CRC.unpack(crc)[0]:
        return None
    return unpack(content)


def _stuff(data: bytes) -> bytes:
    # A frame is shorter than COBS's longest run without a zero (254), so each run is one block.
    return b"".join(bytes((len(run) + 1,)) + run for run in data.split(DELIMITER))


def _unstuff(block: bytes) -> bytes | None:
    data, end = bytearray(block), len(block)
    position = 0
    while position < end:
        data[position] = 0  # what a length byte stands for
        position += block[position]
    return bytes(data[1:]) if position == end else None
