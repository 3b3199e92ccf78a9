"""Cases about motion that must not happen, or must end."""

import asyncio
import time
from dataclasses import replace

from followspot_dock.conformance.bench import ANSWER_S, Bench, at_rest, demand
from followspot_dock.conformance.case import case
from followspot_dock.protocol import codes, messages

_GRACE_S = 0.15
"""Beyond a time to live: the motor's latency, the link's, and the period of the poses that show it."""
_STOP_ANSWER_MS = 100.0
_STANDS_DEG = 0.5
"""Less than this is trembling of encoder and gear, not motion."""
_BEYOND_DEG = 1.0
"""Past an end of the range: encoder noise and elastic stops."""


@case()
async def stops_when_time_is_over(bench: Bench) -> None:
    """A Drive that is not renewed ends by itself when its time to live is over.

    docs/dock-protocol.md: "When it is over and nothing newer came, the dock brakes by itself."
    """
    for ttl_ms in (100, messages.MAX_TTL_MS):
        await _expires(bench, ttl_ms)


async def _expires(bench: Bench, ttl_ms: int) -> None:
    await bench.centre()
    rate_dps = bench.gentle_dps()
    mark = bench.peer.mark()
    sent_ns = time.monotonic_ns()
    bench.drive(rate_dps, 0.0, ttl_ms)
    moved = await bench.peer.expect(mark, messages.Pose, ANSWER_S, lambda pose: not at_rest(pose))
    limit_s = ttl_ms / 1000 + bench.braking_s(rate_dps) + _GRACE_S
    still = await bench.still(bench.peer.heard.index(moved), limit_s + ANSWER_S)
    took_ms = bench.figure(f"stood_after_ttl_{ttl_ms}_ms", (still.arrival_ns - sent_ns) / 1e6)
    demand(took_ms <= limit_s * 1000, f"it stood only {took_ms:.0f} ms after a Drive for {ttl_ms} ms")


@case()
async def silence_of_the_host_stops(bench: Bench) -> None:
    """A dock that hears nothing stops within 500 ms.

    docs/dock-protocol.md: "longest time to live of a motion | 500 ms"
    """
    await bench.centre()
    rate_dps = bench.gentle_dps()
    await bench.drive_for(rate_dps, 0.0, 0.4)
    bench.drive(rate_dps, 0.0, messages.MAX_TTL_MS)
    await bench.hush()
    silent_ns, mark = time.monotonic_ns(), bench.peer.mark()
    limit_s = messages.MAX_TTL_MS / 1000 + bench.braking_s(rate_dps) + _GRACE_S
    still = await bench.still(mark, limit_s + ANSWER_S)
    took_ms = bench.figure("stood_after_ms", (still.arrival_ns - silent_ns) / 1e6)
    demand(took_ms <= limit_s * 1000, f"it turned on for {took_ms:.0f} ms")


@case()
async def long_lives_are_refused(bench: Bench) -> None:
    """A time to live of 0 or above 500 ms is refused, and nothing moves.

    docs/dock-protocol.md: "Every Drive, MoveTo, Park has a time to live of 1 to 500 ms; a dock must refuse any
    other."
    """
    start = await bench.rest()
    code = codes.RefusalCode.TTL_OUT_OF_RANGE
    for ttl_ms in (0, messages.MAX_TTL_MS + 1, 0xFFFF):
        await bench.peer.refused(messages.Drive(bench.new_id(), ttl_ms, 0, 20.0, 0.0), code, ANSWER_S)
        move = messages.MoveTo(bench.new_id(), ttl_ms, 0, *bench.middle(), 0.0)
        await bench.peer.refused(move, code, ANSWER_S)
    await _demand_stands(bench, start)


