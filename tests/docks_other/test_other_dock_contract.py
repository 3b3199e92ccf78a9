"""The contract of the Dock port on every other dock, over pty, TCP and UDP."""

import asyncio
import math
import threading
import time
from typing import Any

import pytest

from followspot_dock.port import LinkChanged, LinkState, MarkerReport, MotionDone, MotionOutcome, Pose
from followspot_sim.other_docks import KINDS
from support.limits import at_most

KIND = pytest.mark.parametrize("kind", KINDS)
STILL = (0.0, 0.0)


@KIND
async def test_it_becomes_ready_without_a_marker_and_tells_poses(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver():
        await rig.until(lambda: len(rig.heard.of(Pose)) > 10)
    assert rig.heard.states() == [LinkState.CONNECTING, LinkState.NEGOTIATING, LinkState.READY]
    ready = rig.heard.of(LinkChanged)[-1]
    assert not ready.capabilities.has_marker
    assert ready.capabilities.pan_max_rate_dps >= 100
    assert rig.sim.face.where in ready.reason
    assert rig.heard.of(MarkerReport) == []


@KIND
async def test_a_drive_turns_right_and_up_not_faster_than_asked(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        await rig.keep_driving(dock, 40.0, 10.0, lambda: rig.pose()[0] > 10)
        pan_dps, tilt_dps = rig.rates()
        assert 30 < pan_dps <= 40.01
        assert 8 < tilt_dps <= 10.01
        await rig.until(lambda: rig.heard.of(Pose)[-1].pan_deg > 10)
        assert rig.heard.of(Pose)[-1].pan_rate_dps == pytest.approx(pan_dps, abs=15)


@KIND
async def test_the_time_to_live_ends_every_motion(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        dock.drive(-25.0, 0.0, 200)
        await rig.until(lambda: rig.rates()[0] < -10)
        await rig.until(lambda: rig.rates() == STILL)
        travelled_deg = -rig.pose()[0]
        assert 1.0 < travelled_deg < 25.0 * 0.2 + 8.0
        await asyncio.sleep(0.3)
        assert rig.rates() == STILL


@KIND
async def test_a_stop_is_obeyed_and_acknowledged(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        await rig.keep_driving(dock, 60.0, 0.0, lambda: rig.rates()[0] > 30)
        dock.stop()
        assert dock._session.stopping
        await rig.until(lambda: not dock._session.stopping)
        await rig.until(lambda: rig.rates() == STILL)


@KIND
async def test_the_end_of_run_leaves_the_motors_stopped(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        await rig.keep_driving(dock, 60.0, 0.0, lambda: rig.rates()[0] > 30)
        dock.drive(60.0, 0.0, 500)
    assert dock.link is LinkState.SEARCHING
    await rig.until(lambda: rig.rates() == STILL)


@KIND
async def test_a_held_up_loop_does_not_leave_the_motors_turning(new_rig: Any, kind: str) -> None:
    """The other end lives on this loop too: what the guard wrote is found in it once the loop runs again."""
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        written = []
        guard = dock._guard
        lone_stop = guard._lone_stop
        guard._lone_stop = lambda: written.append(time.monotonic_ns()) or lone_stop()
        await rig.keep_driving(dock, 60.0, 0.0, lambda: rig.rates()[0] > 20)
        dock.drive(60.0, 0.0, 100)
        time.sleep(0.4)  # noqa: ASYNC251  # this is the stall
        assert written
        await rig.until(lambda: rig.rates() == STILL)
        await rig.keep_driving(dock, 20.0, 0.0, lambda: rig.rates()[0] > 10)


@KIND
async def test_a_position_is_reached_and_told_once(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        ids = set()
        async with at_most(10):
            while not rig.heard.of(MotionDone):
                ids.add(dock.drive_to(30.0, 10.0, 500))
                await asyncio.sleep(0.05)
        assert rig.pose() == (pytest.approx(30.0, abs=1.1), pytest.approx(10.0, abs=1.1))
    (done,) = rig.heard.of(MotionDone)
    assert done.outcome is MotionOutcome.REACHED
    assert ids == {done.motion_id}


@KIND
async def test_a_position_that_is_not_asked_for_again_expires(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        first = dock.drive_to(160.0, 0.0, 500)
        second = dock.drive_to(-160.0, 0.0, 100)
        await rig.until(lambda: len(rig.heard.of(MotionDone)) == 2)
        await rig.until(lambda: rig.rates() == STILL)
        assert abs(rig.pose()[0]) < 40
    outcomes = {done.motion_id: done.outcome for done in rig.heard.of(MotionDone)}
    assert outcomes == {first: MotionOutcome.REPLACED, second: MotionOutcome.EXPIRED}


@KIND
async def test_poses_are_dated_within_a_round_trip(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        await rig.keep_driving(dock, 45.0, 0.0, lambda: rig.pose()[0] > 30)
        poses = [pose for pose in rig.heard.of(Pose) if 5 < pose.pan_deg < 30]
        errors_deg = [abs(rig.sim.table.pose_at(pose.time_ns)[0] - pose.pan_deg) for pose in poses]
        assert len(errors_deg) >= 5
        assert sorted(errors_deg)[len(errors_deg) // 2] < 45.0 * 0.02  # half of them within 20 ms


@KIND
async def test_a_frozen_dock_is_noticed_and_taken_back(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        rig.sim.freeze(1.5)
        assert await rig.until(lambda: dock.link is LinkState.LOST) < 1.2
        assert "0.5 s" in rig.heard.last_reason()
        await rig.until(lambda: dock.link is LinkState.READY)


@KIND
async def test_a_dock_that_vanishes_and_comes_back(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        await rig.keep_driving(dock, 30.0, 0.0, lambda: rig.rates()[0] > 20)
        await rig.sim.face.unplug()
        await rig.until(lambda: dock.link is LinkState.LOST)
        await rig.until(lambda: dock.link is not LinkState.LOST)
        await rig.sim.face.plug()
        await rig.until(lambda: dock.link is LinkState.READY)
        await rig.until(lambda: rig.rates() == STILL)


@KIND
async def test_what_a_predecessor_left_turning_is_stopped_at_once(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    rig.sim.table.turn(time.monotonic_ns(), 20.0, 0.0)
    await rig.until(lambda: rig.rates()[0] > 10)
    async with rig.driver():
        await rig.until(lambda: rig.rates() == STILL)


@KIND
async def test_senseless_commands_are_refused_and_those_without_link_dropped(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    dock = rig.new_driver()
    for pan_dps, ttl_ms in ((math.nan, 100), (math.inf, 100), (1.0, 0), (1.0, 501)):
        with pytest.raises(ValueError, match=r"finite|time to live"):
            dock.drive(pan_dps, 0.0, ttl_ms)
        with pytest.raises(ValueError, match=r"finite|time to live"):
            dock.drive_to(pan_dps, 0.0, ttl_ms)
    dock.drive(10.0, 0.0, 100)
    dock.stop()
    assert dock.drive_to(10.0, 0.0, 100) is None
    assert dock.park(100) is None
    assert rig.rates() == STILL


@KIND
async def test_cancelled_at_any_moment_nothing_is_left_open(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    for delay_s in (0.0, 0.001, 0.005, 0.02, 0.1):
        async with rig.driver(ready=False):
            await asyncio.sleep(delay_s)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("dock-")]
