"""Frames on a byte stream.

On the wire a frame is `COBS(header | payload | crc) 0x00`, little-endian throughout:

- header `<BBHH`: version (0), message type, sequence number of the sender (wraps; shows lost frames), payload length;
- payload: as the message type says (`messages`);
- crc: CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF) over header and payload.

COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) leaves no 0x00 inside a frame, so a receiver that
was thrown off by noise is in step again after the next 0x00: one damaged byte costs one frame, at most two.
"""

import binascii
import struct
from dataclasses import dataclass

PROTOCOL_VERSION = 0
MAX_PAYLOAD_BYTES = 512
DELIMITER = b"\x00"

_HEADER = struct.Struct("<BBHH")
_CRC = struct.Struct("<H")
_CRC_START = 0xFFFF
_FULL_BLOCK = 254
"""The longest run of COBS without an implied zero behind it (code byte 0xFF)."""
_MAX_BODY_BYTES = _HEADER.size + MAX_PAYLOAD_BYTES + _CRC.size
_MAX_STUFFED_BYTES = _MAX_BODY_BYTES + _MAX_BODY_BYTES // _FULL_BLOCK + 2
"""COBS adds a code byte per block; anything longer cannot be a frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One undamaged frame of this version."""

    type: int
    sequence: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """The frame as it goes on the wire, delimiter included.

    Raises ValueError for a payload above MAX_PAYLOAD_BYTES.
    """
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a payload of {len(frame.payload)} bytes is above the limit of {MAX_PAYLOAD_BYTES}")
    body = _HEADER.pack(PROTOCOL_VERSION, frame.type, frame.sequence & 0xFFFF, len(frame.payload)) + frame.payload
    return _stuff(body + _CRC.pack(binascii.crc_hqx(body, _CRC_START))) + DELIMITER


class FrameParser:
    """Takes the stream in pieces of any size and gives back whole frames; holds at most one frame's worth of bytes.

    `damaged` counts what lay between two delimiters and was no frame. `foreign_version` is the version of the
    last undamaged frame of another protocol version, None if there was none.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self.foreign_version: int | None = None
        self._partial = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in order."""
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
        body = _checked(block)
        if body is None:
            self.damaged += 1
            return None
        version, kind, sequence, length = _HEADER.unpack_from(body)
        if version != PROTOCOL_VERSION:
            self.foreign_version = version
            return None
        payload = body[_HEADER.size :]
        if len(payload) != length:
            self.damaged += 1
            return None
        return Frame(kind, sequence, payload)


def _checked(block: bytes) -> bytes | None:
    """Header and payload, or None where the block is damaged."""
    body = _unstuff(block)
    if body is None or len(body) < _HEADER.size + _CRC.size:
        return None
    content, crc = body[: -_CRC.size], body[-_CRC.size :]
    if binascii.crc_hqx(content, _CRC_START) != _CRC.unpack(crc)[0]:
        return None
    return content


def _stuff(data: bytes) -> bytes:
    stuffed = bytearray()
    for run in data.split(DELIMITER):
        start = 0
        while len(run) - start >= _FULL_BLOCK:
            stuffed.append(_FULL_BLOCK + 1)
            stuffed += run[start : start + _FULL_BLOCK]
            start += _FULL_BLOCK
        stuffed.append(len(run) - start + 1)
        stuffed += run[start:]
    return bytes(stuffed)


def _unstuff(block: bytes) -> bytes | None:
    data = bytearray()
    position = 0
    while position < len(block):
        code = block[position]
        end = position + code
        if end > len(block):
            return None
        data += block[position + 1 : end]
        if code <= _FULL_BLOCK and end < len(block):
            data.append(0)
        position = end
    return bytes(data)
