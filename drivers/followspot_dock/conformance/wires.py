"""The wire between the kit and the dock: a serial device, or a Bluetooth LE connection."""

import enum
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from followspot_dock.conformance.peer import Peer
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import StreamCodec


class Transport(enum.StrEnum):
    """What carries the frames."""

    SERIAL = "serial"
    BLE = "ble"


@dataclass(frozen=True, slots=True)
class Wire:
    """An open connection; `broken` says why it is none any more, None while it is."""

    transport: Transport
    name: str
    peer: Peer
    broken: Callable[[], str | None]


@asynccontextmanager
async def serial_wire(device: Path, baud: int) -> AsyncIterator[Wire]:
    """Open a serial device. Raises DockError with a reason for people."""
    from followspot_dock.serial_port import SerialPort, open_device  # lazy: no pyserial for a dock on Bluetooth

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dock-serial") as executor:
        peer = Peer(StreamCodec(), lambda data: port.write(data))
        port = SerialPort(await open_device(device, baud, executor), peer.receive)
        try:
            yield Wire(Transport.SERIAL, str(device), peer, lambda: port.error)
        finally:
            await port.close(executor)


@asynccontextmanager
async def ble_wire(address: str) -> AsyncIterator[Wire]:
    """Connect to the dock at `address`, or to the only one in range for "". Raises DockError."""
    from followspot_dock.ble_channel import BleChannel  # lazy: no bleak for a dock on a cable
    from followspot_dock.ble_search import find

    device = await find(address)
    peer = Peer(DatagramCodec(), lambda data: channel.write(data))
    channel = BleChannel(device, peer.receive, newest_motion=False)
    try:
        await channel.open()
        yield Wire(Transport.BLE, device.address, peer, lambda: channel.error)
    finally:
        await channel.close()
