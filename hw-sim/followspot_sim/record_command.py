"""`followspot-sim record`: stands between the daemon and a dock, and writes down what either says."""

import argparse
import asyncio
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from followspot_dock import DockError
from followspot_dock.serial_port import SerialPort, open_device
from followspot_sim.errors import SimulatorError
from followspot_sim.pty_port import PtyPort
from followspot_sim.trace import TraceWriter

_WATCH_S = 0.2
"""How soon the end is noticed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim record`."""
    parser.add_argument("--port", type=Path, required=True, metavar="DEV", help="the dock's serial device")
    parser.add_argument("--baud", type=int, default=115_200, metavar="N", help="bits per second (default: 115200)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="gets the trace")
    parser.add_argument(
        "--link", type=Path, required=True, metavar="PATH", help="the device to give to the daemon as dock.port"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print `ready`, and record until SIGTERM, SIGINT or the dock's end; 0."""
    asyncio.run(record(arguments.port, arguments.baud, arguments.out, arguments.link))
    return 0


async def record(device: Path, baud: int, out: Path, link: Path) -> None:
    """Record until a signal, or until the dock hangs up. Raises SimulatorError where it cannot begin."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dock-serial") as executor:
        try:
            opened = await open_device(device, baud, executor)
            with out.open("w", encoding="utf-8") as file:
                await _pass_on(TraceWriter(file, str(device), time.monotonic_ns()), opened, link, stopping, executor)
        except (DockError, OSError) as error:
            raise SimulatorError(str(error)) from error


async def _pass_on(
    writer: TraceWriter, opened: object, link: Path, stopping: asyncio.Event, executor: ThreadPoolExecutor
) -> None:
    def from_dock(data: bytes) -> None:
        writer.piece("dock", data, time.monotonic_ns())
        host.write([data])

    def from_host(data: bytes) -> None:
        writer.piece("host", data, time.monotonic_ns())
        dock.write(data)

    host = PtyPort(link, from_host)
    dock = SerialPort(opened, from_dock)
    try:
        print("ready", flush=True)
        while not stopping.is_set() and dock.error is None:
            await dock.wait_failed(_WATCH_S)
    finally:
        host.unplug()
        await dock.close(executor)
