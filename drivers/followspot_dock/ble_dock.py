"""The dock on Bluetooth LE."""

import asyncio
import time
from collections.abc import Callable

from bleak.backends.device import BLEDevice

from followspot_dock.ble_channel import BleChannel
from followspot_dock.ble_search import Wanted, connected_dock, scan
from followspot_dock.port import Capabilities, DockError, DockListener, LinkState
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.session_dock import SessionDock
from followspot_dock.settings import DockSettings

_PAUSE_S = 0.3
"""Between two looks round: the air belongs to the room's Wi-Fi too."""


class BleDock(SessionDock):
    """A Dock at `settings.address`, or the only one in range.

    A scan disturbs the room's Wi-Fi and the link itself (raspberrypi/linux#3727): there is one only while there is no
    link. Nobody tells that bluetoothd died: the conversation's heartbeat notices it, as it notices a dock that hangs,
    which makes a watch on NameOwnerChanged unnecessary.
    """

    def __init__(
        self, settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        super().__init__(listener, monotonic_ns)
        self._pinned = settings.address
        self._familiar = ""
        self._take_over = True

    async def run(self) -> None:
        self._take_over = True
        try:
            while True:
                try:
                    device = await self._find()
                except DockError as error:
                    self._link.move(LinkState.SEARCHING, str(error))
                    await asyncio.sleep(_PAUSE_S)
                else:
                    await self._attempt(device)
                    await asyncio.sleep(self._backoff.next_s())
        finally:
            self._link.close()

    async def _find(self) -> BLEDevice:
        """The dock to connect to. Raises DockError with a reason for people."""
        if self.link is not LinkState.SEARCHING:
            self._link.move(LinkState.SEARCHING, f"looking for {self._place} again")
        wanted = Wanted(self._pinned, self._familiar)
        # Once only: a bluetoothd that died left its last word "connected" behind, which a scan puts right.
        device = await connected_dock(wanted) if self._take_over else None
        self._take_over = False
        device = device or await scan(wanted)
        if device is None:
            self._familiar = ""  # it is not waited for again: another one may have taken its place
            raise DockError(wanted.missing)
        return device

    async def _attempt(self, device: BLEDevice) -> None:
        self._link.move(LinkState.CONNECTING, f"connecting to {device.address}")
        channel = BleChannel(device, self._on_data)
        try:
            await channel.open()
            await self._converse(channel, DatagramCodec(), device.address)
        except DockError as error:
            self._link.move(LinkState.SEARCHING, f"{device.address}: {error}")
        finally:
            await channel.close()

    def _on_ready(self, capabilities: Capabilities) -> None:
        self._familiar = self._place
        self._take_over = True
        super()._on_ready(capabilities)
