"""Options that several commands share."""

import argparse
from pathlib import Path

from followspot.settings.load import DEFAULT_PATH

Subparsers = argparse._SubParsersAction  # argparse gives its type no public name


def add_config(parser: argparse._ActionsContainer) -> None:
    """`--config FILE`."""
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_PATH, metavar="FILE", help="the configuration (default: %(default)s)"
    )


def add_socket(parser: argparse.ArgumentParser) -> None:
    """`--config FILE` or `--socket PATH`: which daemon is meant."""
    group = parser.add_mutually_exclusive_group()
    add_config(group)
    group.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's control.sock, instead of --config")
