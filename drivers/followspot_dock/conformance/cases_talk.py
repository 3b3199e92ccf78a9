"""Cases about the conversation: greeting, versions, clocks, silence."""

import asyncio
import statistics
import time

from followspot_dock import capabilities
from followspot_dock.conformance.bench import ANSWER_S, Bench, demand
from followspot_dock.conformance.case import case
from followspot_dock.conformance.wires import Transport
from followspot_dock.dock_clock import DockClock
from followspot_dock.protocol import codes, messages
from followspot_dock.protocol.frames import PROTOCOL_VERSION, Frame

_FORGOTTEN_S = messages.HOST_SILENCE_S + 0.5
_QUESTIONS = 40
_NEWER_HELLOS = 3
_LONG_TEXT_BYTES = 100
_CLOCK_LIMIT_MS = {Transport.SERIAL: 2.0, Transport.BLE: 25.0}
"""2 ms on a serial line, half of the longest connection interval that a dock may use (50 ms) on Bluetooth LE."""


@case()
async def hello_says_who_and_what(bench: Bench) -> None:
    """HelloReply echoes the session and tells plausible capabilities.

    docs/dock-protocol.md: "Capabilities that cannot be true: a rate or acceleration that is not above 0, a least
    angle that is not below the most, an angle beyond ±360°."
    docs/dock-protocol.md: "how many markers it can follow at once; 0 without marker sensor"
    """
    hello = bench.hello
    absurd = capabilities.absurdity(capabilities.from_reply(hello))
    demand(absurd is None, f"it cannot be true that {absurd}")
    demand(hello.session_id == bench.session_id, "the session id is not the one of our Hello")
    for name in ("model", "firmware", "serial_number"):
        demand(bool(getattr(hello, name)), f"{name} is empty")
    features = codes.Feature(hello.features & sum(codes.Feature))
    demand((codes.Feature.MARKER in features) == (hello.max_markers > 0), "MARKER and max_markers do not agree")
    demand((codes.Feature.MICROPHONE in features) == bool(hello.microphone), "MICROPHONE and its name do not agree")
    bench.figure("pan_range_deg", hello.pan_max_deg - hello.pan_min_deg)
    bench.figure("tilt_range_deg", hello.tilt_max_deg - hello.tilt_min_deg)


@case()
async def hello_again(bench: Bench) -> None:
    """A repeated Hello of the same session is answered and disturbs nothing.

    docs/dock-protocol.md: "A Hello with the **same** `session_id` is a repetition: the dock answers and changes
    nothing."
    """
    boot_id = bench.hello.boot_id
    await bench.centre()
    rate_dps = bench.gentle_dps()
    bench.drive(rate_dps, 0.0, messages.MAX_TTL_MS)
    await bench.peer.expect(bench.peer.mark(), messages.Pose, ANSWER_S, lambda pose: pose.pan_rate_dps > rate_dps / 2)
    again = await bench.greet()
    demand(again.boot_id == boot_id, "boot_id changed without a boot")
    pose = await bench.pose()
    demand(pose.pan_rate_dps > rate_dps / 4, "the repeated Hello stopped the motion")


@case()
async def new_session_stops_the_old_one(bench: Bench) -> None:
    """A Hello with another session id ends what the earlier host had begun.

    docs/dock-protocol.md: "A Hello with **another `session_id`** than the present one begins a new conversation
    from either state: the dock stops"
    """
    await bench.centre()
    rate_dps = bench.gentle_dps()
    bench.drive(rate_dps, 0.0, messages.MAX_TTL_MS)
    await bench.peer.expect(bench.peer.mark(), messages.Pose, ANSWER_S, lambda pose: pose.pan_rate_dps > rate_dps / 2)
    bench.session_id ^= 1
    begun_ns = time.monotonic_ns()
    await bench.greet()
    still = await bench.still(bench.peer.mark(), ANSWER_S)
    bench.figure("stopped_after_ms", (still.arrival_ns - begun_ns) / 1e6)


@case()
async def no_motion_before_hello(bench: Bench) -> None:
    """A Drive before Hello is refused, and nothing moves.

    docs/dock-protocol.md: "No motion before Hello; a new conversation begins at rest."
    docs/dock-protocol.md: "Answers Hello with HelloReply; Drive, MoveTo, Park, Stop and ClockRequest with Refusal
    (code 1, no hello); nothing else"
    """
    before = await bench.rest()
    await bench.hush()
    await asyncio.sleep(_FORGOTTEN_S)
    for command in (
        messages.Drive(bench.new_id(), messages.MAX_TTL_MS, 0, 20.0, 10.0),
        messages.MoveTo(bench.new_id(), messages.MAX_TTL_MS, 0, *bench.middle(), 0.0),
        messages.Park(bench.new_id(), messages.MAX_TTL_MS, 0),
        messages.Stop(bench.new_id()),
    ):
        await bench.peer.refused(command, codes.RefusalCode.NO_HELLO, ANSWER_S)
    await asyncio.sleep(messages.MAX_TTL_MS / 1000)
    await bench.greet()
    after = await bench.pose()
    moved_deg = bench.figure(
        "moved_deg", max(abs(after.pan_deg - before.pan_deg), abs(after.tilt_deg - before.tilt_deg))
    )
    demand(moved_deg < 0.5, f"the dock moved by {moved_deg:.2f} degrees")


