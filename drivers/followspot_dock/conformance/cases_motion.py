"""Cases about motion that is wanted."""

import asyncio
import time
from dataclasses import replace

from followspot_dock.conformance.bench import ANSWER_S, Bench, demand
from followspot_dock.conformance.case import case
from followspot_dock.conformance.cases_reports import demand_silence_after_ack
from followspot_dock.protocol import codes, messages

_LATENCY_S = 0.15
"""From a command to the motor, with the link and the period of the poses that show it."""
_PLACE_DEG = 0.5
"""What a MoveTo may miss its place by: a tenth of the narrowest view's middle third."""
_STEP_DEG = 10.0


@case()
async def pan_right_is_positive(bench: Bench) -> None:
    """A positive pan rate turns right at that rate, pan_deg rises, and tilt stands.

    docs/dock-protocol.md: "positive to the right, seen from behind the camera"
    """
    await _drives(bench, 1.0, 0.0)


@case()
async def tilt_up_is_positive(bench: Bench) -> None:
    """A positive tilt rate turns up at that rate, tilt_deg rises, and pan stands.

    docs/dock-protocol.md: "tilt, elevation | i32, thousandths of a degree | positive up"
    """
    await _drives(bench, 0.0, 1.0)


async def _drives(bench: Bench, pan: float, tilt: float) -> None:
    start = await bench.centre()
    rate_dps = bench.gentle_dps()
    mark = bench.peer.mark()
    await bench.drive_for(pan * rate_dps, tilt * rate_dps, 1.0)
    poses = [heard.message for heard in bench.peer.since(mark, messages.Pose)]
    last = poses[-1]
    along, across = (last.pan_deg - start.pan_deg, last.tilt_deg - start.tilt_deg)[:: 1 if pan else -1]
    reached_dps = (last.pan_rate_dps, last.tilt_rate_dps)[0 if pan else 1]
    bench.figure("asked_dps", rate_dps)
    bench.figure("reached_dps", reached_dps)
    moving = [pose for pose in poses if max(abs(pose.pan_rate_dps), abs(pose.tilt_rate_dps)) > 1.0]
    if moving:
        bench.figure("first_motion_ms", (moving[0].time_us - poses[0].time_us) / 1000)
    demand(along > rate_dps / 4, f"it moved by {along:.1f} degrees instead of some {rate_dps:.0f}")
    demand(abs(across) < 1.0, f"the other axis moved by {across:.1f} degrees")
    demand(abs(reached_dps - rate_dps) < 0.15 * rate_dps, f"it turns at {reached_dps:.1f}, not {rate_dps:.1f}")


@case()
async def rates_are_limited(bench: Bench) -> None:
    """A rate beyond the dock's limit is cut to it.

    docs/dock-protocol.md: "Rates beyond what the dock can do are cut to that"
    """
    hello = bench.hello
    await bench.centre()
    mark = bench.peer.mark()
    await bench.drive_for(4 * hello.pan_max_rate_dps, 0.0, 0.5)
    fastest = max(heard.message.pan_rate_dps for heard in bench.peer.since(mark, messages.Pose))
    bench.figure("fastest_dps", fastest)
    demand(fastest > 1.0, "it did not move at all")
    demand(fastest <= 1.1 * hello.pan_max_rate_dps, f"it turned at {fastest:.0f} degrees a second")


@case()
async def move_reaches_its_place(bench: Bench) -> None:
    """MoveTo ends at its position, and MotionDone says so under its id.

    docs/dock-protocol.md: "Its end, of whatever kind, is reported by MotionDone."
    """
    await bench.centre()
    pan_deg, tilt_deg = (place + _STEP_DEG for place in bench.middle())
    begun_s = time.monotonic()
    done = await bench.go_to(pan_deg, tilt_deg)
    bench.figure("took_s", time.monotonic() - begun_s)
    pose = await bench.rest()
    off_deg = bench.figure("off_deg", max(abs(pose.pan_deg - pan_deg), abs(pose.tilt_deg - tilt_deg)))
    demand(done.outcome == codes.Outcome.REACHED, f"it ended with outcome {done.outcome}")
    demand(off_deg <= _PLACE_DEG, f"it stands {off_deg:.2f} degrees off")


@case()
async def move_keeps_its_speed_limit(bench: Bench) -> None:
    """MoveTo turns no faster than its max_rate_dps.

    docs/dock-protocol.md: "no faster than this; 0 as fast as the dock can; not below 0"
    """
    pan_deg, tilt_deg = bench.middle()
    await bench.centre()
    limit_dps = bench.gentle_dps() / 2
    mark = bench.peer.mark()
    move = messages.MoveTo(bench.new_id(), messages.MAX_TTL_MS, 0, pan_deg + limit_dps, tilt_deg, limit_dps)
    await bench.insist(move, 10.0)
    fastest = max(abs(heard.message.pan_rate_dps) for heard in bench.peer.since(mark, messages.Pose))
    bench.figure("fastest_dps", fastest)
    demand(fastest <= 1.15 * limit_dps, f"it turned at {fastest:.1f} instead of {limit_dps:.1f}")


