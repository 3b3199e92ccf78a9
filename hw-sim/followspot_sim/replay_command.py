"""`followspot-sim replay`: a recorded dock on a pty, for the daemon to talk to."""

import argparse
import asyncio
import random
import signal
import time
from pathlib import Path

from followspot_sim.dock_command import DOCK_LINK
from followspot_sim.plant import NS_PER_S
from followspot_sim.pty_port import PtyPort
from followspot_sim.replayed_dock import ReplayedDock
from followspot_sim.trace import read_trace

_IDLE_S = 0.02


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim replay`."""
    parser.add_argument("trace", type=Path, metavar="FILE", help="what `followspot-sim record` wrote")
    parser.add_argument(
        "--dir", type=Path, required=True, metavar="DIR", help=f"gets {DOCK_LINK}, the daemon's dock.port"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print `ready`, play the trace once from the host's Hello on, unplug; 0."""
    dock = ReplayedDock(read_trace(arguments.trace), random.getrandbits(32))
    asyncio.run(replay(dock, arguments.dir / DOCK_LINK))
    return 0


async def replay(dock: ReplayedDock, link: Path) -> None:
    """Play until it is over, or until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    port = PtyPort(link, lambda data: port.write(dock.receive(data, time.monotonic_ns())))
    try:
        print("ready", flush=True)
        while not (stopping.is_set() or dock.over):
            port.write(dock.due(time.monotonic_ns()))
            due_ns = dock.next_due_ns()
            wait_s = _IDLE_S if due_ns is None else (due_ns - time.monotonic_ns()) / NS_PER_S
            await asyncio.sleep(min(max(wait_s, 0.0), _IDLE_S))
    finally:
        port.unplug()
