"""Which serial device is the dock: the one that is named, or the only one with a dock's USB ids."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol

from serial.tools.list_ports import comports

from followspot_dock.port import DockError
from followspot_dock.serial_port import missing
from followspot_dock.settings import DockSettings


class UsbPort(Protocol):
    """What pyserial tells of a port."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None


class SerialSearch:
    """Finds the device afresh each time: a dock that is plugged in again may get another name."""

    def __init__(self, settings: DockSettings, list_ports: Callable[[], Iterable[UsbPort]] = comports) -> None:
        self._pinned = Path(settings.port) if settings.port else None
        self._usb_ids = frozenset(settings.usb_ids)
        self._list_ports = list_ports

    async def find(self, executor: Executor) -> Path:
        """The device. Raises DockError with a reason for people where there is none, or more than one."""
        if self._pinned is None:
            return await asyncio.get_running_loop().run_in_executor(executor, self._detect)
        if not self._pinned.exists():
            raise DockError(missing(self._pinned))
        return self._pinned

    def _detect(self) -> Path:
        docks = [port for port in self._list_ports() if _usb_id(port) in self._usb_ids]
        if len(docks) > 1:
            found = " and ".join(sorted(f"{dock.device} (serial number {dock.serial_number})" for dock in docks))
            raise DockError(f"more than one dock is plugged in, {found}: set dock.port to the right one's by-id link")
        if not docks:
            ids = ", ".join(sorted(self._usb_ids))
            raise DockError(f"no USB device is a dock ({ids}): plug the dock in, or set dock.port")
        return Path(docks[0].device)


def _usb_id(port: UsbPort) -> str | None:
    return None if port.vid is None or port.pid is None else f"{port.vid:04x}:{port.pid:04x}"
