"""Cases about what the dock tells without being asked."""

import itertools
import statistics
import time

from followspot_dock.conformance.bench import ANSWER_S, Bench, demand
from followspot_dock.conformance.case import case
from followspot_dock.conformance.peer import Heard
from followspot_dock.protocol import codes, messages

_LISTEN_S = 4.0
_POSE_HZ, _POSE_TOLERANCE = 50.0, 0.03
_JITTER_MS = 5.0
"""A quarter of the period: what a host that steers at 50 Hz can still smooth away."""
_MARKER_HZ, _MARKER_TOLERANCE = 30.0, 0.1
_STATUS_S = 1.5
"""Once a second, and half of that for a late one."""


@case()
async def poses_come_at_50_hz(bench: Bench) -> None:
    """Pose comes 50 times a second, evenly by the dock's own clock, and none is lost.

    docs/dock-protocol.md: "Pose | 50 Hz | from HelloReply on, whatever happens"
    """
    poses = await bench.poses(_LISTEN_S)
    demand(len(poses) > 2, f"{len(poses)} poses in {_LISTEN_S:g} s")
    stamps_us = [heard.message.time_us for heard in poses]
    steps_ms = [(after - before) / 1000 for before, after in itertools.pairwise(stamps_us)]
    demand(min(steps_ms) > 0, "time_us does not rise from pose to pose")
    rate_hz = bench.figure("rate_hz", 1e6 * (len(stamps_us) - 1) / (stamps_us[-1] - stamps_us[0]))
    off_ms = sorted(abs(step - 1000 / _POSE_HZ) for step in steps_ms)
    jitter_ms = bench.figure("jitter_p95_ms", off_ms[round(0.95 * (len(off_ms) - 1))])
    bench.figure("jitter_p50_ms", statistics.median(off_ms))
    demand(abs(rate_hz / _POSE_HZ - 1) <= _POSE_TOLERANCE, f"{rate_hz:.1f} poses a second")
    demand(jitter_ms <= _JITTER_MS, f"one in twenty poses is {jitter_ms:.1f} ms or more off its time")


