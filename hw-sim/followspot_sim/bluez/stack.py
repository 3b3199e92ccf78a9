"""Everything a BlueZ client meets: the private bus, the simulated bluetoothd and the air."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from followspot_dock.waiting import within
from followspot_sim.bluez.air import Air
from followspot_sim.bluez.bus_daemon import BusDaemon

_START_S = 20.0
"""A Python process on a busy machine; half a second on a quiet one."""


class BluetoothStack:
    """In `folder`, from `start` to `close`. Give `bus_address` to clients as DBUS_SYSTEM_BUS_ADDRESS."""

    def __init__(self, folder: Path, interval_ms: float) -> None:
        self._socket = folder / "air.sock"
        self._bus = BusDaemon(folder)
        self._bluetoothd: asyncio.subprocess.Process | None = None
        self.air = Air(self._socket, interval_ms)

    @property
    def bus_address(self) -> str:
        """Where the bus listens."""
        return self._bus.address

    async def start(self) -> None:
        """Return when clients are served."""
        await self.air.start()
        try:
            await self._bus.start()
            await self.start_daemon()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End everything."""
        await self.kill_daemon(signal.SIGTERM)
        await self._bus.close()
        await self.air.close()

    async def start_daemon(self) -> None:
        """Start bluetoothd, as systemd does when it died."""
        self._bluetoothd = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "followspot_sim.bluez.daemon", self._bus.address, str(self._socket)
        )
        await within(_START_S, self.air.wait_served())

    async def kill_daemon(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End bluetoothd, by default without a chance to say so."""
        if self._bluetoothd is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._bluetoothd.send_signal(number)
        await self._bluetoothd.wait()
        self._bluetoothd = None
