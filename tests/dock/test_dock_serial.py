"""The contract of the Dock port, on the production serial driver and a real pty."""

import asyncio
import contextlib
import json
import math
import os
import pty
import time
from typing import Any

import pytest

from followspot_dock import (
    ButtonPress,
    Dock,
    DockSettings,
    DockStatus,
    LinkChanged,
    LinkState,
    MarkerButton,
    MarkerReport,
    MarkerRole,
    MarkerStatus,
    Pose,
    PowerSource,
    open_dock,
)
from followspot_sim.sight import Sight


def test_no_driver_no_dock(heard: Any) -> None:
    assert open_dock(DockSettings(driver="none"), heard) is None


async def test_hello_then_poses_markers_and_status(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard):
        await asyncio.sleep(1.0)
    assert heard.states() == [LinkState.CONNECTING, LinkState.NEGOTIATING, LinkState.READY]
    ready = heard.of(LinkChanged)[-1]
    assert ready.capabilities.pan_max_rate_dps == 120.0
    assert ready.capabilities.serial_number in ready.reason
    assert 45 <= len(heard.of(Pose)) <= 55
    assert 27 <= len(heard.of(MarkerReport)) <= 33
    assert heard.of(DockStatus)[0] == DockStatus(88, PowerSource.BATTERY, charging=False, temperature_c=31.5)
    status = MarkerStatus(1, MarkerRole.PRIMARY, 74, charging=False, in_bay=False, muted=False)
    assert heard.of(MarkerStatus)[0] == status


async def test_marker_times_are_the_hosts_within_five_milliseconds(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard):
        await asyncio.sleep(1.0)
    log = [json.loads(line) for line in (rig.folder / "marker.jsonl").read_text().splitlines()]
    sent_ns = {(round(line["azimuth_deg"], 3), round(line["elevation_deg"], 3)): line["t_ns"] for line in log}
    errors_ns = [
        abs(report.time_ns - sent_ns[report.azimuth_deg, report.elevation_deg]) for report in heard.of(MarkerReport)
    ]
    assert len(errors_ns) >= 27
    assert max(errors_ns) < 5_000_000


async def test_marker_noise_and_drop_outs(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard):
        await asyncio.sleep(0.8)
        seen = heard.of(MarkerReport)
        rig.sim.silence(0.35)
        await asyncio.sleep(0.05)  # what was sent before is still under way
        heard.events.clear()
        await asyncio.sleep(0.2)
        silenced = heard.of(MarkerReport)
        await asyncio.sleep(0.2)
        rig.sights.append(Sight(20.0, 5.0, 3.0, visible=False))
        await asyncio.sleep(0.05)
        heard.events.clear()
        await asyncio.sleep(0.2)
        hidden = heard.of(MarkerReport)
    assert all(report.quality > 0.5 and abs(report.azimuth_deg - 20) < 5 for report in seen)
    assert len({report.azimuth_deg for report in seen}) > 10
    assert silenced
    assert hidden
    assert all(report.quality == 0 for report in silenced + hidden)


