"""The C codec agrees with the Python one, frame by frame, on whatever comes."""

import dataclasses
import json
import random
import re
import struct
from pathlib import Path
from typing import Any

import pytest

from dock_c.programs import CodecTool
from followspot_dock.protocol import messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.fields import MAX_TEXT_BYTES, Message
from followspot_dock.protocol.frames import MAX_PAYLOAD_BYTES, PROTOCOL_VERSION, Frame, StreamCodec
from support.c_build import SOURCES

VECTORS = sorted((SOURCES.parents[1] / "tests/vectors").glob("*.hex"))
_FRAMES = 20_000
_PIECE_BYTES = 4000
_NO_VERSION = -1
_COUNTERS = struct.Struct("<IIh")
_TEXT = struct.Struct(f"B{MAX_TEXT_BYTES}s")
_C_TYPES = {"B": "uint8_t", "H": "uint16_t", "I": "uint32_t", "Q": "uint64_t", "i": "int32_t", "h": "int16_t"}
_UNITS = {"_deg": "_mdeg", "_dps": "_mdps", "_dps2": "_mdps2", "temperature_c": "temperature_dc"}
"""Unit in Python to the unit that travels."""


def random_frame(rng: random.Random) -> Frame:
    kind = rng.choice([message.TYPE for message in messages.KNOWN]) if rng.random() < 0.8 else rng.randrange(256)
    length = rng.randrange(48) if rng.random() < 0.8 else rng.randint(0, MAX_PAYLOAD_BYTES)
    payload = bytes(rng.choice((0, 255, rng.randrange(256))) for _ in range(length))
    version = PROTOCOL_VERSION if rng.random() < 0.95 else rng.randrange(256)
    return Frame(kind, rng.randrange(0x10000), payload, version)


def damage(rng: random.Random, wire: bytes) -> bytes:
    data = bytearray(wire)
    place = rng.randrange(len(data))
    match rng.randrange(6):
        case 0:
            data[place] ^= 1 << rng.randrange(8)
        case 1:
            del data[place : place + rng.randint(1, 8)]
        case 2:
            data[place:place] = rng.randbytes(rng.randint(1, 300))
        case 3:
            data = data * 2
        case 4:
            data = data[:place]
        case 5:
            data[place] = 0
    return bytes(data)


def stream_of(rng: random.Random, count: int, share_damaged: float) -> bytes:
    codec = StreamCodec()
    wires = (codec.encode(random_frame(rng)) for _ in range(count))
    return b"".join(damage(rng, wire) if rng.random() < share_damaged else wire for wire in wires)


def parse_frames(data: bytes) -> list[Frame]:
    frames = []
    while data:
        version, kind, sequence, length = struct.unpack_from("<BBHH", data)
        frames.append(Frame(kind, sequence, data[6 : 6 + length], version))
        data = data[6 + length :]
    return frames


def accepted_frames(data: bytes) -> list[Frame]:
    return [frame for frame in parse_frames(data) if frame.version == PROTOCOL_VERSION]


def through(tool: CodecTool, frame: Frame) -> bytes:
    return tool.ask("m", struct.pack("<BH", frame.type, frame.sequence) + frame.payload)


@pytest.mark.parametrize("share_damaged", [0.0, 0.3, 1.0])
def test_streams_give_the_same_frames_and_counters(tool: CodecTool, share_damaged: float) -> None:
    rng = random.Random(f"stream {share_damaged}")
    python, accepted = StreamCodec(), 0
    data = stream_of(rng, _FRAMES, share_damaged) + rng.randbytes(20_000)
    while data:
        length = rng.randint(1, _PIECE_BYTES)
        piece, data = data[:length], data[length:]
        expected = python.feed(piece)
        answer = tool.ask("s", piece)
        damaged, foreign, foreign_version = _COUNTERS.unpack(answer[-_COUNTERS.size :])
        assert [
            frame for frame in parse_frames(answer[: -_COUNTERS.size]) if frame.version == PROTOCOL_VERSION
        ] == expected
        assert (damaged, foreign) == (python.damaged, python.foreign)
        assert foreign_version == (_NO_VERSION if python.foreign_version is None else python.foreign_version)
        accepted += len(expected)
    assert accepted > _FRAMES * 0.9 * (1 - share_damaged)
    assert python.damaged > 0


def test_a_good_frame_after_any_noise_is_accepted(tool: CodecTool) -> None:
    rng = random.Random("resynchronise")
    codec = StreamCodec()
    for _ in range(500):
        frame = Frame(0x20, rng.randrange(0x10000), rng.randbytes(26))
        answer = tool.ask("s", rng.randbytes(rng.randrange(600)) + b"\0" + codec.encode(frame))
        assert parse_frames(answer[: -_COUNTERS.size])[-1] == frame


def test_datagrams_give_the_same_frames(tool: CodecTool) -> None:
    rng = random.Random("datagrams")
    python = DatagramCodec()
    for _ in range(_FRAMES):
        data = python.encode(random_frame(rng))
        if rng.random() < 0.5:
            data = damage(rng, data)
        answer, damaged = tool.ask("d", data), python.damaged
        assert accepted_frames(answer) == python.feed(data)
        assert (answer == b"") == (python.damaged > damaged)


