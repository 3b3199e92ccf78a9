"""`followspot-sim other-dock`: a simulated dock of another maker until it is told to end."""

import argparse
import asyncio
import contextlib
import json
import signal
from collections.abc import Callable
from pathlib import Path

from followspot_sim.control import ControlServer
from followspot_sim.other_docks import KINDS, OtherDock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim other-dock`."""
    parser.add_argument("--kind", choices=sorted(KINDS), required=True, help="which dock, on which wire")
    parser.add_argument(
        "--dir", type=Path, required=True, metavar="DIR", help="gets endpoints.json, control.sock and the serial device"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the network's losses (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Print `ready`, and work until SIGTERM or SIGINT; 0."""
    folder: Path = arguments.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(arguments.kind, folder, arguments.seed, lambda: print("ready", flush=True)))
    return 0


async def _serve(kind: str, folder: Path, seed: int, ready: Callable[[], None]) -> None:
    dock = OtherDock(kind, folder, seed)
    control = ControlServer(folder / "control.sock", dock.handlers())
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(dock)
        await control.start()
        stack.push_async_callback(control.close)
        (folder / "endpoints.json").write_text(json.dumps({"dock": dock.settings()}) + "\n")
        ready()
        await ended.wait()
