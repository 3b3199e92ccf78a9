"""What goes wrong with VISCA cameras: full buffers, standby, lost and late datagrams, restarted numbers."""

import asyncio
import logging
import socket
from typing import Any

import pytest

from followspot_dock.polled.address import address_of
from followspot_dock.port import LinkState, MotionDone, MotionOutcome, Pose
from support.limits import at_most

STILL = (0.0, 0.0)


@pytest.mark.parametrize("kind", ["visca-serial", "visca-tcp", "visca-udp"])
async def test_a_stop_gets_through_full_command_buffers(new_rig: Any, kind: str) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        rig.sim.quirks.completion_ms = 3000.0  # a command keeps its socket for so long
        for rate_dps in (20.0, 40.0, 60.0, 80.0):
            dock.drive(rate_dps, 0.0, 500)
            await asyncio.sleep(0.06)
        assert rig.sim.camera.drives == 2
        dock.stop()
        await rig.until(lambda: not dock._session.stopping, 1.0)
        await rig.until(lambda: rig.rates() == STILL)


async def test_new_motions_wait_for_a_free_socket_and_the_newest_wins(new_rig: Any) -> None:
    rig = await new_rig("visca-tcp")
    async with rig.driver() as dock:
        rig.sim.quirks.completion_ms = 300.0
        await rig.keep_driving(dock, 10.0, 0.0, lambda: rig.rates()[0] > 5)
        await rig.keep_driving(dock, 30.0, 0.0, lambda: rig.rates()[0] > 20)
        await rig.keep_driving(dock, -30.0, 0.0, lambda: rig.rates()[0] < -20)


@pytest.mark.parametrize("kind", ["visca-serial", "visca-tcp", "visca-udp"])
async def test_a_refused_command_is_told_once_and_tried_again_later(new_rig: Any, kind: str, caplog: Any) -> None:
    rig = await new_rig(kind)
    async with rig.driver() as dock:
        rig.sim.quirks.standby = True
        with caplog.at_level(logging.WARNING):
            await rig.keep_driving(dock, 20.0, 0.0, lambda: "not executable now" in caplog.text)
            async with at_most(3):
                for _ in range(20):
                    dock.drive(20.0, 0.0, 250)
                    await asyncio.sleep(0.03)
        assert caplog.text.count("not executable now") == 1
        assert dock.link is LinkState.READY
        rig.sim.quirks.standby = False
        await rig.keep_driving(dock, 20.0, 0.0, lambda: rig.rates()[0] > 10)


async def test_a_refused_position_has_failed(new_rig: Any) -> None:
    rig = await new_rig("visca-tcp")
    async with rig.driver() as dock:
        rig.sim.quirks.standby = True
        dock.drive_to(20.0, 0.0, 500)
        await rig.until(lambda: rig.heard.of(MotionDone))
    assert rig.heard.of(MotionDone)[0].outcome is MotionOutcome.FAILED


async def test_a_camera_that_tells_no_version_is_taken_all_the_same(new_rig: Any) -> None:
    rig = await new_rig("visca-serial")
    rig.sim.quirks.knows_version = False
    async with rig.driver() as dock:
        assert dock.link is LinkState.READY


@pytest.mark.parametrize(("loss", "reorder"), [(0.15, 0.0), (0.0, 0.3), (0.1, 0.2)])
async def test_lost_and_late_datagrams_neither_break_the_link_nor_the_stop(
    new_rig: Any, loss: float, reorder: float
) -> None:
    rig = await new_rig("visca-udp")
    async with rig.driver() as dock:
        rig.sim.network.loss, rig.sim.network.reorder = loss, reorder
        for rate_dps in (30.0, -30.0, 50.0, -50.0):
            sign = 1 if rate_dps > 0 else -1
            await rig.keep_driving(dock, rate_dps, 0.0, lambda sign=sign: rig.rates()[0] * sign > 15)
            dock.stop()
            await rig.until(lambda: not dock._session.stopping)
            await rig.until(lambda: rig.rates() == STILL)
            await asyncio.sleep(0.1)
            assert rig.rates() == STILL
        assert LinkState.LOST not in rig.heard.states()


