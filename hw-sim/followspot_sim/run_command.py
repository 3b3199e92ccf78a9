"""`followspot-sim run`: the simulated classroom until it is told to end."""

import argparse
import asyncio
import math
import time
from pathlib import Path

from followspot_sim.classroom import ROOM_MICROPHONE, Classroom
from followspot_sim.errors import SimulatorError
from followspot_sim.setup import add_look_arguments, prepare

MAX_SOCKET_PATH_BYTES = 107
"""What Linux takes as the name of a unix socket."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim run`."""
    parser.add_argument(
        "--dir",
        type=Path,
        required=True,
        metavar="DIR",
        help="gets endpoints.json, the dock's link, the sockets and the truth; made when missing",
    )
    add_look_arguments(parser)
    parser.add_argument(
        "--clap-every",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="every S seconds the light dips for one frame and a tone sounds at the same instant (default: never)",
    )
    parser.add_argument("--no-dock", action="store_true", help="no dock: the camera looks straight ahead")
    parser.add_argument("--no-microphone", action="store_true", help="no microphone on the teacher")
    parser.add_argument("--room-microphone", action="store_true", help="a second microphone, which hears the children")


def run(arguments: argparse.Namespace) -> int:
    """Build the classroom, print `ready`, and work until SIGTERM or SIGINT; 0."""
    folder: Path = arguments.dir.resolve()
    check_folder(folder)
    prepared = prepare(arguments, _now_ns)
    classroom = Classroom(
        folder,
        prepared,
        clap_every_s=arguments.clap_every,
        dock=not arguments.no_dock,
        microphones=_microphones(arguments),
    )
    asyncio.run(classroom.run(lambda: print("ready", flush=True)))
    return 0


def _microphones(arguments: argparse.Namespace) -> list[str]:
    worn = [] if arguments.no_microphone else ["microphone"]
    return [*worn, ROOM_MICROPHONE] if arguments.room_microphone else worn


def _now_ns() -> int:
    """Now, in whole microseconds: the resolution of the camera's time stamps."""
    return time.monotonic_ns() // 1000 * 1000


def check_folder(folder: Path) -> None:
    """Make the folder. Raises SimulatorError where it cannot hold sockets."""
    if len(bytes(folder / "control.sock")) > MAX_SOCKET_PATH_BYTES:
        raise SimulatorError(f"--dir {folder}: too long for the sockets in it, which Linux limits to 107 bytes")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SimulatorError(f"--dir {folder}: {error.strerror}") from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds") from error
    if not (math.isfinite(seconds) and (seconds == 0 or seconds >= 0.5)):
        raise argparse.ArgumentTypeError("claps need half a second or more between them; 0 for none")
    return seconds
