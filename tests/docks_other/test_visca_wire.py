"""VISCA packets and the header of VISCA over IP: bytes from the makers' documents, and any bytes at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot_dock.visca import framing, packets
from followspot_dock.visca.models import MODELS, rate_of, step_for

STEPS = st.integers(-24, 24)
UNITS = st.integers(-0x8000, 0x7FFF)


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        # Sony E-042-100-12, page 20; the same in PTZOptics 12X-USB, page 53
        (packets.drive(0, 5), "81 01 06 01 01 05 03 01 ff"),  # Up
        (packets.drive(0, -5), "81 01 06 01 01 05 03 02 ff"),  # Down
        (packets.drive(-24, 0), "81 01 06 01 18 01 01 03 ff"),  # Left
        (packets.drive(24, 0), "81 01 06 01 18 01 02 03 ff"),  # Right
        (packets.drive(-3, 4), "81 01 06 01 03 04 01 01 ff"),  # UpLeft
        (packets.drive(3, -4), "81 01 06 01 03 04 02 02 ff"),  # DownRight
        (packets.drive(0, 0), "81 01 06 01 01 01 03 03 ff"),  # Stop
        (packets.POSITION_INQUIRY, "81 09 06 12 ff"),
        (packets.VERSION_INQUIRY, "81 09 00 02 ff"),
        (packets.cancel(2), "81 22 ff"),
        # Telycam TLC-700-S, page 13: 170° is 0990h, -30° is FE50h
        (packets.absolute(0x18, 0x14, 0x0990, -0x1B0), "81 01 06 02 18 14 00 09 09 00 0f 0e 05 00 ff"),
    ],
)
def test_commands_are_the_documents_bytes(packet: bytes, text: str) -> None:
    assert packet == bytes.fromhex(text)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        # Sony E-042-100-12, page 7; Avonic CM70-IP, page 59
        ("90 41 ff", packets.Ack(1)),
        ("90 52 ff", packets.Completion(2)),
        ("90 50 02 ff", packets.Answer(b"\x02")),
        ("90 60 02 ff", packets.Refusal(0, packets.SYNTAX_ERROR)),
        ("90 60 03 ff", packets.Refusal(0, packets.BUFFER_FULL)),
        ("90 61 04 ff", packets.Refusal(1, packets.CANCELED)),
        ("90 61 05 ff", packets.Refusal(1, packets.NO_SOCKET)),
        ("90 62 41 ff", packets.Refusal(2, packets.NOT_EXECUTABLE)),
        ("88 30 02 ff", None),
        ("91 41 ff", None),
        ("90 41 00 ff", None),
        ("90 ff", None),
    ],
)
def test_replies_are_read(text: str, reply: packets.Reply | None) -> None:
    assert packets.reply_of(bytes.fromhex(text)) == reply


def test_positions_at_the_ends_of_the_range() -> None:
    model = MODELS["ptzoptics"]
    assert packets.position(bytes.fromhex("0f06070000030600")) == (-2448, 0x0360)
    assert round(model.pan_max_deg * model.pan_units_per_deg) == 0x0990
    assert round(model.tilt_min_deg * model.tilt_units_per_deg) == 0xFE50 - 0x10000
    d100 = MODELS["sony-evi-d100"]
    assert round(d100.pan_max_deg * d100.pan_units_per_deg) == 0x05A0
    assert round(d100.tilt_max_deg * d100.tilt_units_per_deg) == 0x0168


@given(UNITS, UNITS)
def test_positions_survive_the_wire(pan: int, tilt: int) -> None:
    packet = packets.absolute(1, 1, pan, tilt)
    assert packets.position(packet[6:14]) == (pan, tilt)
    assert packet.count(packets.TERMINATOR) == 1


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(1, 7)))
def test_any_bytes_cost_at_most_the_packet_they_are_in(noise: list[bytes], cuts: list[int]) -> None:
    splitter = packets.Splitter()
    data = b"".join(noise) + b"\xff" + bytes.fromhex("9041ff")
    found: list[bytes] = []
    while data:
        size = cuts.pop() if cuts else 3
        found += splitter.feed(data[:size])
        data = data[size:]
        assert len(splitter._packet) <= packets.MAX_PACKET_BYTES + 1
    assert found[-1] == bytes.fromhex("9041ff")
    for packet in found:
        packets.reply_of(packet)


@given(st.binary(max_size=40))
def test_any_datagram_is_survived(data: bytes) -> None:
    numbered = framing.NumberedFraming()
    for inbound in numbered.unwrap(data):
        packets.reply_of(inbound.packet)


def test_the_header_of_visca_over_ip() -> None:
    """Sony, SRG-300H Technical Manual, page 31."""
    numbered = framing.NumberedFraming()
    assert numbered.opening() == bytes.fromhex("0200 0001 00000000 01")
    assert not numbered.in_step
    assert numbered.unwrap(bytes.fromhex("0201 0001 00000000 01")) == []
    assert numbered.in_step
    data, sequence = numbered.wrap(packets.drive(0, 0))
    assert (data, sequence) == (bytes.fromhex("0100 0009 00000001 810106010101 0303 ff"), 1)
    data, sequence = numbered.wrap(packets.POSITION_INQUIRY)
    assert (data, sequence) == (bytes.fromhex("0110 0005 00000002 8109 0612 ff"), 2)
    reply = numbered.unwrap(bytes.fromhex("0111 0003 00000001 9041ff"))
    assert reply == [framing.Inbound(bytes.fromhex("9041ff"), 1)]
    numbered.unwrap(bytes.fromhex("0201 0002 00000002 0f01"))  # abnormality in the sequence number
    assert not numbered.in_step


@given(st.sampled_from(sorted(MODELS)), st.floats(-400, 400))
def test_a_rate_is_never_above_what_was_asked(name: str, rate_dps: float) -> None:
    for steps_dps in (MODELS[name].pan_dps, MODELS[name].tilt_dps):
        assert list(steps_dps) == sorted(steps_dps)
        step = step_for(rate_dps, steps_dps)
        given_dps = rate_of(step, steps_dps)
        assert abs(given_dps) <= abs(rate_dps)
        assert given_dps * rate_dps >= 0
        faster = [fast for fast in steps_dps if abs(given_dps) < fast <= abs(rate_dps)]
        assert not faster
        assert abs(step) <= len(steps_dps)
