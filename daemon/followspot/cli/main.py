"""The `followspot` command."""

import argparse
import sys
from collections.abc import Sequence

from followspot import __version__
from followspot.cli import (
    badge,
    bookmark,
    calibrate,
    check,
    dock,
    exit_codes,
    fsck,
    home,
    models,
    pause,
    render,
    republish,
    resume,
    run,
    schemas,
    start,
    status,
    stop,
)
from followspot.domain.errors import ConfigurationError

COMMANDS = (
    run,
    check,
    fsck,
    start,
    stop,
    pause,
    resume,
    bookmark,
    home,
    status,
    republish,
    calibrate,
    dock,
    render,
    badge,
    models,
    schemas,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.command(arguments)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="followspot",
        description="A classroom recorder whose camera stays on the teacher.",
        epilog=exit_codes.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"followspot {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return parser
