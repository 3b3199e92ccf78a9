"""`followspot check`: says what is wrong with a configuration."""

import argparse

from followspot.bus.access import broker_access
from followspot.cli import exit_codes
from followspot.cli.options import Subparsers, add_config
from followspot.settings.load import load


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("check", help="say what is wrong with the configuration")
    add_config(parser)
    parser.set_defaults(command=check)


def check(arguments: argparse.Namespace) -> int:
    """Raises ConfigurationError for a file that cannot be used, or that names files which cannot."""
    broker_access(load(arguments.config).mqtt)
    print(f"{arguments.config}: OK")
    return exit_codes.OK
