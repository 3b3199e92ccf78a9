"""The same panel on the simulated box: another program's finger and eye at the other end of a socket."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from followspot.panel.panel import LampState, Panel
from followspot.settings.models import PanelSettings
from followspot_sim.gpio import PinServer, SimFactory


@pytest.fixture
async def finger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PinServer]:
    server = PinServer(tmp_path / "gpio.sock")
    await server.start()
    monkeypatch.setenv("FOLLOWSPOT_SIM_GPIO", str(tmp_path / "gpio.sock"))
    yield server
    await server.close()


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        await asyncio.sleep(0.01)


async def test_a_press_comes_in_and_the_lamp_goes_out(finger: PinServer) -> None:
    loop, presses = asyncio.get_running_loop(), asyncio.Queue[str]()
    factory = SimFactory()
    panel = Panel(PanelSettings(), lambda: loop.call_soon_threadsafe(presses.put_nowait, "press"), factory)
    try:
        panel.lamp(LampState.RECORDING)
        await until(finger.lamp)
        finger.press()
        assert await asyncio.wait_for(presses.get(), 5) == "press"
        panel.lamp(LampState.OFF)
        await until(lambda: not finger.lamp())
        panel.lamp(LampState.RECORDING)
        await until(finger.lamp)
    finally:
        panel.close()
    await until(lambda: not finger.lamp())
    assert presses.empty()
    factory.close()
