"""`followspot-sim record`: stands between the daemon and a dock, and writes down what either says.

The daemon always gets a serial device. A dock on Bluetooth LE is translated frame by frame: its trace has the same
form, with the timing of the air.
"""

import argparse
import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from followspot_dock import DockError
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.frames import StreamCodec
from followspot_dock.serial_port import SerialPort, open_device
from followspot_dock.session_dock import Channel
from followspot_sim.errors import SimulatorError
from followspot_sim.pty_port import PtyPort
from followspot_sim.trace import TraceWriter

_WATCH_S = 0.2
"""How soon the end is noticed."""

OnData = Callable[[bytes], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim record`."""
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--port", type=Path, metavar="DEV", help="the dock's serial device")
    place.add_argument(
        "--ble", nargs="?", const="", metavar="ADDRESS", help="a dock on Bluetooth LE: this, or the only one"
    )
    parser.add_argument("--baud", type=int, default=115_200, metavar="N", help="bits per second (default: 115200)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="gets the trace")
    parser.add_argument(
        "--link", type=Path, required=True, metavar="PATH", help="the device to give to the daemon as dock.port"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print `ready`, and record until SIGTERM, SIGINT or the dock's end; 0."""
    if arguments.port is None:
        asyncio.run(record_ble(arguments.ble, arguments.out, arguments.link))
    else:
        asyncio.run(record(arguments.port, arguments.baud, arguments.out, arguments.link))
    return 0


async def record(device: Path, baud: int, out: Path, link: Path) -> None:
    """Record a dock on a serial line until a signal, or until it hangs up. Raises SimulatorError where that fails."""
    await _record(str(device), lambda on_data: _serial(device, baud, on_data), out, link)


async def record_ble(address: str, out: Path, link: Path) -> None:
    """Record the dock at `address`, or the only one for "", likewise."""
    await _record(address or "ble", lambda on_data: _ble(address, on_data), out, link)


async def _record(
    name: str, connect: Callable[[OnData], AbstractAsyncContextManager[Channel]], out: Path, link: Path
) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        with out.open("w", encoding="utf-8") as file:
            await _pass_on(TraceWriter(file, name, time.monotonic_ns()), connect, link, stopping)
    except (DockError, OSError) as error:
        raise SimulatorError(str(error)) from error


async def _pass_on(
    writer: TraceWriter,
    connect: Callable[[OnData], AbstractAsyncContextManager[Channel]],
    link: Path,
    stopping: asyncio.Event,
) -> None:
    host: PtyPort | None = None

    def from_dock(data: bytes) -> None:
        writer.piece("dock", data, time.monotonic_ns())
        if host is not None:
            host.write([data])

    async with connect(from_dock) as dock:

        def from_host(data: bytes) -> None:
            writer.piece("host", data, time.monotonic_ns())
            dock.write(data)

        host = PtyPort(link, from_host)
        try:
            print("ready", flush=True)
            while not stopping.is_set() and dock.error is None:
                await dock.wait_failed(_WATCH_S)
        finally:
            host.unplug()


@asynccontextmanager
async def _serial(device: Path, baud: int, on_data: OnData) -> AsyncIterator[Channel]:
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dock-serial") as executor:
        port = SerialPort(await open_device(device, baud, executor), on_data)
        try:
            yield port
        finally:
            await port.close(executor)


@asynccontextmanager
async def _ble(address: str, on_data: OnData) -> AsyncIterator[Channel]:
    from followspot_dock.ble_channel import BleChannel  # lazy: no bleak for a dock on a cable
    from followspot_dock.ble_search import find

    channel = BleChannel(await find(address), lambda value: on_data(_as_stream(value)))
    try:
        await channel.open()
        yield _Translated(channel)
    finally:
        await channel.close()


def _as_stream(value: bytes) -> bytes:
    return b"".join(map(StreamCodec().encode, DatagramCodec().feed(value)))


class _Translated:
    """A channel of datagrams for a host that speaks a stream. A Channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stream, self._datagrams = StreamCodec(), DatagramCodec()

    @property
    def error(self) -> str | None:
        return self._channel.error

    def write(self, data: bytes) -> None:
        for frame in self._stream.feed(data):
            self._channel.write(self._datagrams.encode(frame))

    async def wait_failed(self, timeout_s: float) -> None:
        await self._channel.wait_failed(timeout_s)

    def rest(self, resting: bool) -> bool:
        return self._channel.rest(resting)

    def look(self) -> None:
        self._channel.look()
