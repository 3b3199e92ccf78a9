"""`followspot pause`: records nothing for a while."""

import argparse

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("pause", help="record nothing for a while; the lesson waits with the camera closed")
    add_socket(parser)
    parser.set_defaults(command=pause)


def pause(arguments: argparse.Namespace) -> int:
    """Answers as soon as the daemon has accepted. Raises ConfigurationError."""
    answer = command(arguments, "pause")
    if isinstance(answer, int):
        return answer
    print(answer.text)
    return exit_codes.OK
