"""`followspot republish`: sends events again, with the ids they had."""

import argparse

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("republish", help="send events again, with the ids they had")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--from", type=int, dest="from_sequence", metavar="N", help="from this sequence number on")
    which.add_argument("--lesson", metavar="ID", help="all events of this lesson")
    add_socket(parser)
    parser.set_defaults(command=republish)


def republish(arguments: argparse.Namespace) -> int:
    """Answers when they are durably back in the outbox. Raises ConfigurationError."""
    wanted = {"from_sequence": arguments.from_sequence, "lesson_id": arguments.lesson}
    answer = command(arguments, "republish", **{name: value for name, value in wanted.items() if value is not None})
    if isinstance(answer, int):
        return answer
    print(answer.text)
    return exit_codes.OK
