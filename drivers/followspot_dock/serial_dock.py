"""The dock on a serial line."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from followspot_dock.host import HostSession
from followspot_dock.port import DockError, DockListener, LinkState
from followspot_dock.protocol.frames import StreamCodec
from followspot_dock.serial_port import SerialPort, missing, open_device
from followspot_dock.session_dock import TICK_S, SessionDock
from followspot_dock.settings import DockSettings

_SEARCH_S = 0.1
"""How often to look whether the device is there: one stat."""
_FAREWELL_NS = 200_000_000
"""How long to wait at the end for the dock to acknowledge STOP; its own dead-man follows within 0.5 s anyway."""


class SerialDock(SessionDock):
    """A Dock behind `settings.port`. Give the by-id link: it is opened afresh each time, whatever tty it leads to."""

    def __init__(
        self, settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        super().__init__(listener, monotonic_ns)
        self._path = Path(settings.port)
        self._baud = settings.baud

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
            self._end(await self._converse(port))
        finally:
            self._session = None
            await port.close(executor)

    async def _converse(self, port: SerialPort) -> str:
        """Talk until it is over; why it is."""
        session = self._begin(StreamCodec(), port.write, str(self._path))
        try:
            while (reason := port.error or self._tick(session)) is None:
                await port.wait_failed(TICK_S)
        except asyncio.CancelledError:
            await self._farewell(session, port)
            raise
        return reason

    async def _farewell(self, session: HostSession, port: SerialPort) -> None:
        if not self.link.works:
            return
        self._link.close()  # from here on no drive gets through
        deadline_ns = self._now_ns() + _FAREWELL_NS
        session.stop(self._now_ns())
        while session.stopping and port.error is None and self._now_ns() < deadline_ns:
            await port.wait_failed(TICK_S)
            session.tick(self._now_ns())
