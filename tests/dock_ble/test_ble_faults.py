"""What can go wrong between bleak's production back end and a dock in the air."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import Any

import pytest

from followspot_dock import DockSettings, LinkState, Pose
from followspot_sim.bluez.ble_cable import BleCable

ADDRESS = "C0:FF:EE:00:00:01"


async def test_a_bluetoothd_that_was_killed_is_noticed_and_its_successor_used(
    stack: Any, ble: Any, heard: Any, until: Any
) -> None:
    async with ble.plugged(), ble.driver(heard) as dock:
        await until(lambda: heard.of(Pose))
        await stack.kill_daemon()
        assert await until(lambda: dock.link is LinkState.LOST) < 0.65
        await until(lambda: "the Bluetooth service does not run" in heard.last_reason())
        await stack.start_daemon()
        await until(lambda: dock.link.works)
        heard.events.clear()
        await until(lambda: heard.of(Pose))


async def test_a_killed_predecessors_link_is_taken_over(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    """It keeps the dock from advertising: no scan would ever find it."""
    async with ble.plugged():
        script = (
            "import asyncio\n"
            "from followspot_dock import DockSettings, LinkChanged, open_dock\n"
            "tell = lambda e: isinstance(e, LinkChanged) and print(e.state, flush=True)\n"
            "asyncio.run(open_dock(DockSettings(driver='ble'), tell).run())\n"
        )
        predecessor = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env=os.environ, stdout=asyncio.subprocess.PIPE
        )
        assert predecessor.stdout is not None
        while await predecessor.stdout.readline() != b"ready\n":
            pass
        predecessor.send_signal(signal.SIGKILL)
        await predecessor.wait()
        predecessor._transport.close()  # type: ignore[attr-defined]
        assert stack.air.is_connected(ADDRESS)
        async with ble.driver(heard):
            assert stack.air.is_connected(ADDRESS)
            await until(lambda: heard.of(Pose))
        await until(lambda: not stack.air.is_connected(ADDRESS))


@pytest.mark.parametrize("present", [True, False])
async def test_the_adapter_goes_and_comes_back(stack: Any, ble: Any, heard: Any, until: Any, present: bool) -> None:
    async with ble.plugged(), ble.driver(heard) as dock:
        stack.air.set_adapter(present=present, powered=False)
        assert await until(lambda: dock.link is LinkState.LOST) < 0.5
        reason = "switched off" if present else "no Bluetooth adapter"
        await until(lambda: reason in heard.last_reason())
        heard.events.clear()
        stack.air.set_adapter()
        took_s = await until(lambda: heard.of(Pose))
        print(f"adapter back to first pose: {took_s:.2f} s")
        assert took_s < 1.5


async def test_a_connect_that_hangs_is_given_up_and_tried_again(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    stack.air.hang_connects(True)
    async with ble.plugged(), ble.driver(heard, ready=False) as dock:
        await until(lambda: "did not connect within 5 s" in heard.last_reason())
        stack.air.hang_connects(False)
        await until(lambda: dock.link.works)


async def test_an_end_in_the_middle_of_connecting_leaves_nothing_behind(
    stack: Any, ble: Any, heard: Any, until: Any
) -> None:
    stack.air.hang_connects(True)
    async with ble.plugged():
        async with ble.driver(heard, ready=False) as dock:
            await until(lambda: dock.link is LinkState.CONNECTING)
            await asyncio.sleep(0.1)
        assert not stack.air.is_connected(ADDRESS)


async def test_connections_that_abort_are_tried_again(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    stack.air.abort_connects(2)
    async with ble.plugged(), ble.driver(heard) as dock:
        assert dock.link.works


async def test_an_error_of_the_attribute_protocol_is_one_reason(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    stack.air.fail_next(0x0E)
    async with ble.plugged(), ble.driver(heard):
        reasons = [change.reason for change in heard.of(type(heard.events[0][1]))]
        assert [reason for reason in reasons if "Bluetooth failed" in reason]
        assert LinkState.LOST not in heard.states()


async def test_a_dropped_link_is_seen_at_once(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    async with ble.plugged(), ble.driver(heard) as dock:
        stack.air.drop(ADDRESS)
        assert await until(lambda: dock.link is LinkState.LOST) < 0.1
        assert "the Bluetooth link broke" in heard.last_reason()
        heard.events.clear()
        assert await until(lambda: heard.of(Pose)) < 1.5


async def test_no_scan_while_the_link_works(stack: Any, ble: Any, heard: Any, until: Any) -> None:
    async with ble.plugged(), ble.driver(heard, ready=False) as dock:
        await until(lambda: stack.air.scanning)
        await until(lambda: dock.link.works)
        assert not stack.air.scanning
        with contextlib.suppress(TimeoutError):
            await until(lambda: stack.air.scanning, 1.0)
            pytest.fail("the air was searched with a link that works")


async def test_two_docks_are_named_until_one_is_pinned(
    stack: Any, ble: Any, heard: Any, until: Any, tmp_path: Any, neighbour: Any, new_heard: Any, driven: Any
) -> None:
    other = "C0:FF:EE:00:00:02"
    sim = neighbour(BleCable(stack.air, other, "Room 12"))
    async with ble.plugged(), sim:
        async with ble.driver(heard, ready=False):
            await until(lambda: "more than one dock is in range" in heard.last_reason())
            assert ADDRESS in heard.last_reason()
            assert f"Room 12 ({other})" in heard.last_reason()
        pinned = new_heard()
        async with driven(DockSettings(driver="ble", address=other.lower()), pinned):
            assert stack.air.is_connected(other)
            assert other in pinned.last_reason()


async def test_there_is_no_bus(heard: Any, until: Any, monkeypatch: Any, tmp_path: Any, driven: Any) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    async with driven(DockSettings(driver="ble"), heard, ready=False):
        await until(lambda: "no D-Bus system bus" in heard.last_reason())
