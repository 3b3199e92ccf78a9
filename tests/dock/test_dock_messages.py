"""Every message survives both framings, may grow, and never breaks a receiver."""

import dataclasses
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot_dock.protocol import fields, messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import MAX_PAYLOAD_BYTES, Codec, Frame, StreamCodec

TEXT = st.text(st.characters(categories=("L", "N", "P")), max_size=8)
BY_KIND: dict[int, st.SearchStrategy[Any]] = {
    id(fields.U8): st.integers(0, 0xFF),
    id(fields.U16): st.integers(0, 0xFFFF),
    id(fields.U32): st.integers(0, 2**32 - 1),
    id(fields.U64): st.integers(0, 2**64 - 1),
    id(fields.FLAG): st.booleans(),
    id(fields.MILLI): st.integers(-(2**31), 2**31 - 1).map(lambda milli: milli / 1000),
    id(fields.QUALITY): st.integers(0, 255).map(lambda step: step / 255),
    id(fields.PERCENT): st.none() | st.integers(0, 100),
    id(fields.TENTHS): st.none() | st.integers(-0x7FFF, 0x7FFF).map(lambda tenths: tenths / 10),
}


def some(kind: type[messages.Message]) -> st.SearchStrategy[messages.Message]:
    return st.builds(kind, *(BY_KIND[id(field)] for field in kind.LAYOUT), *[TEXT] * kind.TEXTS)


any_message = st.one_of(*map(some, messages.KNOWN))
any_codec = st.sampled_from([StreamCodec, DatagramCodec])


@given(any_message, any_codec, st.binary(max_size=20))
def test_round_trip_and_growth(message: messages.Message, codec: type[Codec], later_fields: bytes) -> None:
    (frame,) = codec().feed(codec().encode(messages.to_frame(message, 3)))
    assert messages.from_frame(frame) == message
    assert messages.from_frame(dataclasses.replace(frame, payload=frame.payload + later_fields)) == message


@given(st.integers(0, 255), st.binary(max_size=MAX_PAYLOAD_BYTES))
def test_any_payload_is_a_message_or_none_or_a_value_error(kind: int, payload: bytes) -> None:
    try:
        message = messages.from_frame(Frame(kind, 0, payload))
    except ValueError:
        assert kind in messages.BY_TYPE
    else:
        assert (message is None) == (kind not in messages.BY_TYPE)


@given(any_message)
def test_a_payload_cut_short_is_a_value_error(message: messages.Message) -> None:
    with pytest.raises(ValueError, match=r"requires a buffer|cut short"):
        messages.from_frame(Frame(message.TYPE, 0, message.to_payload()[:-1]))


@pytest.mark.parametrize("kind", messages.KNOWN)
def test_every_message_fits_a_frame_with_room_to_grow(kind: type[messages.Message]) -> None:
    longest = kind.fixed().size + kind.TEXTS * (1 + messages.MAX_TEXT_BYTES)
    assert longest <= MAX_PAYLOAD_BYTES - 32


def test_types_are_unique() -> None:
    assert len(messages.BY_TYPE) == len(messages.KNOWN)


def test_long_text_is_cut_between_characters() -> None:
    payload = messages.Hello(1, 0, "ä" * 40 + "x").to_payload()
    assert messages.Hello.from_payload(payload).host == "ä" * 16
    payload = messages.Hello(1, 0, "x" + "ä" * 40).to_payload()
    assert messages.Hello.from_payload(payload).host == "x" + "ä" * 15


def test_text_that_would_spoil_a_log_line_is_marked() -> None:
    payload = struct.pack("<IB", 1, 0) + b"\x06a\n\x1b\xff\xe2b"
    assert messages.Hello.from_payload(payload).host == "a\ufffd\ufffd\ufffd\ufffdb"


def test_an_angle_keeps_its_millidegree() -> None:
    pose = messages.Pose(1, 12.3456, -0.0004, 0, 0, 0)
    back = messages.Pose.from_payload(pose.to_payload())
    assert back.pan_deg == pytest.approx(12.346)
    assert back.tilt_deg == 0


@given(st.integers(0, 0xFFFF), st.integers(1, 0x7FFF))
def test_newer_goes_round_the_circle(number: int, step: int) -> None:
    assert messages.is_newer((number + step) & 0xFFFF, number)
    assert not messages.is_newer(number, (number + step) & 0xFFFF)
    assert not messages.is_newer(number, number)