async def test_a_stop_that_is_overtaken_by_the_motion_before_it_is_repeated(new_rig: Any) -> None:
    """A camera without numbers obeys what comes last, so a late motion would undo the stop."""
    rig = await new_rig("visca-udp-bare")
    async with rig.driver() as dock:
        taken = rig.sim.face._take

        def late(packet: bytes, now_ns: int) -> Any:
            if packet[:4] == b"\x81\x01\x06\x01" and packet[6:8] != b"\x03\x03" and not delayed:
                delayed.append(packet)
                asyncio.get_running_loop().call_later(0.03, taken, packet, now_ns)
                return []
            return taken(packet, now_ns)

        delayed: list[bytes] = []
        rig.sim.face._take = late
        dock.drive(60.0, 0.0, 500)
        await rig.until(lambda: delayed)
        dock.stop()
        await rig.until(lambda: not dock._session.stopping)
        await rig.until(lambda: rig.rates() == STILL)
        await asyncio.sleep(0.2)
        assert rig.rates() == STILL


async def test_restarted_numbers_are_reset_and_the_motion_goes_on(new_rig: Any) -> None:
    rig = await new_rig("visca-udp")
    async with rig.driver() as dock:
        await rig.keep_driving(dock, 30.0, 0.0, lambda: rig.rates()[0] > 20)
        rig.sim.over_ip.forget()
        poses = len(rig.heard.of(Pose))
        await rig.keep_driving(dock, -30.0, 0.0, lambda: rig.rates()[0] < -20)
        await rig.until(lambda: len(rig.heard.of(Pose)) > poses + 5)
        assert LinkState.LOST not in rig.heard.states()


async def test_where_the_position_is_not_told_while_moving_it_is_reckoned(new_rig: Any) -> None:
    rig = await new_rig("visca-tcp")
    rig.sim.quirks.tells_while_moving = False
    async with rig.driver(position_while_moving=False) as dock:
        await rig.keep_driving(dock, 25.0, 0.0, lambda: rig.pose()[0] > 10)
        assert rig.heard.of(Pose)[-1].pan_deg == pytest.approx(rig.pose()[0], abs=5)
        dock.stop()
        await rig.until(lambda: rig.rates() == STILL and not dock._session.stopping)
        rested = len(rig.heard.of(Pose))
        await rig.until(lambda: len(rig.heard.of(Pose)) > rested + 3)
        assert rig.heard.of(Pose)[-1].pan_deg == pytest.approx(rig.pose()[0], abs=0.1)


async def test_nobody_at_the_address_is_said_in_a_sentence(new_rig: Any) -> None:
    rig = await new_rig("visca-tcp")
    await rig.sim.face.unplug()
    async with rig.driver(ready=False) as dock:
        await rig.until(lambda: "cannot be reached" in rig.heard.last_reason() if rig.heard.states() else False)
        assert dock.link is not LinkState.READY


async def test_a_listener_that_speaks_no_visca(new_rig: Any) -> None:
    rig = await new_rig("visca-udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        rig.sim.face.port = deaf.getsockname()[1]
        async with rig.driver(ready=False):
            await rig.until(lambda: rig.heard.states() and "no VISCA answer" in rig.heard.last_reason())
    rig.sim.face.port = 0


@pytest.mark.parametrize("url", ["http://a:1", "tcp://a", "tcp://:5", "udp://a b:5", "tcp://a:5/x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        address_of(url, "", 9600)


def test_addresses_of_every_kind() -> None:
    assert str(address_of("udp+bare://[fe80::1]:1259", "", 0)) == "udp+bare://fe80::1:1259"
    assert str(address_of("", "/dev/ttyS0", 9600)) == "/dev/ttyS0"
