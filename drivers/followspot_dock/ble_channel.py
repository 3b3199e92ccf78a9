"""A GATT connection to a dock: frames out as writes without response, frames in as notifications."""

import asyncio
import logging
from collections.abc import Callable

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice

from followspot_dock.ble_errors import BLE_ERRORS, explain
from followspot_dock.ble_outbox import Outbox
from followspot_dock.port import DockError
from followspot_dock.protocol.ble import COMMAND_UUID, REPORT_UUID, SERVICE_UUID
from followspot_dock.waiting import Once, within

_LOG = logging.getLogger(__name__)

_CONNECT_S = 5.0
"""An advertising dock answers within some connection intervals; BlueZ itself would wait for 20 s and more."""
_CLOSE_S = 2.0
"""A bluetoothd that hangs must not hold the next attempt up; bleak itself would wait without end."""


class BleChannel:
    """An open connection. Values reach `on_data`; the first error ends it, and `error` says in a sentence what it was.

    Until then bleak may believe that all is well although nothing comes: the heartbeat of the conversation decides.
    """

    def __init__(self, device: BLEDevice, on_data: Callable[[bytes], None], *, newest_motion: bool = True) -> None:
        self.error: str | None = None
        self._on_data = on_data
        self._failed = Once()
        self._waiting = asyncio.Event()
        self._outbox = Outbox(newest_motion=newest_motion)
        self._writer: asyncio.Task[None] | None = None
        self._client = BleakClient(device, self._on_disconnected, services=[SERVICE_UUID], timeout=_CONNECT_S)

    async def open(self) -> None:
        """Connect, or take over a connection that is there already. Raises DockError with a reason for people."""
        try:
            commands = await within(_CONNECT_S, self._connect())
        except TimeoutError as error:
            raise DockError(f"the dock did not connect within {_CONNECT_S:.0f} s") from error
        except BLE_ERRORS as error:
            raise DockError(explain(error)) from error
        self._writer = asyncio.create_task(self._write_out(commands), name="dock-ble-writer")

    async def wait_failed(self, timeout_s: float) -> None:
        """Return at the first error, or when `timeout_s` is over."""
        await self._failed.wait(timeout_s)

    def write(self, frame: bytes) -> None:
        """Send the frame when the link has room; what a newer motion makes stale by then is never sent.

        That is, unless `newest_motion` was switched off.
        """
        self._outbox.put(frame)
        self._waiting.set()

    def rest(self, resting: bool) -> bool:  # noqa: ARG002 - BlueZ cannot hold them back
        """Notifications come as BlueZ sends them."""
        return False

    def look(self) -> None:
        """Nothing was held back."""

    async def close(self) -> None:
        """End the connection, whatever is left of it; the dock advertises again after this."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        try:
            await within(_CLOSE_S, self._client.disconnect())
        except BLE_ERRORS as error:
            _LOG.debug("closing the connection to the dock: %s", explain(error))

    async def _connect(self) -> BleakGATTCharacteristic:
        await self._client.connect()
        commands = self._characteristic(COMMAND_UUID)
        await self._client.start_notify(self._characteristic(REPORT_UUID), self._on_value)
        return commands

    def _characteristic(self, uuid: str) -> BleakGATTCharacteristic:
        found = self._client.services.get_characteristic(uuid)
        if found is None:
            raise DockError("the device lacks a dock's characteristics: not a Followspot dock")
        return found

    async def _write_out(self, commands: BleakGATTCharacteristic) -> None:
        try:
            while True:
                await self._waiting.wait()
                self._waiting.clear()
                while self._outbox:
                    await self._client.write_gatt_char(commands, self._outbox.take(), response=False)
        except BLE_ERRORS as error:
            self._fail(explain(error))

    def _on_value(self, _characteristic: BleakGATTCharacteristic, value: bytearray) -> None:
        self._on_data(bytes(value))

    def _on_disconnected(self, _client: BleakClient) -> None:
        self._fail("the Bluetooth link broke: the dock is off, out of range or disturbed")

    def _fail(self, reason: str) -> None:
        if self.error is None:
            self.error = reason
        self._failed.set()
