"""Serial line, TCP and UDP with one face, on the asyncio loop."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol

from followspot_dock.polled.address import Address, Transport
from followspot_dock.port import DockError
from followspot_dock.serial_port import SerialPort, open_device
from followspot_dock.waiting import Once

_READ_BYTES = 65_536
_CONNECT_S = 2.0
_KEEP_READING = 64
"""Datagrams taken at a time, so that a flood does not hold the loop."""

OnData = Callable[[bytes], None]


class Wire(Protocol):
    """An open connection. Bytes reach `on_data`; the first error ends it, and `error` says it in a sentence."""

    error: str | None

    async def wait_failed(self, timeout_s: float) -> None:
        """Return at the first error, or when `timeout_s` is over."""

    def write(self, data: bytes) -> None:
        """Send, or drop all of `data` if too much waits already."""

    async def close(self, executor: Executor) -> None:
        """Detach from the loop and close."""


class SocketWire:
    """A connected TCP or UDP socket."""

    def __init__(self, connected: socket.socket, on_data: OnData, address: Address) -> None:
        self.error: str | None = None
        self._socket = connected
        self._on_data = on_data
        self._address = address
        self._failed = Once()
        self._loop = asyncio.get_running_loop()
        self._attached = True
        self._loop.add_reader(connected, self._readable)

    async def wait_failed(self, timeout_s: float) -> None:
        await self._failed.wait(timeout_s)

    def write(self, data: bytes) -> None:
        # The kernel's buffer holds thousands of packets: a dock that is so far behind must not get more.
        if self._attached:
            try:
                self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._fail(error)

    async def close(self, executor: Executor) -> None:
        del executor  # closing a socket does not block
        self._detach()
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(_KEEP_READING):
            try:
                data = self._socket.recv(_READ_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._fail(error)
                return
            if not data and self._address.transport is Transport.TCP:
                self._fail(ConnectionResetError("the other end closed the connection"))
                return
            self._on_data(data)
            if not self._attached:
                return

    def _fail(self, error: OSError) -> None:
        self._detach()
        self.error = f"the connection broke ({error.strerror or error}): check network and power of the dock"
        self._failed.set()

    def _detach(self) -> None:
        if self._attached:
            self._attached = False
            self._loop.remove_reader(self._socket)


async def open_wire(address: Address, on_data: OnData, executor: Executor) -> tuple[Wire, int]:
    """The connection, and its descriptor. Raises DockError with a reason for people."""
    if address.transport is Transport.SERIAL:
        device = await open_device(address.path, address.baud, executor)
        return SerialPort(device, on_data), device.fileno()
    connected = await _connect(address)
    return SocketWire(connected, on_data, address), connected.fileno()


async def _connect(address: Address) -> socket.socket:
    loop = asyncio.get_running_loop()
    stream = address.transport is Transport.TCP
    try:
        async with asyncio.timeout(_CONNECT_S):  # noqa: TID251  # this task is not being cancelled here
            kind = socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
            family, kind, protocol, _, where = (await loop.getaddrinfo(address.host, address.port, type=kind))[0]
            connecting = socket.socket(family, kind, protocol)
            connecting.setblocking(False)
            try:
                await loop.sock_connect(connecting, where)
            except BaseException:
                connecting.close()
                raise
    except TimeoutError as error:
        raise DockError(f"{address} did not answer within 2 s: check network and power of the dock") from error
    except OSError as error:
        raise DockError(f"{address} cannot be reached ({error.strerror or error}): correct dock.url") from error
    if stream:
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connecting
