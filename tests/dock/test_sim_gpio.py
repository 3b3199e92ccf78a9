"""gpiozero's own Button and LED, in their own process, against the simulated pins."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from gpiozero.exc import BadPinFactory

from followspot_sim.gpio import SOCKET_VARIABLE, PinServer, SimFactory

PROGRAM = """
import sys
from gpiozero import LED, Button
button, lamp = Button(17, bounce_time=0.02), LED(27)
button.when_pressed = lambda: print("pressed", flush=True)
button.when_released = lambda: print("released", flush=True)
print("ready", flush=True)
for line in sys.stdin:
    getattr(lamp, line.split()[0])(*map(float, line.split()[1:]))
    print("done", flush=True)
button.close()
lamp.close()
"""


@pytest.fixture
async def pins(tmp_path: Path) -> AsyncIterator[PinServer]:
    server = PinServer(tmp_path / "gpio.sock")
    await server.start()
    yield server
    await server.close()


@asynccontextmanager
async def panel(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {"GPIOZERO_PIN_FACTORY": "followspot-sim", SOCKET_VARIABLE: str(folder / "gpio.sock")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        PROGRAM,
        env=os.environ | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await told(process) == "ready"
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 5) == 0


async def told(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 5)).decode().strip()


async def do(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line.encode() + b"\n")
    assert await told(process) == "done"


async def becomes(condition: Callable[[], bool]) -> None:
    async def poll() -> None:
        while not condition():  # noqa: ASYNC110  # the level comes from another process
            await asyncio.sleep(0.005)

    await asyncio.wait_for(poll(), 2)


async def test_button_and_lamp_across_processes(tmp_path: Path, pins: PinServer) -> None:
    async with panel(tmp_path) as process:
        for button in ("button", 17):
            pins.press(button)
            assert await told(process) == "pressed"
            assert await told(process) == "released"
        assert not pins.lamp()
        await do(process, "on")
        await becomes(pins.lamp)
        await do(process, "off")
        await becomes(lambda: not pins.lamp())
        await do(process, "on")
        await becomes(pins.lamp)
    await becomes(lambda: not pins.lamp())


async def test_a_blinking_lamp(tmp_path: Path, pins: PinServer) -> None:
    async with panel(tmp_path) as process:
        await do(process, "blink 0.05 0.05")
        for _ in range(3):
            await becomes(pins.lamp)
            await becomes(lambda: not pins.lamp())


async def test_pressing_without_a_program_is_harmless(pins: PinServer) -> None:
    pins.press()


async def test_a_program_outlives_the_simulator(tmp_path: Path) -> None:
    server = PinServer(tmp_path / "gpio.sock")
    await server.start()
    async with panel(tmp_path) as process:
        await server.close()
        await do(process, "on")


def test_the_factory_says_what_it_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOCKET_VARIABLE, raising=False)
    with pytest.raises(BadPinFactory, match=SOCKET_VARIABLE):
        SimFactory()
    monkeypatch.setenv(SOCKET_VARIABLE, str(tmp_path / "nobody.sock"))
    with pytest.raises(BadPinFactory, match="no simulator listens at"):
        SimFactory()
