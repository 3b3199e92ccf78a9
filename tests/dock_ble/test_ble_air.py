"""50 Hz both ways at every common connection interval, and through bursts of lost events."""

import asyncio
import itertools
import time
from typing import Any

import pytest

from followspot_dock import LinkState, MarkerReport, Pose

SECONDS = 3.0


async def _converse(bench: Any, dock: Any, heard: Any, seconds: float) -> int:
    """Command at 50 Hz; how many commands."""
    heard.events.clear()
    bench.plant.driven_ns.clear()
    end_ns = time.monotonic_ns() + round(seconds * 1e9)
    sent = 0
    while time.monotonic_ns() < end_ns:
        dock.drive(5.0 + sent % 2, 0.0, 500)
        sent += 1
        await asyncio.sleep(0.02)
    return sent


@pytest.mark.parametrize("interval_ms", [7.5, 15.0, 30.0, 50.0])
async def test_nothing_is_lost_at_any_interval(ble: Any, heard: Any, until: Any, interval_ms: float) -> None:
    async with ble.plugged(), ble.driver(heard) as dock:
        sent = await _converse(ble, dock, heard, SECONDS)
        await until(lambda: len(ble.plant.driven_ns) >= sent)
        assert heard.states() == []
    poses = [pose.time_ns for pose in heard.of(Pose)]
    gaps_ms = [(after - before) / 1e6 for before, after in itertools.pairwise(poses)]
    print(f"{interval_ms} ms: {sent} commands, {len(poses)} poses, longest step of their times {max(gaps_ms):.1f} ms")
    assert len(poses) >= 0.9 * 50 * SECONDS
    assert len(heard.of(MarkerReport)) >= 0.9 * 30 * SECONDS


async def test_bursts_of_lost_events_delay_and_lose_nothing(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    async with ble.plugged(), ble.driver(heard) as dock:
        for burst_s in (0.05, 0.1, 0.2):
            stack.air.lose_events(burst_s)
            await _converse(ble, dock, heard, 0.5)
        assert LinkState.LOST not in heard.states()
        assert dock.link.works


async def test_a_long_burst_is_a_lost_link(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    async with ble.plugged(), ble.driver(heard) as dock:
        stack.air.lose_events(0.9)
        assert await until(lambda: dock.link is LinkState.LOST) < 0.65
        await until(lambda: dock.link.works)
