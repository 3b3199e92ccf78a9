"""`followspot home`: turns the dock to its home position."""

import argparse

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("home", help="turn the dock to its home position; not during a lesson")
    add_socket(parser)
    parser.set_defaults(command=home)


def home(arguments: argparse.Namespace) -> int:
    """Answers as soon as the daemon has accepted. Raises ConfigurationError."""
    answer = command(arguments, "home")
    if isinstance(answer, int):
        return answer
    print(answer.text)
    return exit_codes.OK
