"""Cases about what a dock must stand."""

import asyncio
import random
import time

from followspot_dock.conformance.bench import ANSWER_S, Bench, demand
from followspot_dock.conformance.case import case
from followspot_dock.conformance.peer import FailedError
from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import DELIMITER, MAX_PAYLOAD_BYTES, Frame

_UNKNOWN_TYPE = 0x7E
_NOISE_BYTES = 4000
_DAMAGED = 200
_PIECE = 10
"""So many frames fit into the buffer of any serial driver at once."""
_FLOOD = 2000
_STANDS_DEG = 0.5


@case()
async def unknown_messages_are_skipped(bench: Bench) -> None:
    """A message of an unknown type is skipped.

    docs/dock-protocol.md: "A message type that a receiver does not know is skipped without an answer."
    """
    peer = bench.peer
    for length in (0, 1, 40, MAX_PAYLOAD_BYTES):
        peer.send_frame(Frame(_UNKNOWN_TYPE, peer.next_sequence(), bytes(range(length))))
    await _demand_answers(bench)


@case()
async def longer_payloads_are_understood(bench: Bench) -> None:
    """Bytes behind the known fields of a message are ignored.

    docs/dock-protocol.md: "Bytes behind the fields that a receiver knows are ignored"
    """
    stop = messages.Stop(bench.new_id())
    mark = bench.peer.mark()
    bench.peer.send(stop, extra=b"\xff" * 20)
    await bench.peer.expect(mark, messages.Ack, ANSWER_S, lambda ack: (ack.acked, ack.id) == (stop.TYPE, stop.id))


@case()
async def short_payloads_move_nothing(bench: Bench) -> None:
    """A payload that is too short for its type is not obeyed, however short.

    docs/dock-protocol.md: "A payload shorter than this page says is malformed."
    """
    start = await bench.rest()
    whole = messages.Drive(bench.new_id(), messages.MAX_TTL_MS, 0, 20.0, 10.0).to_payload()
    for length in range(len(whole)):
        bench.peer.send_frame(Frame(messages.Drive.TYPE, bench.peer.next_sequence(), whole[:length]))
        await asyncio.sleep(0.01)
    await _demand_stands(bench, start)
    await _demand_answers(bench)


@case(stream_only=True)
async def noise_is_survived(bench: Bench) -> None:
    """After noise the dock is in step again with the first good frame behind a 0x00.

    docs/dock-protocol.md: "A receiver must take any bytes: it must never crash, must not use more memory than one
    frame, and must not move."
    """
    rng = random.Random(1)
    for _ in range(_NOISE_BYTES // 200):
        bench.peer.send_raw(rng.randbytes(200))
        await asyncio.sleep(0.02)
    bench.peer.send_raw(DELIMITER)
    await _demand_answers(bench)


@case(stream_only=True)
async def damaged_frames_move_nothing(bench: Bench) -> None:
    """A frame whose check sum is wrong is ignored, and the next one is heard.

    docs/dock-protocol.md: "It drops what is damaged (crc, lengths, a stretch without 0x00 longer than 247 bytes),
    and is in step again at the next 0x00."
    """
    start = await bench.rest()
    rng = random.Random(2)
    for _ in range(_DAMAGED):
        drive = messages.Drive(bench.new_id(), messages.MAX_TTL_MS, 0, 20.0, 10.0)
        wire = bytearray(bench.peer.codec.encode(messages.to_frame(drive, bench.peer.next_sequence())))
        position = rng.randrange(len(wire) - 1)
        wire[position] ^= 1 << rng.randrange(8)
        bench.peer.send_raw(bytes(wire))
        await asyncio.sleep(0.005)
    bench.peer.send_raw(DELIMITER)
    await _demand_answers(bench)
    await _demand_stands(bench, start)


@case(stream_only=True)
async def an_endless_frame_is_dropped(bench: Bench) -> None:
    """A frame longer than any is dropped up to the next 0x00.

    docs/dock-protocol.md: "It drops what is damaged (crc, lengths, a stretch without 0x00 longer than 247 bytes),
    and is in step again at the next 0x00."
    """
    for _ in range(20):
        bench.peer.send_raw(b"\x55" * 200)
        await asyncio.sleep(0.02)
    bench.peer.send_raw(DELIMITER)
    await _demand_answers(bench)


@case(stream_only=True)
async def a_cut_frame_costs_one(bench: Bench) -> None:
    """A frame that breaks off costs no more than the one behind it.

    docs/dock-protocol.md: "and is in step again at the next 0x00."
    """
    bench.peer.send_raw(bench.peer.codec.encode(messages.to_frame(messages.Stop(bench.new_id()), 1))[:-3])
    bench.peer.send(messages.ClockRequest(1))
    await _demand_answers(bench)


@case()
async def a_flood_is_survived(bench: Bench) -> None:
    """A dock that gets far more than it can answer keeps its poses and its safety.

    docs/dock-protocol.md: "Pose | 50 Hz | from HelloReply on, whatever happens"
    """
    mark, begun_s = bench.peer.mark(), time.monotonic()
    for number in range(_FLOOD):
        bench.peer.send(messages.ClockRequest(number))
        if number % _PIECE == 0:
            await asyncio.sleep(0.001)
    flood_s = time.monotonic() - begun_s
    bench.figure("asked_per_s", _FLOOD / flood_s)
    await _demand_answers(bench, tries=10)
    answered = bench.peer.since(mark, messages.ClockReply)
    bench.figure("answered_share", len(answered) / _FLOOD)
    mark = bench.peer.mark()
    await bench.poses(0.5)
    poses = bench.peer.since(mark, messages.Pose)
    demand(len(poses) >= 20, f"only {len(poses)} poses in the half second after it")
    await bench.stop()


async def _demand_answers(bench: Bench, tries: int = 1) -> None:
    """The conversation lives: a Stop gets its Ack, where need be after some repetitions, as a host does it."""
    stop = messages.Stop(bench.new_id())
    begun_ns = time.monotonic_ns()
    for last in range(tries - 1, -1, -1):
        try:
            acknowledged_ns = await bench.peer.request(stop, 2 * ANSWER_S)
        except FailedError:
            if not last:
                raise
        else:
            bench.figure("answers_after_ms", (acknowledged_ns - begun_ns) / 1e6)
            return


async def _demand_stands(bench: Bench, start: messages.Pose) -> None:
    pose = await bench.rest()
    moved_deg = max(abs(pose.pan_deg - start.pan_deg), abs(pose.tilt_deg - start.tilt_deg))
    bench.figure("moved_deg", moved_deg)
    demand(moved_deg <= _STANDS_DEG, f"it moved by {moved_deg:.1f} degrees")


INPUT = (
    unknown_messages_are_skipped,
    longer_payloads_are_understood,
    short_payloads_move_nothing,
    noise_is_survived,
    damaged_frames_move_nothing,
    an_endless_frame_is_dropped,
    a_cut_frame_costs_one,
    a_flood_is_survived,
)
