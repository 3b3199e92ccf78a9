"""The firmware core in C behind a pty, met by the production serial driver."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from dock_c.programs import HostDock
from followspot_dock import (
    Axis,
    ButtonPress,
    Dock,
    DockEvent,
    DockFault,
    DockSettings,
    DockStatus,
    FaultKind,
    Feature,
    LinkChanged,
    LinkState,
    MarkerButton,
    MarkerReport,
    MarkerRole,
    MarkerStatus,
    MotionDone,
    MotionOutcome,
    Pose,
    PowerSource,
    open_dock,
)
from support.limits import at_most


class Heard:
    """Every event the driver told."""

    def __init__(self) -> None:
        self.events: list[DockEvent] = []

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@contextlib.asynccontextmanager
async def driver(host_dock: HostDock, heard: Heard) -> AsyncIterator[Dock]:
    dock = open_dock(DockSettings(driver="serial", port=str(host_dock.link)), heard.events.append)
    assert dock is not None
    task = asyncio.create_task(dock.run())
    try:
        await until(lambda: dock.link is LinkState.READY)
        yield dock
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    async with at_most(timeout_s):
        while not condition():  # noqa: ASYNC110  # what is awaited knows nothing of us
            await asyncio.sleep(0.002)


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def test_hello_poses_and_status(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard):
        await until(lambda: len(heard.of(Pose)) >= 60)
    poses = heard.of(Pose)
    span_s = (poses[-1].time_ns - poses[0].time_ns) / 1e9
    assert (len(poses) - 1) / span_s == pytest.approx(50, rel=0.05)
    capabilities = heard.of(LinkChanged)[-1].capabilities
    assert (capabilities.model, capabilities.serial_number) == ("Reference dock", "HOST-0001")
    assert (capabilities.pan_min_deg, capabilities.tilt_max_deg) == (-170.0, 50.0)
    assert (capabilities.pan_max_rate_dps, capabilities.tilt_max_acceleration_dps2) == (120.0, 400.0)
    assert capabilities.max_markers == 4
    assert Feature.MARKER in capabilities.features
    assert Feature.MICROPHONE not in capabilities.features
    assert heard.of(DockStatus)[0] == DockStatus(88, PowerSource.BATTERY, charging=False, temperature_c=31.5)


async def test_a_drive_moves_and_its_time_to_live_ends_it(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        dock.drive(40.0, -10.0, 200)
        await until(lambda: host_dock.state()["motion_id"] == 0 and heard.of(Pose)[-1].pan_deg > 1)
        await until(lambda: heard.of(Pose)[-1].pan_rate_dps == 0.0)
        state = host_dock.state()
    assert state["pan_mdeg"] / 1000 == pytest.approx(8.0, abs=0.5)
    assert state["tilt_mdeg"] / 1000 == pytest.approx(-2.0, abs=0.2)
    assert max(pose.pan_rate_dps for pose in heard.of(Pose)) == pytest.approx(40.0, abs=0.1)


async def test_stop_is_acknowledged_and_ends_the_motion(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        dock.drive(90.0, 0.0, 500)
        await until(lambda: heard.of(Pose)[-1].pan_rate_dps > 30)
        dock.stop()
        await until(lambda: not dock._session.stopping)  # type: ignore[attr-defined]
        assert host_dock.state()["motion_id"] == 0
        await until(lambda: heard.of(Pose)[-1].pan_rate_dps == 0)
    assert heard.of(Pose)[-1].pan_deg < 90 * 0.5


async def test_a_move_reports_that_it_reached_its_place(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        motion = dock.drive_to(30.0, 10.0, 500)
        while not heard.of(MotionDone):
            assert dock.drive_to(30.0, 10.0, 500) == motion
            await asyncio.sleep(0.1)
    done = heard.of(MotionDone)
    assert [(end.motion_id, end.outcome) for end in done] == [(motion, MotionOutcome.REACHED)]
    assert (done[0].pan_deg, done[0].tilt_deg) == (pytest.approx(30.0, abs=0.06), pytest.approx(10.0, abs=0.06))


async def test_moves_expire_are_replaced_stopped_and_parked(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        first = dock.drive_to(160.0, 0.0, 100)
        await until(lambda: heard.of(MotionDone))
        second = dock.drive_to(-160.0, 0.0, 500)
        third = dock.drive_to(-150.0, 0.0, 500)
        dock.stop()
        await until(lambda: len(heard.of(MotionDone)) == 3)
        while len(heard.of(MotionDone)) < 4:
            fourth = dock.park(500)
            await asyncio.sleep(0.1)
    ends = {end.motion_id: end.outcome for end in heard.of(MotionDone)}
    assert ends == {
        first: MotionOutcome.EXPIRED,
        second: MotionOutcome.REPLACED,
        third: MotionOutcome.STOPPED,
        fourth: MotionOutcome.REACHED,
    }
    assert host_dock.state()["tilt_mdeg"] == pytest.approx(-20_000, abs=60)


async def test_the_end_of_the_range_is_never_left(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        while heard.of(Pose)[-1:] == [] or heard.of(Pose)[-1].tilt_deg < 49.9:
            dock.drive(0.0, 90.0, 500)
            await asyncio.sleep(0.1)
        dock.drive(0.0, 90.0, 300)
        await asyncio.sleep(0.3)
    assert max(pose.tilt_deg for pose in heard.of(Pose)) <= 50.0


@pytest.mark.parametrize("press", list(ButtonPress))
async def test_a_press_is_told_once_with_its_time(host_dock: HostDock, heard: Heard, press: ButtonPress) -> None:
    async with driver(host_dock, heard) as dock:
        await until(lambda: _uncertainty_ns(dock) < 2_000_000)
        pressed_ns = time.monotonic_ns()
        host_dock.play(f"press 3 {list(ButtonPress).index(press) + 1}")
        await until(lambda: heard.of(MarkerButton))
        heard_ns = time.monotonic_ns()
        await asyncio.sleep(0.25)  # more than two repetitions
    (button,) = heard.of(MarkerButton)
    assert (button.press, button.marker_id) == (press, 3)
    assert pressed_ns - 2_000_000 <= button.time_ns <= heard_ns


async def test_a_press_before_the_driver_came_is_told(host_dock: HostDock, heard: Heard) -> None:
    host_dock.play("press 1 1")
    async with driver(host_dock, heard):
        await until(lambda: heard.of(MarkerButton))


async def test_the_docks_clock_is_known_within_two_milliseconds(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        await until(lambda: len(heard.of(Pose)) >= 50)
        state = host_dock.state()
        mapped_ns = dock._session.clock.host_ns(state["time_us"])  # type: ignore[attr-defined]
        assert _uncertainty_ns(dock) < 2_000_000
    true_ns = state["boot_ns"] + state["time_us"] * 1000 * 1_000_000 // 1_000_040
    assert abs(mapped_ns - true_ns) < 2_000_000


async def test_markers_roles_and_hand_over(host_dock: HostDock, heard: Heard) -> None:
    host_dock.play("marker 7 20000 -5000 200 60 2")
    async with driver(host_dock, heard) as dock:
        await until(lambda: heard.of(MarkerReport))
        host_dock.play("marker 9 -30000 1000 100 255 5")
        await until(lambda: {1, 7, 9} == {status.marker_id for status in heard.of(MarkerStatus)})
        dock.follow_marker(9)
        await until(lambda: MarkerStatus(9, MarkerRole.PRIMARY, None, True, False, True) in heard.of(MarkerStatus))
        await until(lambda: MarkerStatus(1, MarkerRole.SECONDARY, 74, False, False, False) in heard.of(MarkerStatus))
    assert MarkerStatus(1, MarkerRole.PRIMARY, 74, False, False, False) in heard.of(MarkerStatus)
    assert MarkerStatus(7, MarkerRole.SECONDARY, 60, False, True, False) in heard.of(MarkerStatus)
    report = next(report for report in heard.of(MarkerReport) if report.marker_id == 7)
    assert (report.azimuth_deg, report.elevation_deg, report.quality) == (20.0, -5.0, pytest.approx(200 / 255))


async def test_the_lamp_holds_and_goes_dark_without_a_host(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        dock.marker_lamp(True)
        await until(lambda: host_dock.state()["marker_lamp"])
        dock.identify()
        await until(lambda: host_dock.state()["identify"])
    assert host_dock.state()["marker_lamp"]
    await until(lambda: not host_dock.state()["marker_lamp"])


async def test_a_stalled_motor_is_a_fault_until_it_is_cleared(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        host_dock.play("stall 1 1")
        motion = dock.drive_to(90.0, 0.0, 500)
        await until(lambda: heard.of(DockFault) and heard.of(MotionDone))
        refused = dock.drive_to(10.0, 0.0, 500)
        await until(lambda: len(heard.of(MotionDone)) == 2)
        host_dock.play("stall 1 0")
        dock.clear_fault()
        await until(lambda: len(heard.of(DockFault)) == 2)
        dock.drive(20.0, 0.0, 300)
        await until(lambda: heard.of(Pose)[-1].pan_rate_dps > 10)
    assert [(end.motion_id, end.outcome) for end in heard.of(MotionDone)] == [
        (motion, MotionOutcome.FAILED),
        (refused, MotionOutcome.FAILED),
    ]
    began, ended = heard.of(DockFault)
    assert (began.kind, began.axis, began.active) == (FaultKind.STALL, Axis.PAN, True)
    assert (ended.kind, ended.axis, ended.active) == (FaultKind.STALL, Axis.PAN, False)


async def test_a_fault_whose_cause_is_there_cannot_be_cleared(host_dock: HostDock, heard: Heard) -> None:
    async with driver(host_dock, heard) as dock:
        host_dock.play("brown-out 1")
        await until(lambda: heard.of(DockFault))
        dock.clear_fault()
        await until(lambda: not dock._session._commands._repeater.waits(0x16))  # type: ignore[attr-defined]
        host_dock.play("brown-out 0")
        await asyncio.sleep(0.05)
        dock.clear_fault()
        await until(lambda: len(heard.of(DockFault)) == 2)
    assert [fault.active for fault in heard.of(DockFault)] == [True, False]
    assert heard.of(DockFault)[0].axis is None


def _uncertainty_ns(dock: Any) -> int:
    uncertainty_ns = dock._session.clock.uncertainty_ns()
    return 10**12 if uncertainty_ns is None else int(uncertainty_ns)
