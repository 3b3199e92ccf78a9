"""Frames survive any cutting of the stream, and damage costs no more than the frames it hit."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followspot_dock.protocol.frames import MAX_PAYLOAD_BYTES, Frame, FrameParser, encode

frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 0xFFFF), st.binary(max_size=MAX_PAYLOAD_BYTES))


def bitwise_crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE as its definition says: polynomial 0x1021, start 0xFFFF, no reflection."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def test_golden_bytes() -> None:
    """A Stop with id 5 and sequence number 7, byte by byte as a firmware has to make it."""
    assert bitwise_crc(b"123456789") == 0x29B1  # the published check value
    body = bytes.fromhex("00 11 0700 0200 0500")
    assert bitwise_crc(body) == 0x64F8
    assert encode(Frame(0x11, 7, b"\x05\x00")).hex(" ") == "01 03 11 07 02 02 02 05 03 f8 64 00"


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 507, 508, MAX_PAYLOAD_BYTES])
@pytest.mark.parametrize("fill", [0x00, 0x01, 0xFF])
def test_block_boundaries(size: int, fill: int) -> None:
    frame = Frame(0x20, 0xFFFF, bytes((fill,)) * size)
    wire = encode(frame)
    assert wire.count(0) == 1
    assert FrameParser().feed(wire) == [frame]


@given(st.lists(frames, max_size=6), st.data())
def test_any_cutting_gives_the_same_frames(sent: list[Frame], data: st.DataObject) -> None:
    wire = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    parser = FrameParser()
    got = [f for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True) for f in parser.feed(wire[a:b])]
    assert got == sent
    assert parser.damaged == 0


@given(st.lists(frames, min_size=1, max_size=4), st.data())
def test_one_damaged_byte_costs_at_most_two_frames(sent: list[Frame], data: st.DataObject) -> None:
    wire = bytearray(b"".join(map(encode, sent)))
    where = data.draw(st.integers(0, len(wire) - 1))
    wire[where] ^= data.draw(st.integers(1, 255))
    got = FrameParser().feed(bytes(wire))
    assert all(frame in sent for frame in got)
    assert len(got) >= len(sent) - 2


@given(st.binary(max_size=4000), frames, frames)
def test_in_step_again_after_one_good_frame(noise: bytes, first: Frame, second: Frame) -> None:
    parser = FrameParser()
    parser.feed(noise)
    parser.feed(encode(first))
    assert parser.feed(encode(second)) == [second]


def test_noise_gives_no_frame_and_takes_no_memory() -> None:
    parser = FrameParser()
    source = random.Random(1)
    for _ in range(200):
        assert parser.feed(source.randbytes(10_000)) == []
        assert len(parser._partial) < 600
    assert parser.damaged > 1000
    endless = FrameParser()
    for _ in range(100):
        assert endless.feed(b"\xff" * 10_000) == []
        assert len(endless._partial) < 600
    assert endless.feed(b"\x00") == []
    assert endless.damaged == 1


@settings(max_examples=50)
@given(frames)
def test_another_version_is_noted_and_skipped(frame: Frame) -> None:
    import binascii
    import struct

    from followspot_dock.protocol.frames import _stuff

    body = struct.pack("<BBHH", 9, frame.type, frame.sequence, len(frame.payload)) + frame.payload
    parser = FrameParser()
    assert parser.feed(_stuff(body + struct.pack("<H", binascii.crc_hqx(body, 0xFFFF))) + b"\x00") == []
    assert parser.foreign_version == 9
    assert parser.damaged == 0


def test_overlong_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="513 bytes"):
        encode(Frame(1, 0, bytes(MAX_PAYLOAD_BYTES + 1)))