@case()
async def places_out_of_range_are_refused(bench: Bench) -> None:
    """A MoveTo beyond the range, or with a negative rate limit, is refused, and nothing moves.

    docs/dock-protocol.md: "positions beyond its range are refused."
    docs/dock-protocol.md: "a position the dock cannot reach, or a negative rate limit"
    """
    start = await bench.rest()
    hello, (pan_deg, tilt_deg) = bench.hello, bench.middle()
    for target in (
        (hello.pan_max_deg + 5.0, tilt_deg, 0.0),
        (pan_deg, hello.tilt_min_deg - 5.0, 0.0),
        (pan_deg, tilt_deg, -5.0),
    ):
        move = messages.MoveTo(bench.new_id(), messages.MAX_TTL_MS, 0, *target)
        await bench.peer.refused(move, codes.RefusalCode.VALUE_OUT_OF_RANGE, ANSWER_S)
    await _demand_stands(bench, start)


@case()
async def stale_intent_is_refused(bench: Bench) -> None:
    """A motion whose time to live was over before it arrived is refused.

    docs/dock-protocol.md: "and refuses a command that is dead on arrival (code 5)."
    """
    start = await bench.rest()
    issued_us = max(start.time_us - 2 * messages.MAX_TTL_MS * 1000, 1)
    stale = messages.Drive(bench.new_id(), messages.MAX_TTL_MS, issued_us, 20.0, 0.0)
    await bench.peer.refused(stale, codes.RefusalCode.TOO_OLD, ANSWER_S)
    await _demand_stands(bench, start)


@case()
async def of_several_reasons_the_first_is_told(bench: Bench) -> None:
    """A motion with more than one thing wrong is refused for the first of them, an old one not at all.

    docs/dock-protocol.md: "Where several hold, one is told: the first in the order 6, 1, 9, 7, 2, 3, 8, 5, 4."
    docs/dock-protocol.md: "A motion that is old gets no answer, whatever else is wrong with it, but for 6, 1 and 9."
    """
    start = await bench.rest()
    issued_us = max(start.time_us - 2 * messages.MAX_TTL_MS * 1000, 1)
    beyond_deg, tilt_deg = bench.hello.pan_max_deg + 5.0, bench.middle()[1]
    wrong_thrice = messages.MoveTo(bench.new_id(), messages.MAX_TTL_MS + 1, issued_us, beyond_deg, tilt_deg, 0.0)
    await bench.peer.refused(wrong_thrice, codes.RefusalCode.TTL_OUT_OF_RANGE, ANSWER_S)
    wrong_twice = replace(wrong_thrice, ttl_ms=messages.MAX_TTL_MS)
    await bench.peer.refused(wrong_twice, codes.RefusalCode.VALUE_OUT_OF_RANGE, ANSWER_S)
    await bench.stop()
    mark = bench.peer.mark()
    bench.peer.send(wrong_thrice)
    await _demand_stands(bench, start)
    demand(not bench.peer.since(mark, messages.Refusal), "an old motion was refused instead of ignored")


@case()
async def time_lives_from_when_it_was_issued(bench: Bench) -> None:
    """A time to live counts from issued_us, so what a link delays does not last longer.

    docs/dock-protocol.md: "The time to live counts from `issued_us`, when the host gave the command, in the dock's
    clock."
    """
    await bench.centre()
    rate_dps = bench.gentle_dps()
    now_us = (await bench.pose()).time_us
    mark = bench.peer.mark()
    sent_ns = time.monotonic_ns()
    bench.peer.send(messages.Drive(bench.new_id(), messages.MAX_TTL_MS, now_us - 300_000, rate_dps, 0.0))
    moved = await bench.peer.expect(mark, messages.Pose, ANSWER_S, lambda pose: not at_rest(pose))
    still = await bench.still(bench.peer.heard.index(moved), 1.0)
    took_ms = bench.figure("stood_after_ms", (still.arrival_ns - sent_ns) / 1e6)
    limit_ms = 200 + 1000 * (bench.braking_s(rate_dps) + _GRACE_S)
    demand(took_ms <= limit_ms, f"it stood after {took_ms:.0f} ms, though 300 of its 500 ms were over")