@case()
async def pose_names_its_motion(bench: Bench) -> None:
    """Pose names the motion under way, and 0 at rest.

    docs/dock-protocol.md: "of the motion under way, 0 at rest"
    """
    await bench.centre()
    mark = bench.peer.mark()
    drive = bench.drive(bench.gentle_dps(), 0.0, messages.MAX_TTL_MS)
    await bench.peer.expect(mark, messages.Pose, ANSWER_S, lambda pose: pose.motion_id == drive.id)
    await bench.rest()
    await bench.peer.expect(bench.peer.mark(), messages.Pose, ANSWER_S, lambda pose: pose.motion_id == 0)


@case()
async def move_expires(bench: Bench) -> None:
    """A MoveTo that is not repeated within its time to live ends as expired, and the dock stops.

    docs/dock-protocol.md: "1 reached, 2 its time to live was over, 3 replaced by a newer motion, 4 stopped, 5 a
    fault"
    """
    await bench.centre()
    pan_deg, tilt_deg = bench.middle()
    far_deg = pan_deg + 0.9 * (bench.hello.pan_max_deg - pan_deg)
    slow_dps = bench.gentle_dps() / 2
    move = messages.MoveTo(bench.new_id(), 200, 0, far_deg, tilt_deg, slow_dps)
    done = (await bench.peer.ask(move, messages.MotionDone, 1.5, lambda done: done.motion_id == move.id)).message
    demand(done.outcome == codes.Outcome.EXPIRED, f"it ended with outcome {done.outcome}")
    await bench.still(bench.peer.mark(), ANSWER_S + bench.braking_s(slow_dps))


@case()
async def move_lives_on(bench: Bench) -> None:
    """The same MoveTo again renews its time to live, never shortens it, and does not change its target.

    docs/dock-protocol.md: "Renewing never shortens the time to live, and does not change the target."
    """
    await bench.centre()
    pan_deg, tilt_deg = bench.middle()
    slow_dps = bench.gentle_dps() / 2
    move = messages.MoveTo(bench.new_id(), messages.MAX_TTL_MS, 0, pan_deg + slow_dps, tilt_deg, slow_dps)
    mark = bench.peer.mark()
    bench.peer.send(move)
    await asyncio.sleep(_LATENCY_S)
    bench.peer.send(replace(move, ttl_ms=1, pan_deg=pan_deg - slow_dps))
    await asyncio.sleep(_LATENCY_S)
    early = bench.peer.since(mark, messages.MotionDone, lambda done: done.motion_id == move.id)
    demand(not early, "a shorter time to live ended it")
    done = await bench.insist(move, 10.0)
    demand(done.outcome == codes.Outcome.REACHED, f"it ended with outcome {done.outcome}")
    demand(abs(done.pan_deg - move.pan_deg) <= 2 * _PLACE_DEG, f"it went to {done.pan_deg:.1f}")


@case()
async def a_renewal_that_is_none_changes_nothing(bench: Bench) -> None:
    """The id of a MoveTo under way in a Park, or in a MoveTo that is refused, leaves it as it was.

    docs/dock-protocol.md: "a MoveTo or Park of the type and with the id of the motion under way renews its time to
    live"
    docs/dock-protocol.md: "A renewal is judged like any motion; where it is refused, the motion under way goes on as
    if it had not come."
    """
    await bench.centre()
    pan_deg, tilt_deg = bench.middle()
    slow_dps = bench.gentle_dps() / 2
    move = messages.MoveTo(bench.new_id(), messages.MAX_TTL_MS, 0, pan_deg + slow_dps, tilt_deg, slow_dps)
    mark = bench.peer.mark()
    bench.peer.send(move)
    await bench.peer.refused(replace(move, ttl_ms=0), codes.RefusalCode.TTL_OUT_OF_RANGE, ANSWER_S)
    bench.peer.send(messages.Park(move.id, messages.MAX_TTL_MS, 0))
    await bench.pose()
    early = bench.peer.since(mark, messages.MotionDone, lambda done: done.motion_id == move.id)
    demand(not early, "it ended the motion under way")
    done = await bench.insist(move, 10.0)
    demand(done.outcome == codes.Outcome.REACHED, f"it ended with outcome {done.outcome}")
    demand(abs(done.pan_deg - move.pan_deg) <= 2 * _PLACE_DEG, f"it went to {done.pan_deg:.1f}")