def test_messages_are_read_and_written_the_same(tool: CodecTool) -> None:
    rng = random.Random("messages")
    decoded = 0
    for _ in range(_FRAMES):
        frame = random_frame(rng)
        known = _decode(frame)
        answer = through(tool, frame)
        assert answer[0] == (1 if known is None else 2 if isinstance(known, ValueError) else 0)
        if not isinstance(known, Message) or _has_wild_text(known):
            continue
        decoded += 1
        payload, stream, datagram, raw = _split(answer[1:])
        again = Frame(frame.type, frame.sequence, payload)
        assert messages.from_frame(again) == known
        assert stream == StreamCodec().encode(again)
        assert datagram == DatagramCodec().encode(again)
        assert _wire_values(raw, known) == _wire_values_in_payload(payload, known)
    assert decoded > _FRAMES / 2


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_golden_bytes(tool: CodecTool, path: Path) -> None:
    head, *lines = path.read_text().splitlines()
    meta = json.loads(head[1:])
    vector = {name: bytes.fromhex(digits) for name, digits in (line.split() for line in lines)}
    frame = Frame(meta["type"], meta["sequence"], vector["payload"])
    assert accepted_frames(tool.ask("s", vector["stream"])[: -_COUNTERS.size]) == [frame]
    assert accepted_frames(tool.ask("d", vector["datagram"])) == [frame]
    assert _split(through(tool, frame)[1:])[:3] == [vector["payload"], vector["stream"], vector["datagram"]]


def test_texts_travel(tool: CodecTool) -> None:
    reply = _hello_reply("Bühne 1", "1.2.3", "A" * 32, "")
    payload, _, _, raw = _split(through(tool, messages.to_frame(reply, 0))[1:])
    assert payload == reply.to_payload()
    assert _wire_values(raw, reply)[-1] == (0, bytes(MAX_TEXT_BYTES))
    assert _wire_values(raw, reply)[-4][1].startswith("Bühne 1".encode())


@pytest.mark.parametrize("rest", [b"", b"more"], ids=["alone", "longer"])
def test_a_text_above_the_limit_is_cut_by_both(tool: CodecTool, rest: bytes) -> None:
    payload = struct.pack("<IBB", 7, 0, 100) + b"x" * 100 + rest
    cut, *_ = _split(through(tool, Frame(0x01, 0, payload))[1:])
    assert cut == struct.pack("<IBB", 7, 0, 32) + b"x" * 32
    known = messages.from_frame(Frame(0x01, 0, payload))
    assert known == messages.Hello(7, 0, "x" * 32)
    assert known.to_payload() == cut


def test_the_structs_name_every_field_in_wire_order() -> None:
    header = (SOURCES / "codec.h").read_text()
    for message in messages.KNOWN:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).lower()
        body = re.search(rf"struct dock_{name} {{(.*?)}};", header, re.DOTALL)
        assert body is not None, name
        declared = re.findall(r"^\s*(struct dock_text|\w+) (\w+);", body[1], re.MULTILINE)
        assert declared == _expected_members(message)
        assert re.search(rf"DOCK_{name.upper()} = {message.TYPE:#04x}\b", header)


def _expected_members(message: type[Message]) -> list[tuple[str, str]]:
    names = [field.name for field in dataclasses.fields(message)]
    types = ["bool" if kind.name == "bool" else _C_TYPES[kind.code] for kind in message.LAYOUT]
    types += ["struct dock_text"] * message.TEXTS
    return [(kind, _unit_that_travels(name)) for kind, name in zip(types, names, strict=True)]


def _unit_that_travels(name: str) -> str:
    for unit, travels in _UNITS.items():
        if name.endswith(unit):
            return name.removesuffix(unit) + travels
    return name


def _decode(frame: Frame) -> Message | ValueError | None:
    try:
        return messages.from_frame(frame)
    except ValueError as error:
        return error


def _has_wild_text(message: Message) -> bool:
    """Whether Python shows other characters than those that came."""
    return any("\ufffd" in value for value in dataclasses.astuple(message) if isinstance(value, str))


def _split(answer: bytes) -> list[bytes]:
    """Payload, stream form, datagram, raw struct."""
    parts = []
    for _ in range(3):
        (length,) = struct.unpack_from("<H", answer)
        parts.append(answer[2 : 2 + length])
        answer = answer[2 + length :]
    return [*parts, answer]


def _wire_values(raw: bytes, message: Message) -> list[Any]:
    """What the C struct holds, read with the compiler's alignment."""
    layout = struct.Struct("@" + "".join(kind.code for kind in message.LAYOUT))
    values: list[Any] = list(layout.unpack_from(raw))
    texts = raw[layout.size :]
    for index in range(message.TEXTS):
        values.append(_TEXT.unpack_from(texts, index * _TEXT.size))
    return values


def _wire_values_in_payload(payload: bytes, message: Message) -> list[Any]:
    fixed = message.fixed()
    values: list[Any] = list(fixed.unpack_from(payload))
    rest = payload[fixed.size :]
    for _ in range(message.TEXTS):
        values.append((rest[0], rest[1 : 1 + rest[0]].ljust(MAX_TEXT_BYTES, b"\0")))
        rest = rest[1 + rest[0] :]
    return values


def _hello_reply(*texts: str) -> messages.HelloReply:
    numbers: list[Any] = [1, 2, 3, 0, 1, 0x1FF, -170.0, 170.0, -30.0, 50.0, 120.0, 90.0, 400.0, 400.0]
    return messages.HelloReply(*numbers, *texts)
