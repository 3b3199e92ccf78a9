"""Frames survive any cutting of the stream, and damage costs no more than the frames it hit."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import MAX_PAYLOAD_BYTES, Codec, Frame, StreamCodec

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
    body = bytes.fromhex("01 12 0700 0200 0500")
    crc = bitwise_crc(body).to_bytes(2, "little")
    assert crc.hex() == "a9fb"
    assert StreamCodec().encode(Frame(0x12, 7, b"\x05\x00")).hex(" ") == "04 01 12 07 02 02 02 05 03 a9 fb 00"


@pytest.mark.parametrize("size", [0, 1, 237, MAX_PAYLOAD_BYTES])
@pytest.mark.parametrize("fill", [0x00, 0x01, 0xFF])
def test_block_boundaries(size: int, fill: int) -> None:
    frame = Frame(0x20, 0xFFFF, bytes((fill,)) * size)
    wire = StreamCodec().encode(frame)
    assert wire.count(0) == 1
    assert StreamCodec().feed(wire) == [frame]


@given(st.lists(frames, max_size=6), st.data())
def test_any_cutting_gives_the_same_frames(sent: list[Frame], data: st.DataObject) -> None:
    wire = b"".join(map(StreamCodec().encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    parser = StreamCodec()
    got = [f for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True) for f in parser.feed(wire[a:b])]
    assert got == sent
    assert parser.damaged == 0


@given(st.lists(frames, min_size=1, max_size=4), st.data())
def test_one_damaged_byte_costs_at_most_two_frames(sent: list[Frame], data: st.DataObject) -> None:
    wire = bytearray(b"".join(map(StreamCodec().encode, sent)))
    where = data.draw(st.integers(0, len(wire) - 1))
    wire[where] ^= data.draw(st.integers(1, 255))
    got = StreamCodec().feed(bytes(wire))
    assert all(frame in sent for frame in got)
    assert len(got) >= len(sent) - 2


@given(st.binary(max_size=4000), frames, frames)
def test_in_step_again_after_one_good_frame(noise: bytes, first: Frame, second: Frame) -> None:
    parser = StreamCodec()
    parser.feed(noise)
    parser.feed(parser.encode(first))
    assert parser.feed(parser.encode(second)) == [second]


def test_noise_gives_no_frame_and_takes_no_memory() -> None:
    parser = StreamCodec()
    source = random.Random(1)
    for _ in range(200):
        assert parser.feed(source.randbytes(10_000)) == []
        assert len(parser._partial) < 300
    assert parser.damaged > 1000
    endless = StreamCodec()
    for _ in range(100):
        assert endless.feed(b"\xff" * 10_000) == []
        assert len(endless._partial) < 300
    assert endless.feed(b"\x00") == []
    assert endless.damaged == 1


@given(frames, st.integers(0, 255).filter(lambda version: version != 1))
def test_another_version_is_noted_and_skipped(frame: Frame, version: int) -> None:
    codec: Codec
    for codec in (StreamCodec(), DatagramCodec()):
        assert codec.feed(codec.encode(replace(frame, version=version))) == []
        assert (codec.foreign, codec.foreign_version, codec.damaged) == (1, version, 0)


@pytest.mark.parametrize("codec", [StreamCodec(), DatagramCodec()])
def test_overlong_payload_is_refused(codec: Codec) -> None:
    with pytest.raises(ValueError, match="239 bytes"):
        codec.encode(Frame(1, 0, bytes(MAX_PAYLOAD_BYTES + 1)))


@given(frames)
def test_a_datagram_is_the_frame_without_stuffing_and_crc(frame: Frame) -> None:
    codec = DatagramCodec()
    datagram = codec.encode(frame)
    assert len(datagram) == 6 + len(frame.payload) <= 244
    assert codec.feed(datagram) == [frame]


@given(st.binary(max_size=300))
def test_any_datagram_is_a_frame_or_counted(datagram: bytes) -> None:
    codec = DatagramCodec()
    frames = codec.feed(datagram)
    assert len(frames) + codec.damaged + codec.foreign == 1
