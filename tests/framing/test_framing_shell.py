"""Framing's shell: with a dock, without one, and when it goes; and the keeper's alerts."""

import asyncio
import contextlib

import pytest

from followspot.control.dock_keeper import DockKeeper
from followspot.control.framing import Framing
from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.sighting import Sighting, SightingKind
from followspot.domain.view import Hiding, TrackingState
from followspot.settings.models import Settings, SteeringSettings, TrackingSettings, ViewSettings, ZoneSettings
from followspot_dock.port import (
    Axis,
    DockFault,
    DockStatus,
    FaultKind,
    LinkChanged,
    LinkState,
    MarkerReport,
    MarkerRole,
    MarkerStatus,
    Pose,
    PowerSource,
)
from framing.closed_loop import STEP_NS, FakeClock, Plant

MS = 1_000_000


def docked(follow=True, when_idle=False):
    clock, plant = FakeClock(), Plant()
    framing = Framing(Settings(steering=SteeringSettings(follow_when_idle=when_idle)), clock, plant)
    framing.on_dock_event(LinkChanged(LinkState.READY, "", plant.capabilities))
    framing.follow(follow)
    return clock, plant, framing


def tell(clock, framing, azimuth=20.0, pan=0.0, times=15):
    """Half a second in which the camera does not turn yet: any longer and the motors would be doubted."""
    for _ in range(times):
        clock.now_ns += 33 * MS
        framing.on_dock_event(Pose(clock.now_ns, pan, 0.0, 0.0, 0.0))
        framing.on_dock_event(MarkerReport(clock.now_ns, azimuth, 0.0, 1.0))


def test_without_a_dock_the_whole_picture_is_shown_until_vision_sees_somebody():
    clock = FakeClock()
    framing = Framing(Settings(), clock, None)
    view = framing.planner.view_at(clock.now_ns, 1920, 1080)
    assert (view.crop.width, view.crop.height) == pytest.approx((1920, 1080))
    for _ in range(30):
        clock.now_ns += 100 * MS
        framing.on_sighting(Sighting(clock.now_ns, SightingKind.PERSON, 0.5, 10.0, 1.0, 5.0, 4.0))
        view = framing.planner.view_at(clock.now_ns, 1920, 1080)
    assert view.state is TrackingState.TRACKING
    assert view.crop.height < 900
    assert view.crop.centre[0] > 1000
    assert framing.hint(clock.now_ns).estimate is not None


def test_the_motors_turn_to_the_marker_and_stop_when_told():
    clock, plant, framing = docked()
    tell(clock, framing)
    assert plant.log[-1][1] > 10
    framing.follow(False)
    assert plant.log[-1][1:] == (0.0, 0.0)


def test_on_command_the_dock_goes_home_and_then_follows_again():
    clock, plant, framing = docked(follow=False, when_idle=True)
    tell(clock, framing, azimuth=20.0, pan=15.0)
    assert plant.log[-1][1] > 0
    assert framing.home()
    tell(clock, framing, azimuth=20.0, pan=15.0)
    assert plant.log[-1][1] < 0
    framing.follow(True)
    tell(clock, framing, azimuth=20.0, pan=15.0)
    assert plant.log[-1][1] > 0, "a lesson does not wait for it"
    assert not Framing(Settings(), clock, None).home()


def test_after_a_lesson_the_dock_goes_home_and_is_then_left_alone():
    clock, plant, framing = docked()
    tell(clock, framing)
    framing.follow(False)
    tell(clock, framing, azimuth=20.0, pan=20.0)
    assert -12.0 <= plant.log[-1][1] < 0
    clock.now_ns += 30_000 * MS
    tell(clock, framing, pan=20.0, times=3)
    said = len(plant.log)
    tell(clock, framing, pan=20.0, times=10)
    assert len(plant.log) == said


def test_between_lessons_the_dock_turns_to_the_marker_when_the_file_says_so():
    clock, plant, framing = docked(follow=False, when_idle=True)
    tell(clock, framing)
    assert plant.log[-1][1] > 10
    framing.follow(True)
    framing.follow(False)
    assert plant.log[-1][1] > 10, "the end of a lesson is no reason to stop"