async def test_a_drive_moves_and_its_time_to_live_ends_it(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        dock.drive(40.0, -10.0, 200)
        await asyncio.sleep(0.15)
        pan_dps, tilt_dps = rig.plant.rates_at(time.monotonic_ns())
        assert (pan_dps, tilt_dps) == (pytest.approx(40.0), pytest.approx(-10.0))
        await asyncio.sleep(0.4)
        assert rig.plant.rates_at(time.monotonic_ns()) == (0.0, 0.0)
        pan_deg, tilt_deg = rig.plant.pose_at(time.monotonic_ns())
        assert pan_deg == pytest.approx(8.0, abs=0.1)
        assert tilt_deg == pytest.approx(-2.0, abs=0.1)
        await asyncio.sleep(0.05)
        assert heard.of(Pose)[-1].pan_deg == pytest.approx(pan_deg, abs=0.1)


async def test_stop_is_obeyed_and_acknowledged(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        dock.drive(90.0, 0.0, 500)
        await asyncio.sleep(0.1)
        dock.stop()
        assert await rig.until(lambda: not dock._session.stopping) < 0.05
        await asyncio.sleep(0.3)
        assert rig.plant.rates_at(time.monotonic_ns()) == (0.0, 0.0)


async def test_the_end_of_run_stops_the_motors(rig: Any, heard: Any) -> None:
    async with rig.plugged():
        async with rig.driver(heard) as dock:
            dock.drive(90.0, 0.0, 500)
            await asyncio.sleep(0.1)
            asyncio.get_running_loop().call_later(0.0001, dock.drive, 90.0, 0.0, 500)  # too late to count
        assert dock.link is LinkState.SEARCHING
        await asyncio.sleep(0.3)
        assert rig.plant.rates_at(time.monotonic_ns()) == (0.0, 0.0)
    assert heard.states()[-1] is LinkState.READY


@pytest.mark.parametrize("press", ["short", "double", "long"])
async def test_a_press_is_told_once_with_its_time(rig: Any, heard: Any, press: str) -> None:
    async with rig.plugged(), rig.driver(heard):
        pressed_ns = time.monotonic_ns()
        rig.sim.press(press)
        await asyncio.sleep(0.4)
    (button,) = heard.of(MarkerButton)
    assert button.press is ButtonPress(press)
    assert abs(button.time_ns - pressed_ns) < 5_000_000


async def test_the_marker_lamp_is_kept_over_a_reconnect(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        dock.marker_lamp(True)
        await rig.until(lambda: rig.sim.status()["marker_lamp"])
        rig.sim.unplug()
        assert not rig.sim.status()["marker_lamp"]
        await asyncio.sleep(0.1)
        rig.sim.replug()
        await rig.until(lambda: rig.sim.status()["marker_lamp"])
        dock.marker_lamp(False)
        await rig.until(lambda: not rig.sim.status()["marker_lamp"])


async def test_unplug_is_seen_at_once_and_replug_heals_within_half_a_second(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        rig.sim.unplug()
        assert await rig.until(lambda: dock.link is LinkState.LOST) < 0.05
        lost = heard.last_reason()
        assert str(rig.path) in lost
        assert "hung up" in lost
        await rig.until(lambda: dock.link is LinkState.SEARCHING)
        assert f"no device at {rig.path}" in heard.last_reason()
        await asyncio.sleep(0.7)
        heard.events.clear()
        rig.sim.replug()
        assert await rig.until(lambda: heard.of(Pose)) < 0.5
        assert dock.link is LinkState.READY


async def test_a_plug_that_bounces(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        for pause_s in (0.0, 0.01, 0.03, 0.1, 0.2):
            rig.sim.unplug()
            await asyncio.sleep(pause_s)
            rig.sim.replug()
            await asyncio.sleep(pause_s)
        await rig.until(lambda: dock.link is LinkState.READY and heard.of(LinkChanged)[-1].state is LinkState.READY)
        heard.events.clear()
        await rig.until(lambda: len(heard.of(Pose)) > 5)
        assert heard.states() == []


async def test_a_frozen_dock_is_noticed_in_half_a_second_and_taken_back(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        dock.drive(50.0, 0.0, 500)
        rig.sim.freeze(1.0)
        assert await rig.until(lambda: dock.link is LinkState.LOST) < 0.6
        assert "sent nothing for 0.5 s" in heard.last_reason()
        await rig.until(lambda: dock.link is LinkState.READY)


async def test_a_missing_device_is_named(rig: Any, heard: Any) -> None:
    async with rig.driver(heard, ready=False) as dock:
        await asyncio.sleep(0.3)
        assert dock.link is LinkState.SEARCHING
    assert heard.of(LinkChanged) == [
        LinkChanged(LinkState.SEARCHING, f"no device at {rig.path}: plug the dock in, or correct dock.port")
    ]


async def test_a_second_opener_is_refused_and_the_first_undisturbed(rig: Any, heard: Any, new_heard: Any) -> None:
    second = new_heard()
    async with rig.plugged(), rig.driver(heard) as dock:
        async with rig.driver(second, ready=False):
            await rig.until(lambda: LinkState.SEARCHING in second.states())
        assert f"{rig.path} is in use by another program" in second.last_reason()
        assert dock.link is LinkState.READY
    assert LinkState.LOST not in heard.states()


async def test_something_else_than_a_serial_device(rig: Any, heard: Any) -> None:
    rig.path.parent.mkdir(parents=True)
    rig.path.write_text("")
    async with rig.driver(heard, ready=False):
        await rig.until(lambda: LinkState.SEARCHING in heard.states())
    assert "is not a serial device: correct dock.port" in heard.last_reason()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
async def test_no_permission(rig: Any, heard: Any) -> None:
    rig.path.parent.mkdir(parents=True)
    rig.path.touch(mode=0)
    async with rig.driver(heard, ready=False):
        await rig.until(lambda: LinkState.SEARCHING in heard.states())
    assert "add the daemon's user to the group dialout" in heard.last_reason()


async def test_a_device_that_never_answers_and_never_reads(rig: Any, heard: Any) -> None:
    master, slave = pty.openpty()
    rig.path.parent.mkdir(parents=True)
    rig.path.symlink_to(os.ttyname(slave))
    try:
        async with rig.driver(heard, ready=False) as dock:
            await rig.until(lambda: LinkState.NEGOTIATING in heard.states())
            dock.drive(10.0, 0.0, 100)
            dock.stop()
            await rig.until(lambda: dock.link is LinkState.SEARCHING)
        assert "nothing came back within 2 s: not a Followspot dock" in heard.last_reason()
    finally:
        os.close(master)
        os.close(slave)
    rig.path.unlink()


async def test_a_frozen_dock_and_endless_commands_take_no_memory_and_no_time(rig: Any, heard: Any) -> None:
    async with rig.plugged(), rig.driver(heard) as dock:
        rig.sim._port._loop.remove_reader(rig.sim._port._master)  # the cable takes nothing more
        start_ns = time.monotonic_ns()
        for step in range(3000):
            dock.drive(step % 50, 0.0, 100)
        assert time.monotonic_ns() - start_ns < 1_000_000_000
        rig.sim.unplug()
        rig.sim.replug()
        await rig.until(lambda: heard.states().count(LinkState.READY) == 2)


async def test_a_host_that_does_not_read_never_blocks_the_dock(rig: Any) -> None:
    async with rig.plugged():
        await rig.until(rig.path.exists)
        deaf_host = os.open(rig.path, os.O_RDWR | os.O_NOCTTY)
        start_ns = time.monotonic_ns()
        for _ in range(2000):
            rig.sim._port.write([b"x" * 200 + b"\x00"])
        assert time.monotonic_ns() - start_ns < 500_000_000
        assert len(rig.sim._port._unsent) <= 4096
        os.close(deaf_host)


@pytest.mark.parametrize(
    ("pan_dps", "tilt_dps", "ttl_ms"),
    [(math.nan, 0.0, 100), (0.0, math.inf, 100), (1.0, 1.0, 0), (1.0, 1.0, 501)],
)
async def test_senseless_drives_are_refused(rig: Any, heard: Any, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
    dock = open_dock(DockSettings(port=str(rig.path)), heard)
    assert isinstance(dock, Dock)
    with pytest.raises(ValueError, match=r"finite|time to live"):
        dock.drive(pan_dps, tilt_dps, ttl_ms)


async def test_commands_without_a_link_are_dropped(rig: Any, heard: Any) -> None:
    async with rig.driver(heard, ready=False) as dock:
        dock.drive(10.0, 0.0, 100)
        dock.stop()
        dock.marker_lamp(True)
        assert rig.plant.pose_at(time.monotonic_ns()) == (0.0, 0.0)


async def test_cancelled_at_any_moment_the_port_is_closed(rig: Any, heard: Any) -> None:
    async with rig.plugged():
        for delay_s in (0.0, 0.001, 0.002, 0.005, 0.02):
            dock = open_dock(DockSettings(port=str(rig.path)), heard)
            assert dock is not None
            task = asyncio.create_task(dock.run())
            await asyncio.sleep(delay_s)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            tty = os.path.realpath(rig.path)
            names = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
            assert names.count(tty) == 1  # the simulator's own
