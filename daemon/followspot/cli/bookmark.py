"""`followspot bookmark`: marks this moment of the lesson."""

import argparse

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("bookmark", help="mark this moment of the lesson")
    parser.add_argument("text", nargs="?", default="", metavar="TEXT", help="what is to be remembered")
    parser.add_argument("--tag", default="bookmark", help="what kind of bookmark it is (default: %(default)s)")
    add_socket(parser)
    parser.set_defaults(command=bookmark)


def bookmark(arguments: argparse.Namespace) -> int:
    """Answers when the bookmark is on the disk. Raises ConfigurationError."""
    answer = command(arguments, "bookmark", tag=arguments.tag, text=arguments.text)
    if isinstance(answer, int):
        return answer
    print(answer.text)
    return exit_codes.OK
