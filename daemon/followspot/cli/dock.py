"""`followspot dock`: what a technician asks of the dock."""

import argparse

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket

_MARKER_IDS = range(1, 0x10000)


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("dock", help="ask something of the dock")
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    for name, text in (
        ("identify", "let it blink, to see which one it is"),
        ("park", "turn to its resting place, and rest until the next lesson"),
        ("clear-faults", "clear what was mended, so that it moves again"),
    ):
        deed = deeds.add_parser(name, help=text)
        add_socket(deed)
        deed.set_defaults(command=_ask, name=f"dock-{name}")
    follow = deeds.add_parser("follow-marker", help="follow this marker from now on")
    add_socket(follow)
    follow.add_argument("marker_id", type=_marker_id, metavar="ID", help="the marker's number, 1 to 65535")
    follow.set_defaults(command=_ask, name="dock-follow-marker")


def _ask(arguments: argparse.Namespace) -> int:
    """Answers when the dock has. Raises ConfigurationError."""
    marker = {} if "marker_id" not in arguments else {"marker_id": arguments.marker_id}
    answer = command(arguments, arguments.name, **marker)
    if isinstance(answer, int):
        return answer
    print(answer.text)
    return exit_codes.OK


def _marker_id(text: str) -> int:
    if not text.isdecimal() or int(text) not in _MARKER_IDS:
        raise argparse.ArgumentTypeError(f"{text} is no marker: 1 to 65535")
    return int(text)
