"""What is particular to the Waveshare pan-tilt."""

import asyncio
import time
from typing import Any

from followspot_dock.port import LinkState

STILL = (0.0, 0.0)


async def test_the_device_itself_ends_a_motion_when_the_host_dies(new_rig: Any) -> None:
    """A rate is a short move to a position: nothing more comes after it, and it stops all the same."""
    rig = await new_rig("waveshare")
    async with rig.driver() as dock:
        session = dock._session
        await rig.keep_driving(dock, 20.0, 0.0, lambda: rig.pose()[0] > 5)
        rig.sim.freeze(1.0)  # it hears no stop, from whomever
        heard_deg = rig.pose()[0]
        assert session.deadline_ns is not None
        await rig.until(lambda: rig.rates() == STILL)
        assert rig.pose()[0] - heard_deg < 20.0 * 0.25 + 2.0


async def test_a_servo_that_does_not_answer_the_board_is_named(new_rig: Any) -> None:
    rig = await new_rig("waveshare")
    async with rig.driver() as dock:
        rig.sim.board.silent_servo = 2
        await rig.until(lambda: dock.link is LinkState.LOST)
        assert "servo 2 does not answer" in rig.heard.last_reason()
        rig.sim.board.silent_servo = None
        await rig.until(lambda: dock.link is LinkState.READY)


async def test_slow_rates_are_kept(new_rig: Any) -> None:
    rig = await new_rig("waveshare")
    async with rig.driver() as dock:
        begun_ns = time.monotonic_ns()
        begun_deg = rig.pose()[0]
        for _ in range(45):
            dock.drive(3.0, 0.0, 250)
            await asyncio.sleep(1 / 30)
        elapsed_s = (time.monotonic_ns() - begun_ns) / 1e9
        travelled_deg = rig.pose()[0] - begun_deg
        assert 0.5 * 3.0 * elapsed_s < travelled_deg <= 3.0 * elapsed_s + 0.2
        assert abs(rig.pose()[1]) < 0.6  # the other axis rests on a whole degree