@case()
async def stop_is_prompt(bench: Bench) -> None:
    """Stop is acknowledged at once, and the dock brakes.

    docs/dock-protocol.md: "Brake now, as fast as the dock can. Always acknowledged."
    """
    await bench.centre()
    rate_dps = bench.gentle_dps()
    await bench.drive_for(rate_dps, 0.0, 0.5)
    bench.drive(rate_dps, 0.0, messages.MAX_TTL_MS)
    sent_ns, mark = time.monotonic_ns(), bench.peer.mark()
    answer_ms = bench.figure("answer_ms", (await bench.stop() - sent_ns) / 1e6)
    still = await bench.still(mark, 1.0)
    took_ms = bench.figure("stood_after_ms", (still.arrival_ns - sent_ns) / 1e6)
    demand(answer_ms <= _STOP_ANSWER_MS, f"its Ack took {answer_ms:.0f} ms")
    limit_ms = 1000 * (bench.braking_s(rate_dps) + _GRACE_S)
    demand(took_ms <= limit_ms, f"it stood after {took_ms:.0f} ms, {limit_ms:.0f} would do")


@case()
async def stop_twice(bench: Bench) -> None:
    """A repeated Stop is acknowledged again.

    docs/dock-protocol.md: "a Stop that is old is acknowledged all the same."
    """
    stop = messages.Stop(bench.new_id())
    await bench.peer.request(stop, ANSWER_S)
    await bench.peer.request(stop, ANSWER_S)


@case()
async def late_motion_does_not_undo_stop(bench: Bench) -> None:
    """A motion that is older than Stop, but arrives after it, moves nothing.

    docs/dock-protocol.md: "One whose id is not newer than the last one taken is old: not obeyed, not refused."
    """
    start = await bench.rest()
    late_id = bench.new_id()
    await bench.stop()
    bench.peer.send(messages.Drive(late_id, messages.MAX_TTL_MS, 0, 20.0, 10.0))
    await _demand_stands(bench, start)


@case()
async def old_motion_does_not_replace_a_newer(bench: Bench) -> None:
    """Of two motions that arrive in the wrong order, the newer one counts.

    docs/dock-protocol.md: "One whose id is not newer than the last one taken is old: not obeyed, not refused."
    """
    await bench.centre()
    rate_dps = bench.gentle_dps()
    older_id, mark = bench.new_id(), bench.peer.mark()
    bench.drive(rate_dps, 0.0, messages.MAX_TTL_MS)
    await bench.peer.expect(mark, messages.Pose, ANSWER_S, lambda pose: pose.pan_rate_dps > rate_dps / 2)
    bench.peer.send(messages.Drive(older_id, messages.MAX_TTL_MS, 0, -rate_dps, 0.0))
    await asyncio.sleep(_GRACE_S)
    pose = await bench.pose()
    demand(pose.pan_rate_dps > rate_dps / 4, f"it turns at {pose.pan_rate_dps:.1f}: it obeyed the older one")


@case()
async def a_duplicate_lives_no_longer(bench: Bench) -> None:
    """A Drive that arrives again under the same id does not live longer for it.

    docs/dock-protocol.md: "Both sides must stand frames that are lost, doubled, or late."
    """
    await bench.centre()
    rate_dps, ttl_ms = bench.gentle_dps(), 300
    sent_ns, mark = time.monotonic_ns(), bench.peer.mark()
    drive = bench.drive(rate_dps, 0.0, ttl_ms)
    moved = await bench.peer.expect(mark, messages.Pose, ANSWER_S, lambda pose: not at_rest(pose))
    while time.monotonic_ns() < sent_ns + 250_000_000:
        await asyncio.sleep(0.05)
        bench.peer.send(drive)
    still = await bench.still(bench.peer.heard.index(moved), 1.5)
    took_ms = bench.figure("stood_after_ms", (still.arrival_ns - sent_ns) / 1e6)
    limit_ms = ttl_ms + 1000 * (bench.braking_s(rate_dps) + _GRACE_S)
    demand(took_ms <= limit_ms, f"it stood after {took_ms:.0f} ms, {limit_ms:.0f} would do")


