"""The document, the golden vectors and the code say the same, byte by byte."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from followspot_dock.protocol import ble, codes, messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.fields import Message
from followspot_dock.protocol.frames import MAX_PAYLOAD_BYTES, PROTOCOL_VERSION, Codec, StreamCodec

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/dock-protocol.md").read_text(encoding="utf-8")
VECTORS = sorted((ROOT / "tests/vectors").glob("*.hex"))
BY_NAME = {kind.__name__: kind for kind in messages.KNOWN}
SIZES = {"u8": 1, "bool": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "u64": 8}


def rows(section: str) -> list[list[str]]:
    """The cells of a section's first table, without its head."""
    lines = section.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def section(heading: str) -> str:
    return DOCUMENT.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]


def test_every_message_is_described_under_its_number() -> None:
    described = re.findall(r"^### 0x([0-9a-f]{2}) (\w+) \((h → d|d → h|both)\)$", DOCUMENT, re.MULTILINE)
    assert [(int(number, 16), name) for number, name, _ in described] == [
        (kind.TYPE, kind.__name__) for kind in messages.KNOWN
    ]


@pytest.mark.parametrize("kind", messages.KNOWN)
def test_offsets_sizes_types_and_names(kind: type[Message]) -> None:
    heading = next(line for line in DOCUMENT.splitlines() if line.startswith(f"### 0x{kind.TYPE:02x} "))
    table = rows(section(heading))
    fields = dataclasses.fields(kind)
    offset = 0
    for row, field, wire in zip(table, fields, kind.LAYOUT, strict=False):
        assert row[:4] == [str(offset), str(SIZES[wire.name]), wire.name, field.name]
        offset += SIZES[wire.name]
    assert offset == kind.fixed().size
    texts = [row[2:4] for row in table[len(kind.LAYOUT) :]]
    assert texts == [["text", field.name] for field in fields[len(kind.LAYOUT) :]]
    assert len(texts) == kind.TEXTS


def test_error_codes() -> None:
    described = [(int(row[0]), row[1]) for row in rows(section("## Error codes"))]
    assert described == [(code.value, code.name.lower().replace("_", " ")) for code in codes.RefusalCode]


def test_constants() -> None:
    for uuid in (ble.SERVICE_UUID, ble.COMMAND_UUID, ble.REPORT_UUID):
        assert f"`{uuid}`" in DOCUMENT
    assert f"must accept {ble.MIN_ATT_MTU} or more" in DOCUMENT
    assert f"0 to {MAX_PAYLOAD_BYTES} |" in DOCUMENT
    assert f"# The dock protocol, version {PROTOCOL_VERSION}\n" in DOCUMENT
    assert f"| {messages.MAX_TTL_MS} ms | |" in DOCUMENT


def test_every_message_has_a_vector() -> None:
    named = [json.loads(path.read_text().splitlines()[0][1:])["message"] for path in VECTORS]
    assert sorted(named) == sorted(BY_NAME)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_golden_bytes_both_ways(path: Path) -> None:
    head, *lines = path.read_text().splitlines()
    meta = json.loads(head[1:])
    vector = {name: bytes.fromhex(digits) for name, digits in (line.split() for line in lines)}
    kind = BY_NAME[meta["message"]]
    assert meta["type"] == kind.TYPE
    message = kind(**meta["fields"])
    frame = messages.to_frame(message, meta["sequence"])
    assert frame.payload == vector["payload"]
    codec: Codec
    for codec, name in ((StreamCodec(), "stream"), (DatagramCodec(), "datagram")):
        assert codec.encode(frame) == vector[name]
        (back,) = codec.feed(vector[name])
        assert (back.sequence, messages.from_frame(back)) == (meta["sequence"], message)
