"""Every message survives the wire, may grow, and never breaks a receiver."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import Frame, FrameParser

angle = st.integers(-180_000, 180_000).map(lambda millidegrees: millidegrees / 1000)
time_us = st.integers(0, 2**64 - 1)
short_id = st.integers(0, 0xFFFF)
text = st.text(max_size=16)
percent = st.none() | st.integers(0, 100)
any_message: st.SearchStrategy[messages.Message] = st.one_of(
    st.builds(messages.Hello, text),
    st.builds(
        messages.HelloReply,
        time_us,
        st.integers(0, 2**32 - 1),
        *[angle] * 6,
        st.booleans(),
        *[text] * 3,
    ),
    st.builds(messages.Ack, short_id),
    st.builds(messages.Drive, short_id, angle, angle, st.integers(0, 0xFFFF)),
    st.builds(messages.Stop, short_id),
    st.builds(messages.MarkerLamp, st.booleans()),
    st.builds(messages.Pose, time_us, angle, angle, angle, angle),
    st.builds(messages.Marker, time_us, angle, angle, st.integers(0, 255).map(lambda step: step / 255)),
    st.builds(messages.Button, time_us, short_id, st.integers(0, 255)),
    st.builds(messages.Batteries, percent, percent),
)


@given(any_message, st.binary(max_size=20))
def test_round_trip_and_growth(message: messages.Message, later_fields: bytes) -> None:
    (frame,) = FrameParser().feed(messages.to_wire(message, 3))
    assert messages.from_frame(frame) == message
    assert messages.from_frame(dataclasses.replace(frame, payload=frame.payload + later_fields)) == message


@given(st.integers(0, 255), st.binary(max_size=80))
def test_any_payload_is_a_message_or_none(kind: int, payload: bytes) -> None:
    messages.from_frame(Frame(kind, 0, payload))


@given(any_message)
def test_a_payload_cut_short_is_none(message: messages.Message) -> None:
    assert messages.from_frame(Frame(message.TYPE, 0, message.to_payload()[:-1])) is None


def test_unknown_type_is_none() -> None:
    assert messages.from_frame(Frame(0xEE, 0, b"abc")) is None


def test_long_text_is_cut_to_its_field() -> None:
    payload = messages.Hello("x" * 500).to_payload()
    assert messages.Hello.from_payload(payload).host == "x" * messages.MAX_TEXT_BYTES


def test_an_angle_keeps_its_millidegree() -> None:
    pose = messages.Pose(1, 12.3456, -0.0004, 0, 0)
    back = messages.Pose.from_payload(pose.to_payload())
    assert back.pan_deg == pytest.approx(12.346)
    assert back.tilt_deg == 0