@case()
async def ends_of_the_pan_range_hold(bench: Bench) -> None:
    """Driven against the left or right end of its range, the dock stops there by itself, and comes back.

    docs/dock-protocol.md: "The dock watches its own end stops, stall and current."
    docs/dock-protocol.md: "At an end stop it may turn back."
    """
    await _hold(bench, 0, bench.hello.pan_min_deg, bench.hello.pan_max_deg)


@case()
async def ends_of_the_tilt_range_hold(bench: Bench) -> None:
    """Driven against the lower or upper end of its range, the dock stops there by itself, and comes back.

    docs/dock-protocol.md: "The dock watches its own end stops, stall and current."
    docs/dock-protocol.md: "At an end stop it may turn back."
    """
    await _hold(bench, 1, bench.hello.tilt_min_deg, bench.hello.tilt_max_deg)


async def _hold(bench: Bench, axis: int, low_deg: float, high_deg: float) -> None:
    await bench.centre()
    for end_deg, sign in ((high_deg, 1.0), (low_deg, -1.0)):
        await _push(bench, axis, end_deg, sign)
    await bench.peer.request(messages.ClearFault(bench.new_id(), 0), ANSWER_S)
    await bench.centre()


async def _push(bench: Bench, axis: int, end_deg: float, sign: float) -> None:
    rate_dps = bench.gentle_dps()
    near_deg, (pan_deg, tilt_deg) = end_deg - sign * rate_dps / 2, bench.middle()
    await bench.go_to(*((near_deg, tilt_deg) if axis == 0 else (pan_deg, near_deg)))
    mark = bench.peer.mark()
    pan_dps, tilt_dps = (sign * rate_dps, 0.0) if axis == 0 else (0.0, sign * rate_dps)
    await bench.drive_for(pan_dps, tilt_dps, 1.2)
    poses = [heard.message for heard in bench.peer.since(mark, messages.Pose)]
    angles = [(pose.pan_deg, pose.tilt_deg)[axis] for pose in poses]
    beyond_deg = max(sign * (angle - end_deg) for angle in angles)
    name = ("pan", "tilt")[axis] + ("_max" if sign > 0 else "_min")
    bench.figure(f"beyond_{name}_deg", beyond_deg)
    demand(beyond_deg <= _BEYOND_DEG, f"{name}: it went {beyond_deg:.1f} degrees past its range")
    demand(angles[-1] * sign > end_deg * sign - rate_dps / 4, f"{name}: it stopped at {angles[-1]:.1f}")
    demand(at_rest(poses[-1]), f"{name}: it still says that it turns")


async def _demand_stands(bench: Bench, start: messages.Pose) -> None:
    poses = [heard.message for heard in await bench.poses(messages.MAX_TTL_MS / 1000)]
    moved_deg = max(max(abs(pose.pan_deg - start.pan_deg), abs(pose.tilt_deg - start.tilt_deg)) for pose in poses)
    bench.figure("moved_deg", moved_deg)
    demand(moved_deg <= _STANDS_DEG, f"it moved by {moved_deg:.1f} degrees")


SAFETY = (
    stops_when_time_is_over,
    silence_of_the_host_stops,
    long_lives_are_refused,
    places_out_of_range_are_refused,
    stale_intent_is_refused,
    of_several_reasons_the_first_is_told,
    time_lives_from_when_it_was_issued,
    stop_is_prompt,
    stop_twice,
    late_motion_does_not_undo_stop,
    old_motion_does_not_replace_a_newer,
    a_duplicate_lives_no_longer,
    ends_of_the_pan_range_hold,
    ends_of_the_tilt_range_hold,
)
