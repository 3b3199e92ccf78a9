"""`followspot resume`: goes on with the paused lesson."""

import argparse

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("resume", help="go on with the paused lesson")
    add_socket(parser)
    parser.set_defaults(command=resume)


def resume(arguments: argparse.Namespace) -> int:
    """Answers as soon as the daemon has accepted. Raises ConfigurationError."""
    answer = command(arguments, "resume")
    if isinstance(answer, int):
        return answer
    print(answer.text)
    return exit_codes.OK