@case()
async def move_is_replaced(bench: Bench) -> None:
    """A newer motion ends a MoveTo as replaced.

    docs/dock-protocol.md: "A motion replaces the one before."
    """
    await bench.centre()
    move = messages.MoveTo(
        bench.new_id(), messages.MAX_TTL_MS, 0, bench.hello.pan_max_deg, bench.middle()[1], bench.gentle_dps()
    )
    mark = bench.peer.mark()
    bench.peer.send(move)
    await asyncio.sleep(_LATENCY_S)
    bench.drive(-bench.gentle_dps(), 0.0)
    done = await bench.peer.expect(mark, messages.MotionDone, 1.0, lambda done: done.motion_id == move.id)
    demand(done.message.outcome == codes.Outcome.REPLACED, f"it ended with outcome {done.message.outcome}")


@case()
async def stop_ends_a_move(bench: Bench) -> None:
    """Stop ends a MoveTo as stopped; MotionDone is repeated until its Ack, and never after it.

    docs/dock-protocol.md: "events (Button, Fault, MotionDone) are repeated | every 100 ms for 5 s | until Ack, then
    they are void"
    """
    await bench.centre()
    bench.peer.acking = False
    mark = bench.peer.mark()
    move = messages.MoveTo(
        bench.new_id(), messages.MAX_TTL_MS, 0, bench.hello.pan_max_deg, bench.middle()[1], bench.gentle_dps()
    )
    bench.peer.send(move)
    await asyncio.sleep(_LATENCY_S)
    await bench.stop()
    done = await bench.peer.expect(mark, messages.MotionDone, 1.0, lambda done: done.motion_id == move.id)
    demand(done.message.outcome == codes.Outcome.STOPPED, f"it ended with outcome {done.message.outcome}")
    identity = done.message.id
    await bench.peer.expect(bench.peer.mark(), messages.MotionDone, 1.0, lambda done: done.id == identity)
    await demand_silence_after_ack(bench, messages.MotionDone, identity)


@case(needs=codes.Feature.PARK)
async def parks(bench: Bench) -> None:
    """Park turns to the resting place and reports that it is there.

    docs/dock-protocol.md: "Turn to the dock's own resting place; there the motors may be let go. Otherwise as
    MoveTo."
    """
    await bench.centre()
    done = await bench.insist(messages.Park(bench.new_id(), messages.MAX_TTL_MS, 0), 15.0)
    demand(done.outcome == codes.Outcome.REACHED, f"it ended with outcome {done.outcome}")
    pose = await bench.rest()
    bench.figure("pan_deg", pose.pan_deg)
    bench.figure("tilt_deg", pose.tilt_deg)


@case(needs=codes.Feature.MARKER_LAMP)
async def lamp_is_taken(bench: Bench) -> None:
    """MarkerLamp is taken without an answer.

    docs/dock-protocol.md: "MarkerLamp | every 500 ms, and at once when it changes | the lamp goes dark 2 s after
    the last one"
    """
    mark = bench.peer.mark()
    bench.peer.send(messages.MarkerLamp(True))
    await asyncio.sleep(ANSWER_S)
    bench.peer.send(messages.MarkerLamp(False))
    await bench.pose()
    refusals = bench.peer.since(mark, messages.Refusal)
    demand(not refusals, "it was refused")


@case(needs=codes.Feature.IDENTIFY)
async def identifies_itself(bench: Bench) -> None:
    """Identify is acknowledged.

    docs/dock-protocol.md: "The dock acknowledges Stop, FollowMarker, ClearFault, Identify"
    """
    begun_ns = time.monotonic_ns()
    acknowledged_ns = await bench.peer.request(messages.Identify(bench.new_id(), 500), ANSWER_S)
    bench.figure("answer_ms", (acknowledged_ns - begun_ns) / 1e6)


@case()
async def faults_can_be_cleared(bench: Bench) -> None:
    """ClearFault is acknowledged where nothing is wrong.

    docs/dock-protocol.md: "The dock acknowledges Stop, FollowMarker, ClearFault, Identify"
    """
    await bench.peer.request(messages.ClearFault(bench.new_id(), 0), ANSWER_S)


MOTION = (
    pan_right_is_positive,
    tilt_up_is_positive,
    rates_are_limited,
    move_reaches_its_place,
    move_keeps_its_speed_limit,
    pose_names_its_motion,
    move_expires,
    move_lives_on,
    a_renewal_that_is_none_changes_nothing,
    move_is_replaced,
    stop_ends_a_move,
    parks,
    lamp_is_taken,
    identifies_itself,
    faults_can_be_cleared,
)
