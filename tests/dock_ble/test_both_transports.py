"""The contract of the Dock port, the same cases on serial and on Bluetooth LE."""

import asyncio
import time
from typing import Any

import pytest

from followspot_dock import ButtonPress, DockStatus, LinkChanged, LinkState, MarkerButton, MarkerReport, Pose


async def test_hello_then_pose_marker_and_status(bench: Any, heard: Any) -> None:
    async with bench.plugged(), bench.driver(heard):
        await asyncio.sleep(1.0)
    states = [state for state in heard.states() if state is not LinkState.SEARCHING]
    assert states == [LinkState.CONNECTING, LinkState.NEGOTIATING, LinkState.READY]
    ready = heard.of(LinkChanged)[-1]
    assert ready.capabilities.serial_number in ready.reason
    assert 40 <= len(heard.of(Pose)) <= 60
    assert 24 <= len(heard.of(MarkerReport)) <= 36
    assert heard.of(DockStatus)


async def test_a_drive_moves_and_its_time_to_live_ends_it(bench: Any, heard: Any, until: Any) -> None:
    async with bench.plugged(), bench.driver(heard) as dock:
        dock.drive(40.0, -10.0, 200)
        await until(lambda: bench.plant.rates_at(time.monotonic_ns())[0] > 0)
        await until(lambda: bench.plant.rates_at(time.monotonic_ns()) == (0.0, 0.0))
        pan_deg, tilt_deg = bench.plant.pose_at(time.monotonic_ns())
        assert pan_deg == pytest.approx(8.0, abs=1.0)
        assert tilt_deg == pytest.approx(-2.0, abs=0.3)


async def test_stop_is_obeyed(bench: Any, heard: Any, until: Any) -> None:
    async with bench.plugged(), bench.driver(heard) as dock:
        dock.drive(90.0, 0.0, 500)
        await until(lambda: bench.plant.rates_at(time.monotonic_ns())[0] > 20)
        dock.stop()
        assert await until(lambda: bench.plant.rates_at(time.monotonic_ns()) == (0.0, 0.0)) < 0.4


async def test_the_end_of_run_stops_the_motors(bench: Any, heard: Any, until: Any) -> None:
    async with bench.plugged():
        async with bench.driver(heard) as dock:
            dock.drive(90.0, 0.0, 500)
            await until(lambda: bench.plant.rates_at(time.monotonic_ns())[0] > 20)
        assert dock.link is LinkState.SEARCHING
        await until(lambda: bench.plant.rates_at(time.monotonic_ns()) == (0.0, 0.0))
    assert heard.states()[-1] is LinkState.READY


async def test_a_press_is_told_once_with_its_time(bench: Any, heard: Any, until: Any) -> None:
    async with bench.plugged(), bench.driver(heard):
        await asyncio.sleep(0.3)
        pressed_ns = time.monotonic_ns()
        bench.sim.press("double")
        await until(lambda: heard.of(MarkerButton))
        await asyncio.sleep(0.3)
    (button,) = heard.of(MarkerButton)
    assert button.press is ButtonPress.DOUBLE
    assert abs(button.time_ns - pressed_ns) < 30_000_000


async def test_the_marker_lamp_is_kept_over_a_reconnect(bench: Any, heard: Any, until: Any) -> None:
    async with bench.plugged(), bench.driver(heard) as dock:
        dock.marker_lamp(True)
        await until(lambda: bench.sim.status()["marker_lamp"])
        bench.sim.unplug()
        assert not bench.sim.status()["marker_lamp"]
        await until(lambda: dock.link is LinkState.SEARCHING)
        bench.sim.replug()
        await until(lambda: bench.sim.status()["marker_lamp"])


async def test_a_loss_is_seen_at_once_and_the_first_pose_after_it_comes_soon(
    bench: Any, heard: Any, until: Any
) -> None:
    async with bench.plugged(), bench.driver(heard) as dock:
        bench.sim.unplug()
        assert await until(lambda: dock.link is LinkState.LOST) < 0.2
        await until(lambda: dock.link is LinkState.SEARCHING)
        await asyncio.sleep(0.7)
        heard.events.clear()
        bench.sim.replug()
        took_s = await until(lambda: heard.of(Pose))
        print(f"reconnect to first pose: {took_s:.2f} s")
        assert took_s < bench.first_pose_s
        assert dock.link.works


async def test_a_frozen_dock_is_noticed_in_half_a_second_and_taken_back(bench: Any, heard: Any, until: Any) -> None:
    async with bench.plugged(), bench.driver(heard) as dock:
        dock.drive(50.0, 0.0, 500)
        bench.sim.freeze(1.5)
        assert await until(lambda: dock.link is LinkState.LOST) < 0.65
        assert "sent nothing for 0.5 s" in heard.last_reason()
        await until(lambda: dock.link.works)


async def test_commands_reach_the_motors_in_time(bench: Any, heard: Any, until: Any) -> None:
    """50 Hz of commands against 50 Hz of poses."""
    late_ms: list[float] = []
    async with bench.plugged(), bench.driver(heard) as dock:
        driven_ns = bench.plant.driven_ns
        for index in range(100):
            driven_ns.clear()
            begun_ns = time.monotonic_ns()
            dock.drive(5.0 + index % 2, 0.0, 500)
            await until(lambda: driven_ns)
            late_ms.append((driven_ns[0] - begun_ns) / 1e6)
            await asyncio.sleep(0.02 - (time.monotonic_ns() - begun_ns) / 1e9)
    late_ms.sort()
    print(f"command to motion: p50 {late_ms[50]:.2f} ms, p99 {late_ms[98]:.2f} ms")
    assert late_ms[50] <= bench.latency_ms
