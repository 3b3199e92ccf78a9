"""The dock on a serial line."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from followspot_dock.host import HostSession, PressMemory, check_drive
from followspot_dock.link import Backoff, Link
from followspot_dock.port import Capabilities, Dock, DockError, DockListener, LinkState
from followspot_dock.serial_port import SerialPort, missing, open_device
from followspot_dock.settings import DockSettings

_TICK_S = 0.02
"""Half the interval at which STOP is repeated, and fine enough for the heartbeat."""
_SEARCH_S = 0.1
"""How often to look whether the device is there: one stat."""
_FAREWELL_NS = 200_000_000
"""How long to wait at the end for the dock to acknowledge STOP; its own dead-man follows within 0.5 s anyway."""


class SerialDock(Dock):
    """A Dock behind `settings.port`. Give the by-id link: it is opened afresh each time, whatever tty it leads to."""

    def __init__(
        self, settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._path = Path(settings.port)
        self._baud = settings.baud
        self._listener = listener
        self._now_ns = monotonic_ns
        self._link = Link(listener)
        self._backoff = Backoff()
        self._presses = PressMemory()
        self._lamp_on = False
        self._session: HostSession | None = None

    @property
    def link(self) -> LinkState:
        return self._link.state

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        check_drive(pan_dps, tilt_dps, ttl_ms)
        if self._session is not None and self.link is LinkState.READY:
            self._session.drive(pan_dps, tilt_dps, ttl_ms)

    def stop(self) -> None:
        if self._session is not None and self.link is LinkState.READY:
            self._session.stop(self._now_ns())

    def marker_lamp(self, on: bool) -> None:
        self._lamp_on = on
        if self._session is not None:
            self._session.marker_lamp(on, self._now_ns())

    async def run(self) -> None:
        try:
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dock-serial") as executor:
                while True:
                    await self._search()
                    await self._attempt(executor)
                    await asyncio.sleep(self._backoff.next_s())
        finally:
            self._link.close()

    async def _search(self) -> None:
        while not self._path.exists():
            self._link.move(LinkState.SEARCHING, missing(self._path))
            self._backoff.reset()
            await asyncio.sleep(_SEARCH_S)
        if self.link is LinkState.LOST:
            self._link.move(LinkState.SEARCHING, f"found {self._path} again")

    async def _attempt(self, executor: Executor) -> None:
        self._link.move(LinkState.CONNECTING, f"opening {self._path}")
        try:
            device = await open_device(self._path, self._baud, executor)
        except DockError as error:
            self._link.move(LinkState.SEARCHING, str(error))
            return
        port = SerialPort(device, self._on_data)
        try:
            reason = await self._converse(port)
            ended = LinkState.LOST if self.link is LinkState.READY else LinkState.SEARCHING
            self._link.move(ended, f"{self._path}: {reason}")
        finally:
            self._session = None
            await port.close(executor)

    async def _converse(self, port: SerialPort) -> str:
        """Talk until it is over; why it is."""
        session = HostSession(port.write, self._listener, self._on_ready, self._presses, self._lamp_on)
        self._session = session
        self._link.move(LinkState.NEGOTIATING, f"asking {self._path} what it is")
        session.begin(self._now_ns())
        try:
            while (reason := port.error or session.fault(self._now_ns())) is None:
                session.tick(self._now_ns())
                await port.wait_failed(_TICK_S)
        except asyncio.CancelledError:
            await self._farewell(session, port)
            raise
        return reason

    async def _farewell(self, session: HostSession, port: SerialPort) -> None:
        if self.link is not LinkState.READY:
            return
        self._link.close()  # from here on no drive gets through
        deadline_ns = self._now_ns() + _FAREWELL_NS
        session.stop(self._now_ns())
        while session.stopping and port.error is None and self._now_ns() < deadline_ns:
            await port.wait_failed(_TICK_S)
            session.tick(self._now_ns())

    def _on_data(self, data: bytes) -> None:
        if self._session is not None:
            self._session.receive(data, self._now_ns())

    def _on_ready(self, capabilities: Capabilities) -> None:
        self._backoff.reset()
        name = f"{capabilities.model} {capabilities.serial_number}, firmware {capabilities.firmware}"
        self._link.move(LinkState.READY, f"{name} at {self._path}", capabilities)