@case()
async def silent_host_is_forgotten(bench: Bench) -> None:
    """After 3 s without a host the dock sends nothing any more.

    docs/dock-protocol.md: "the dock ends the conversation | after 3 s without a frame"
    """
    await bench.hush()
    silent_ns = time.monotonic_ns()
    await asyncio.sleep(_FORGOTTEN_S)
    mark = bench.peer.mark()
    await asyncio.sleep(0.5)
    late = bench.peer.since(mark, messages.Pose)
    demand(not late, f"{len(late)} poses came although nobody listens")
    poses = bench.peer.since(0, messages.Pose)
    bench.figure("silent_after_s", (poses[-1].arrival_ns - silent_ns) / 1e9)
    await bench.greet()


@case()
async def other_version_is_refused(bench: Bench) -> None:
    """Every Hello of a newer protocol version is refused, and the conversation goes on.

    docs/dock-protocol.md: "A dock answers one with Refusal of Hello (code 6) in its own version."
    docs/dock-protocol.md: "Each such frame gets one, in every state."
    """
    peer = bench.peer
    hello = messages.Hello(bench.session_id + 1 & 0xFFFFFFFF, 0, "newer").to_payload()
    mark = peer.mark()
    for _ in range(_NEWER_HELLOS):
        peer.send_frame(Frame(messages.Hello.TYPE, peer.next_sequence(), hello, PROTOCOL_VERSION + 1))
    await bench.poses(ANSWER_S)
    refused = [heard.message for heard in peer.since(mark, messages.Refusal)]
    demand(len(refused) == _NEWER_HELLOS, f"{len(refused)} of {_NEWER_HELLOS} were refused")
    for refusal in refused:
        demand(refusal.refused == messages.Hello.TYPE, f"the refusal names message type {refusal.refused}")
        demand(refusal.code == codes.RefusalCode.VERSION, f"it was refused with code {refusal.code}")


@case()
async def newer_minor_is_welcome(bench: Bench) -> None:
    """A Hello of a newer minor version, and longer than we know it, is answered.

    docs/dock-protocol.md: "newer minor versions add fields at the end, never before it."
    """
    hello = messages.Hello(bench.session_id, 255, "newer")
    mark = bench.peer.mark()
    bench.peer.send(hello, extra=b"\x01\x02\x03")
    await bench.peer.expect(mark, messages.HelloReply, ANSWER_S)


@case()
async def a_long_text_is_no_trouble(bench: Bench) -> None:
    """A Hello whose text is longer than any should be is answered.

    docs/dock-protocol.md: "A receiver keeps the first 32 bytes of one that is longer all the same and skips the rest
    of it"
    """
    text = bytes((_LONG_TEXT_BYTES,)) + b"x" * _LONG_TEXT_BYTES
    head = messages.Hello.fixed().pack(bench.session_id, messages.PROTOCOL_MINOR)
    mark = bench.peer.mark()
    bench.peer.send_frame(Frame(messages.Hello.TYPE, bench.peer.next_sequence(), head + text))
    await bench.peer.expect(mark, messages.HelloReply, ANSWER_S)


@case()
async def clocks_map_to_each_other(bench: Bench) -> None:
    """The clock exchange tells the dock's time within 2 ms on serial, half a connection interval on Bluetooth.

    docs/dock-protocol.md: "Over serial that is within 2 ms, over Bluetooth within half a connection interval"
    docs/dock-protocol.md: "Stamps in reports are those of the measurement."
    """
    clock, trips_ms = DockClock(), []
    mark = bench.peer.mark()
    for _ in range(_QUESTIONS):
        asked_ns = time.monotonic_ns()
        reply = await bench.peer.ask(
            messages.ClockRequest(asked_ns // 1000),
            messages.ClockReply,
            ANSWER_S,
            lambda reply, asked_us=asked_ns // 1000: reply.host_us == asked_us,  # type: ignore[misc]
        )
        answer = reply.message
        demand(answer.received_us <= answer.sent_us, "received_us is after sent_us")
        clock.heard(answer.sent_us, reply.arrival_ns)
        clock.reached(asked_ns, answer.received_us)
        trips_ms.append((reply.arrival_ns - asked_ns) / 1e6)
        await asyncio.sleep(0.02)
    bench.figure("round_trip_p50_ms", statistics.median(trips_ms))
    uncertainty_ms = bench.figure("uncertainty_ms", (clock.uncertainty_ns() or 0) / 1e6)
    limit_ms = _CLOCK_LIMIT_MS[bench.transport]
    demand(uncertainty_ms <= limit_ms, f"the clocks agree only within {uncertainty_ms:.1f} ms, not {limit_ms:g}")
    early_ms = [
        (clock.host_ns(heard.message.time_us) - heard.arrival_ns) / 1e6
        for heard in bench.peer.since(mark, messages.Pose)
    ]
    worst_ms = bench.figure("pose_ahead_of_arrival_ms", max(early_ms))
    demand(worst_ms <= 2 * limit_ms, f"poses are stamped {worst_ms:.1f} ms after they arrived: two clocks in one dock")


TALK = (
    hello_says_who_and_what,
    hello_again,
    new_session_stops_the_old_one,
    no_motion_before_hello,
    silent_host_is_forgotten,
    other_version_is_refused,
    newer_minor_is_welcome,
    a_long_text_is_no_trouble,
    clocks_map_to_each_other,
)
