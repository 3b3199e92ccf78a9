"""The dock on a serial line."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from followspot_dock.port import DockError, DockListener, LinkState
from followspot_dock.protocol.frames import StreamCodec
from followspot_dock.serial_port import SerialPort, open_device
from followspot_dock.serial_search import SerialSearch
from followspot_dock.session_dock import SessionDock
from followspot_dock.settings import DockSettings

_SEARCH_S = 0.1
"""How often to look for a device that is named: one stat."""
_DETECT_S = 0.3
"""How often to look through all USB devices: some hundred small reads."""


class SerialDock(SessionDock):
    """A Dock behind `settings.port`, or behind the only USB device with a dock's ids. Opened afresh each time."""

    def __init__(
        self, settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        super().__init__(listener, monotonic_ns)
        self._search = SerialSearch(settings)
        self._search_s = _SEARCH_S if settings.port else _DETECT_S
        self._baud = settings.baud

    async def run(self) -> None:
        try:
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dock-serial") as executor:
                while True:
                    await self._attempt(await self._find(executor), executor)
                    await asyncio.sleep(self._backoff.next_s())
        finally:
            self._link.close()

    async def _find(self, executor: Executor) -> Path:
        while True:
            try:
                path = await self._search.find(executor)
            except DockError as error:
                self._link.move(LinkState.SEARCHING, str(error))
                self._backoff.reset()
                await asyncio.sleep(self._search_s)
            else:
                if self.link is LinkState.LOST:
                    self._link.move(LinkState.SEARCHING, f"found {path} again")
                return path

    async def _attempt(self, path: Path, executor: Executor) -> None:
        self._link.move(LinkState.CONNECTING, f"opening {path}")
        try:
            device = await open_device(path, self._baud, executor)
        except DockError as error:
            self._link.move(LinkState.SEARCHING, str(error))
            return
        port = SerialPort(device, self._on_data)
        try:
            await self._converse(port, StreamCodec(), str(path))
        finally:
            await port.close(executor)
