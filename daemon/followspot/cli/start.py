"""`followspot start`: begins a lesson."""

import argparse

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket

SECONDS_PER_MINUTE = 60


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("start", help="begin a lesson")
    add_socket(parser)
    about = parser.add_argument_group("about the lesson", "carried unchanged into its events and its manifest")
    about.add_argument("--code", metavar="TEXT", help="the school's own name for the lesson")
    about.add_argument("--title", metavar="TEXT", help="for people")
    about.add_argument("--teacher", metavar="TEXT", help="who teaches")
    about.add_argument(
        "--consent",
        type=_pair,
        action="append",
        default=[],
        metavar="KEY=TEXT",
        help="what the school states about consent (may be repeated)",
    )
    about.add_argument("--minutes", type=float, metavar="N", help="how long it is meant to be; it does not end then")
    parser.set_defaults(command=start)


def start(arguments: argparse.Namespace) -> int:
    """Answers as soon as the daemon has accepted. Raises ConfigurationError."""
    answer = command(arguments, "start", **_details(arguments))
    if isinstance(answer, int):
        return answer
    print(answer.text)
    return exit_codes.OK


def _details(arguments: argparse.Namespace) -> dict[str, object]:
    minutes: float | None = arguments.minutes
    said = {
        "lesson_code": arguments.code,
        "title": arguments.title,
        "teacher": arguments.teacher,
        "consent": dict(arguments.consent) or None,
        "planned_length_s": None if minutes is None else round(minutes * SECONDS_PER_MINUTE),
    }
    return {name: value for name, value in said.items() if value is not None}


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=TEXT")
    return key, value
