"""The fuzz target: any bytes at either end of the wire, in both framings.

The first byte chooses framing and end, the second the size of the pieces; the rest is what comes in.
"""

import random

from followspot_dock import Capabilities, DockEvent
from followspot_dock.event_memory import EventMemory
from followspot_dock.host import HostSession
from followspot_dock.protocol import messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import MAX_PAYLOAD_BYTES, Codec, StreamCodec
from followspot_sim.firmware import Firmware
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import MarkerSight, Sight

START_NS = 5_000_000_000
SENSOR = MarkerSensor(MarkerTable(sigma_deg=0.5))
LATER_NS = 1_000_000_000
"""Longest time to live and braking."""
SESSION_ID = 1
MAX_EVENTS_PER_BYTE = 1
MAX_HELD_BYTES = MAX_PAYLOAD_BYTES + 9


def one_input(data: bytes) -> None:
    """Raises where any promise is broken: no exception, bounded memory, no motion, in step after one good frame."""
    if len(data) < 2:
        return
    codecs: tuple[type[Codec], ...] = (StreamCodec, DatagramCodec)
    codec = codecs[data[0] & 1]
    if data[0] & 2:
        _to_dock(codec, _pieces(data, codec), greeted=bool(data[0] & 4))
    else:
        _to_host(codec, _pieces(data, codec))


def _pieces(data: bytes, codec: type[Codec]) -> list[bytes]:
    size = data[1] or len(data)
    rest = data[2:]
    if codec is DatagramCodec and not data[1]:
        return rest.split(b"\xff\xff")
    return [rest[start : start + size] for start in range(0, len(rest), size)]


def _firmware(codec: Codec) -> tuple[Firmware, Plant]:
    plant = Plant(START_NS)
    sights = (MarkerSight(1, Sight(20.0, 5.0, 3.0, True)),)
    return Firmware(plant, lambda _: sights, lambda *_: None, random.Random(1), SENSOR, START_NS, codec), plant


def _hello(codec: Codec) -> bytes:
    return codec.encode(messages.to_frame(messages.Hello(SESSION_ID, 0, "fuzz"), 0))


def _to_dock(codec: type[Codec], pieces: list[bytes], *, greeted: bool) -> None:
    inbound = codec()
    dock, plant = _firmware(inbound)
    if greeted:
        dock.receive(_hello(codec()), START_NS)
    for piece in pieces:
        dock.receive(piece, START_NS)
        _check_memory(inbound)
    if not greeted and not _knows_hello(codec, pieces):
        assert plant.rates_at(START_NS + LATER_NS // 4) == (0.0, 0.0), "the dock moved without a hello"
    dock.receive(b"\x00" if codec is StreamCodec else b"", START_NS)
    assert dock.receive(_hello(codec()), START_NS), "the dock did not hear a good frame"
    for step in range(50):
        dock.advance(START_NS + step * LATER_NS // 50)
    assert plant.rates_at(START_NS + LATER_NS) == (0.0, 0.0), "the dock moves on stale intent"


def _knows_hello(codec: type[Codec], pieces: list[bytes]) -> bool:
    reader = codec()
    return any(frame.type == messages.Hello.TYPE for piece in pieces for frame in reader.feed(piece))


def _to_host(codec: type[Codec], pieces: list[bytes]) -> None:
    events: list[DockEvent] = []
    ready: list[Capabilities] = []
    inbound = codec()
    host = HostSession(inbound, lambda _: None, events.append, ready.append, EventMemory(), False, SESSION_ID)
    host.begin(START_NS)
    dock, _ = _firmware(codec())
    for answer in dock.receive(_hello(codec()), START_NS):
        host.receive(answer, START_NS)
    assert len(ready) == 1
    for piece in pieces:
        host.receive(piece, START_NS)
        _check_memory(inbound)
    assert len(events) <= MAX_EVENTS_PER_BYTE * sum(map(len, pieces))
    host.tick(START_NS + LATER_NS // 50)
    good = codec().encode(messages.to_frame(messages.Ack(messages.Stop.TYPE, 1), 2))
    damaged = inbound.damaged
    host.receive(b"\x00" if codec is StreamCodec else b"", START_NS)
    allowed = damaged + 1
    host.receive(good, START_NS)
    assert inbound.damaged <= allowed, "the host did not hear a good frame"


def _check_memory(codec: Codec) -> None:
    assert not isinstance(codec, StreamCodec) or codec.held_bytes <= MAX_HELD_BYTES, "a frame grew without end"