@case()
async def nothing_is_lost(bench: Bench) -> None:
    """Sequence numbers go up by one with every frame: none is missing on a quiet wire.

    docs/dock-protocol.md: "every frame that a sender sends, repeated ones too, gets the next one; it wraps"
    """
    mark = bench.peer.mark()
    await bench.poses(_LISTEN_S / 2)
    numbers = [heard.sequence for heard in bench.peer.heard[mark:]]
    steps = [(after - before) & 0xFFFF for before, after in itertools.pairwise(numbers)]
    lost = sum(step - 1 for step in steps if 0 < step < 0x8000)
    bench.figure("frames", len(numbers))
    bench.figure("lost", lost)
    demand(all(0 < step < 0x8000 for step in steps), "sequence numbers go back or stand still")
    demand(lost <= len(numbers) // 100, f"{lost} of {len(numbers)} frames were lost")


@case()
async def pose_agrees_with_itself(bench: Bench) -> None:
    """Pose's rates are those at which its angles change, and its angles lie in the range.

    docs/dock-protocol.md: "rates; accelerations | i32, thousandths of °/s; of °/s² | as the angle"
    """
    await bench.centre()
    rate_dps = bench.gentle_dps()
    mark = bench.peer.mark()
    await bench.drive_for(rate_dps, rate_dps / 2, 0.8)
    poses = [heard.message for heard in bench.peer.since(mark, messages.Pose)][10:]
    first, last = poses[0], poses[-1]
    span_s = (last.time_us - first.time_us) / 1e6
    moved_dps = (last.pan_deg - first.pan_deg) / span_s
    told_dps = statistics.fmean(pose.pan_rate_dps for pose in poses)
    bench.figure("moved_dps", moved_dps)
    bench.figure("told_dps", told_dps)
    demand(abs(moved_dps - told_dps) <= 0.2 * rate_dps, f"it moved at {moved_dps:.1f}, and said {told_dps:.1f}")


@case(needs=codes.Feature.MARKER)
async def markers_are_reported(bench: Bench) -> None:
    """MarkerReport comes 30 times a second for each marker, and at most one marker is primary.

    docs/dock-protocol.md: "MarkerReport | 30 Hz for each marker | also when it is not seen (quality 0)"
    docs/dock-protocol.md: "becomes the primary marker; all others are secondary"
    """
    mark = bench.peer.mark()
    first = await bench.peer.expect(mark, messages.MarkerReport, 1.0)
    await bench.poses(_LISTEN_S / 2)
    reports = bench.peer.since(mark, messages.MarkerReport)
    span_s = (time.monotonic_ns() - first.arrival_ns) / 1e9
    by_marker: dict[int, list[Heard[messages.MarkerReport]]] = {}
    for heard in reports:
        by_marker.setdefault(heard.message.marker_id, []).append(heard)
        demand(0 <= heard.message.quality <= 1, f"quality {heard.message.quality}")
    slowest_hz = bench.figure("rate_hz", min(len(heard) for heard in by_marker.values()) / span_s)
    bench.figure("markers", len(by_marker))
    primary = {ident for ident, told in by_marker.items() if told[-1].message.role == codes.MarkerRole.PRIMARY}
    demand(len(by_marker) <= bench.hello.max_markers, f"{len(by_marker)} markers, above max_markers")
    demand(len(primary) <= 1, f"markers {sorted(primary)} are all primary")
    demand(abs(slowest_hz / _MARKER_HZ - 1) <= _MARKER_TOLERANCE, f"{slowest_hz:.1f} reports a second")


@case(needs=codes.Feature.MARKER)
async def marker_status_is_told(bench: Bench) -> None:
    """MarkerStatus comes once a second for each marker.

    docs/dock-protocol.md: "DockStatus, MarkerStatus | 1 Hz, and at once when one changes"
    """
    heard = await bench.peer.expect(bench.peer.mark(), messages.MarkerStatus, _STATUS_S)
    battery = heard.message.battery_percent
    if battery is not None:
        bench.figure("battery_percent", battery)


@case()
async def dock_status_is_told(bench: Bench) -> None:
    """DockStatus comes once a second.

    docs/dock-protocol.md: "DockStatus, MarkerStatus | 1 Hz, and at once when one changes"
    """
    status = (await bench.peer.expect(bench.peer.mark(), messages.DockStatus, _STATUS_S)).message
    features = bench.hello.features
    has_battery = bool(features & codes.Feature.BATTERY)
    demand(has_battery or status.battery_percent is None, "it tells of a battery that its hello denies")
    if features & codes.Feature.THERMOMETER:
        demand(status.temperature_c is not None, "its hello promises a thermometer, and it tells no temperature")
        bench.figure("temperature_c", status.temperature_c or 0.0)


@case(needs=codes.Feature.MARKER)
async def another_marker_can_be_followed(bench: Bench) -> None:
    """FollowMarker is acknowledged for a marker that is there, and refused for one that is not.

    docs/dock-protocol.md: "Refused with code 8 for a marker that the dock does not know."
    docs/dock-protocol.md: "One that is not newer than the last of its type is acknowledged and not carried out
    again."
    docs/dock-protocol.md: "their ids are as good as unused, and a repetition is judged anew."
    """
    report = await bench.peer.expect(bench.peer.mark(), messages.MarkerReport, 1.0)
    follow = messages.FollowMarker(bench.new_id(), report.message.marker_id)
    await bench.peer.request(follow, ANSWER_S)
    await bench.peer.request(follow, ANSWER_S)
    await bench.peer.expect(
        bench.peer.mark(),
        messages.MarkerReport,
        1.0,
        lambda told: told.marker_id == follow.marker_id and told.role == codes.MarkerRole.PRIMARY,
    )
    absent = messages.FollowMarker(bench.new_id(), 0xFFFE)
    for _ in range(2):
        await bench.peer.refused(absent, codes.RefusalCode.UNKNOWN_MARKER, ANSWER_S)


@case(needs=codes.Feature.MARKER_BUTTON, by_hand=True)
async def button_is_repeated_until_heard(bench: Bench) -> None:
    """A Button is sent again under its id until its Ack, and never after it.

    docs/dock-protocol.md: "events (Button, Fault, MotionDone) are repeated | every 100 ms for 5 s | until Ack, then
    they are void"
    """
    assert bench.press is not None
    bench.peer.acking = False
    mark = bench.peer.mark()
    bench.press("short")
    first = await bench.peer.expect(mark, messages.Button, 30.0)
    identity = first.message.id
    await bench.peer.expect(bench.peer.mark(), messages.Button, ANSWER_S, lambda button: button.id == identity)
    times = {heard.message.time_us for heard in bench.peer.since(mark, messages.Button)}
    demand(len(times) == 1, "its press time changes from one repetition to the next")
    await demand_silence_after_ack(bench, messages.Button, identity)


async def demand_silence_after_ack(
    bench: Bench, kind: type[messages.Button] | type[messages.MotionDone], identity: int
) -> None:
    """Acknowledge an event; it may come once more where it was under way already."""
    bench.peer.send(messages.Ack(kind.TYPE, identity))
    mark = bench.peer.mark()
    await bench.poses(1.0)
    again = [heard for heard in bench.peer.since(mark, kind) if heard.message.id == identity]
    demand(len(again) <= 1, f"it came {len(again)} times more after its Ack")


REPORTS = (
    poses_come_at_50_hz,
    nothing_is_lost,
    pose_agrees_with_itself,
    markers_are_reported,
    marker_status_is_told,
    dock_status_is_told,
    another_marker_can_be_followed,
    button_is_repeated_until_heard,
)