def test_between_lessons_a_dozen_reports_a_second_are_enough_to_follow():
    clock, plant, framing = docked(follow=False, when_idle=True)
    azimuth, pans = 0.0, []
    for step in range(round(5e9 / STEP_NS)):
        clock.now_ns += STEP_NS
        plant.step(clock.now_ns)
        azimuth = min(40.0, azimuth + 20.0 * STEP_NS / 1e9)
        pans.append(plant.pan)
        if step % round(80 * MS / STEP_NS) == 0:
            framing.on_dock_event(Pose(clock.now_ns, plant.pan, plant.tilt, plant.pan_rate, plant.tilt_rate))
            framing.on_dock_event(MarkerReport(clock.now_ns, azimuth, 0.0, 1.0))
    assert pans[-1] == pytest.approx(40.0, abs=SteeringSettings().dead_band_deg)
    assert max(pans) < 45.0, "it does not swing past her"


def test_nothing_moves_before_a_lesson():
    clock, plant, framing = docked(follow=False)
    tell(clock, framing)
    assert not plant.log


def test_motors_are_not_driven_on_stale_poses():
    clock, plant, framing = docked()
    tell(clock, framing)
    clock.now_ns += 700 * MS
    framing.on_dock_event(MarkerReport(clock.now_ns, 20.0, 0.0, 1.0))
    assert plant.log[-1][1:] == (0.0, 0.0)


def test_a_lost_dock_leaves_the_camera_where_it_was():
    clock, plant, framing = docked()
    tell(clock, framing, azimuth=31.0, pan=30.0)
    framing.on_dock_event(LinkChanged(LinkState.LOST, "unplugged"))
    said = len(plant.log)
    for _ in range(10):
        clock.now_ns += 100 * MS
        framing.on_sighting(Sighting(clock.now_ns, SightingKind.APPEARANCE, 0.9, 33.0, 1.0))
        view = framing.planner.view_at(clock.now_ns, 1280, 720)
    assert len(plant.log) == said
    assert view.pan_deg == pytest.approx(30.0)
    assert view.azimuth_deg == pytest.approx(33.0, abs=0.5)


async def test_the_tick_steers_through_silence_and_leaves_the_motors_stopped():
    clock, plant, framing = docked()
    tell(clock, framing)
    said = len(plant.log)
    task = asyncio.create_task(framing.run(), name="framing")
    for _ in range(4):
        clock.now_ns += 40 * MS
        await asyncio.sleep(0.04)
    assert len(plant.log) > said
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert plant.log[-1][1:] == (0.0, 0.0)


class Deaf(Plant):
    """A dock that never answers."""

    async def run(self) -> None:
        await asyncio.Event().wait()


def keeper_with_dock():
    told, listeners = [], []

    def open_dock(listener):
        listeners.append(listener)
        return Deaf()

    alerts = AlertRegistry()
    keeper = DockKeeper(open_dock, alerts, FakeClock(), "/dev/dock")
    keeper.subscribe(told.append)
    return keeper, alerts, listeners[0], told


def test_the_keeper_raises_and_clears_a_lost_dock():
    _, alerts, event, told = keeper_with_dock()
    event(LinkChanged(LinkState.READY, "", Plant().capabilities))
    event(LinkChanged(LinkState.LOST, "the port is gone"))
    (alert,) = alerts.active
    assert alert.code is AlertCode.DOCK_LOST
    assert alert.subject == "/dev/dock"
    assert "the port is gone" in alert.message
    event(LinkChanged(LinkState.READY, "", Plant().capabilities))
    assert not alerts.active
    assert len(told) == 3


async def test_the_keeper_reports_a_dock_that_never_came(monkeypatch):
    monkeypatch.setattr("followspot.control.dock_keeper.NOT_FOUND_AFTER_S", 0.01)
    keeper, alerts, event, _ = keeper_with_dock()
    event(LinkChanged(LinkState.SEARCHING, "no such file"))
    task = asyncio.create_task(keeper.run(), name="dock")
    await asyncio.sleep(0.05)
    assert "no such file" in alerts.active[0].message
    assert alerts.active[0].code is AlertCode.DOCK_NOT_FOUND
    event(LinkChanged(LinkState.READY, "", Plant().capabilities))
    assert not alerts.active
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_low_batteries_are_told_once_and_healed_by_charging():
    _, alerts, event, _ = keeper_with_dock()
    event(marker_battery(12))
    event(marker_battery(17))
    assert [a.code for a in alerts.active] == [AlertCode.MARKER_BATTERY_LOW]
    event(marker_battery(60))
    assert not alerts.active
    event(DockStatus(9, PowerSource.BATTERY, charging=False, temperature_c=None))
    assert [a.code for a in alerts.active] == [AlertCode.DOCK_BATTERY_LOW]
    event(DockStatus(9, PowerSource.MAINS, charging=True, temperature_c=None))
    assert not alerts.active


