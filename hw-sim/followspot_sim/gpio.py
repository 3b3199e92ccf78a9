"""Simulated GPIO: gpiozero's mock pins in the program under test, joined to the simulator by a unix socket.

Each line is a JSON object {"pin": BCM number, "level": 0 or 1}: to the program it drives an input, from the program it
tells of an output. The program finds the factory by GPIOZERO_PIN_FACTORY=followspot-sim, the factory finds the
simulator by FOLLOWSPOT_SIM_GPIO=SOCKET.
"""

import asyncio
import contextlib
import json
import os
import socket
import threading
from pathlib import Path

from gpiozero.exc import BadPinFactory
from gpiozero.pins.mock import MockFactory, MockPin

from followspot_sim.socket_server import SocketServer

SOCKET_VARIABLE = "FOLLOWSPOT_SIM_GPIO"
BUTTON_PIN, LAMP_PIN = 17, 27
_PRESS_S = 0.15
"""A finger's press, longer than any debouncing."""
_JOIN_TIMEOUT_S = 2.0


class SimPin(MockPin):  # type: ignore[misc]  # gpiozero is untyped
    """A mock pin that tells the simulator its level while it is an output."""

    @property
    def bcm(self) -> int:
        """The pin's BCM number."""
        return int(self.info.name.removeprefix("GPIO"))

    def _set_function(self, value: str) -> None:
        was_output = self._function == "output"
        super()._set_function(value)
        if was_output and value == "input":
            self.factory.report(self.bcm, False)  # nothing drives the lamp any more

    def _change_state(self, value: float) -> bool:
        changed = bool(super()._change_state(value))
        if changed and self._function == "output":
            self.factory.report(self.bcm, bool(value))
        return changed


class SimFactory(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """The pin factory that gpiozero makes for GPIOZERO_PIN_FACTORY=followspot-sim."""

    def __init__(self) -> None:
        super().__init__(pin_class=SimPin)
        path = os.environ.get(SOCKET_VARIABLE)
        if not path:
            raise BadPinFactory(f"{SOCKET_VARIABLE} must name the simulator's GPIO socket")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise BadPinFactory(f"no simulator listens at {path}: {error}") from error
        self._reader = threading.Thread(target=self._read, name="sim-gpio", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Release every pin, then the simulator."""
        super().close()
        with contextlib.suppress(OSError):  # the simulator was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(_JOIN_TIMEOUT_S)
        self._socket.close()

    def report(self, pin: int, level: bool) -> None:
        """Tell the simulator of an output. Never blocks; one line is far below what a socket takes at once."""
        with contextlib.suppress(OSError):  # without a simulator nobody sees the lamp
            self._socket.send(_line(pin, level), socket.MSG_DONTWAIT)

    def _read(self) -> None:
        with contextlib.suppress(OSError), self._socket.makefile("rb") as lines:
            for line in lines:
                self._drive(*_parsed(line))

    def _drive(self, bcm: int, level: bool) -> None:
        for pin in tuple(self.pins.values()):
            if pin.bcm == bcm and pin.function == "input":
                pin.drive_high() if level else pin.drive_low()


class PinServer:
    """The simulator's side: a finger for the inputs, an eye for the outputs. Belongs to one loop."""

    def __init__(self, path: Path) -> None:
        self._server = SocketServer(path, self._serve)
        self._programs: set[asyncio.StreamWriter] = set()
        self._levels: dict[int, bool] = {}
        self._releases: dict[int, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    async def close(self) -> None:
        """Let go of every button and end every connection."""
        for release in self._releases.values():
            release.cancel()
        await self._server.close()

    def press(self, pin: int | str = "button") -> None:
        """Press a button that pulls `pin` ("button": the panel's) to ground, and release it after 0.15 s."""
        number = BUTTON_PIN if pin == "button" else int(pin)
        self._send(number, False)
        if number in self._releases:
            self._releases[number].cancel()
        self._releases[number] = asyncio.get_running_loop().call_later(_PRESS_S, self._send, number, True)

    def level(self, pin: int) -> bool:
        """The level that the program gives `pin`; low while no program drives it."""
        return self._levels.get(pin, False)

    def lamp(self) -> bool:
        """Whether the panel's lamp is lit now."""
        return self.level(LAMP_PIN)

    def _send(self, pin: int, level: bool) -> None:
        for program in self._programs:
            program.write(_line(pin, level))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._programs.add(writer)
        try:
            while line := await reader.readline():
                pin, level = _parsed(line)
                self._levels[pin] = level
        finally:
            self._programs.discard(writer)
            if not self._programs:
                self._levels.clear()


def _line(pin: int, level: bool) -> bytes:
    return json.dumps({"pin": pin, "level": int(level)}).encode() + b"\n"


def _parsed(line: bytes) -> tuple[int, bool]:
    message = json.loads(line)
    return int(message["pin"]), bool(message["level"])