def marker_battery(percent):
    return MarkerStatus(3, MarkerRole.PRIMARY, percent, charging=False, in_bay=False, muted=False)


def test_faults_of_the_dock_stand_until_they_end_or_the_dock_is_lost():
    _, alerts, event, _ = keeper_with_dock()
    event(DockFault(0, FaultKind.STALL, Axis.PAN, active=True))
    event(DockFault(0, FaultKind.BROWN_OUT, None, active=True))
    assert [a.code for a in alerts.active] == [AlertCode.DOCK_FAULT] * 2
    assert "the pan motor reports a fault (stall): something holds it" in alerts.active[0].message
    event(DockFault(0, FaultKind.STALL, Axis.PAN, active=False))
    assert len(alerts.active) == 1
    event(LinkChanged(LinkState.READY, "", Plant().capabilities))
    event(LinkChanged(LinkState.LOST, "gone"))
    assert [a.code for a in alerts.active] == [AlertCode.DOCK_LOST]


def test_a_secondary_marker_is_not_followed():
    clock, plant, framing = docked()
    for _ in range(15):
        clock.now_ns += 33 * MS
        framing.on_dock_event(Pose(clock.now_ns, 0.0, 0.0, 0.0, 0.0))
        framing.on_dock_event(MarkerReport(clock.now_ns, -40.0, 0.0, 1.0, 2, MarkerRole.SECONDARY))
        framing.on_dock_event(MarkerReport(clock.now_ns, 20.0, 0.0, 1.0, 1, MarkerRole.PRIMARY))
    assert plant.log[-1][1] > 10


def test_a_degraded_link_still_steers():
    clock, plant, framing = docked()
    tell(clock, framing)
    framing.on_dock_event(LinkChanged(LinkState.DEGRADED, "loses frames", plant.capabilities))
    plant.log.clear()
    tell(clock, framing, times=3)
    assert plant.log[-1][1] > 10


def test_nobody_is_looked_for_in_a_blocked_zone():
    clock = FakeClock()
    door = ZoneSettings(left_deg=5, right_deg=20)
    framing = Framing(Settings(tracking=TrackingSettings(blocked=(door,))), clock, None)
    for azimuth, state in ((10.0, "parked"), (25.0, "tracking")):
        for _ in range(30):
            clock.now_ns += 100 * MS
            framing.on_sighting(Sighting(clock.now_ns, SightingKind.PERSON, 0.5, azimuth, 1.0, 5.0, 4.0))
        assert framing.status()["state"] == state


def test_with_hidden_zones_nothing_is_shown_before_the_dock_says_where_it_points(caplog):
    clock, plant = FakeClock(), Plant()
    door = ZoneSettings(left_deg=60, right_deg=70)
    hiding = Settings(tracking=TrackingSettings(blocked=(door,)), view=ViewSettings(hide_blocked=True))
    docked, fixed = Framing(hiding, clock, plant), Framing(hiding, clock, None)
    for _ in range(3):
        assert docked.planner.view_at(clock.now_ns, 1280, 720).hiding is Hiding.COVERED
    assert fixed.planner.view_at(clock.now_ns, 1280, 720).hiding is Hiding.NONE
    docked.on_dock_event(Pose(clock.now_ns, 0.0, 0.0, 0.0, 0.0))
    assert docked.planner.view_at(clock.now_ns, 1280, 720).hiding is Hiding.NONE
    assert [record.message.split(":")[0] for record in caplog.records if "black" in record.message] == [
        "the picture is black"
    ]


def test_a_badge_is_believed_in_a_blocked_zone_as_the_marker_is():
    door = ZoneSettings(left_deg=20, right_deg=40)
    clock = FakeClock()
    framing = Framing(Settings(tracking=TrackingSettings(blocked=(door,), badge=3)), clock, None)
    framing.on_sighting(Sighting(clock.now_ns, SightingKind.BADGE, 1.0, 30.0, 1.0, distance_m=3.0, chest_deg=1.0))
    assert framing.status()["azimuth_deg"] == pytest.approx(30.0)
    assert framing.status()["reason"] == "badge"
