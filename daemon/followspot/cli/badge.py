"""`followspot badge`: writes the printed badge, for docks that have no marker."""

import argparse
import sys
from pathlib import Path

from followspot.cli import exit_codes
from followspot.cli.options import Subparsers

SIZE_MM = 130.0
LEAST_MM, MOST_MM = 60.0, 150.0
"""What the settings take, and an A4 page with its white border."""
NUMBERS = range(50)


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("badge", help="write the badge to print, for docks that have no marker")
    parser.add_argument(
        "--id", type=int, choices=NUMBERS, default=0, metavar="N", help="its number, 0 to 49 (default: %(default)s)"
    )
    parser.add_argument(
        "--size-mm", type=_size_mm, default=SIZE_MM, metavar="MM", help="side of the black square (default: 130)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("badge.pdf"), metavar="FILE.pdf", help="where it goes (default: %(default)s)"
    )
    parser.set_defaults(command=badge)


def _size_mm(text: str) -> float:
    try:
        size_mm = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no length in millimetres") from error
    if not LEAST_MM <= size_mm <= MOST_MM:
        raise argparse.ArgumentTypeError(f"from {LEAST_MM:.0f} to {MOST_MM:.0f} mm")
    return size_mm


def badge(arguments: argparse.Namespace) -> int:
    """Write the PDF; FAULT where it cannot be written."""
    # Not at the top: the other commands must not wait for OpenCV to load.
    from followspot.vision.badge_sheet import sheet

    try:
        arguments.out.write_bytes(sheet(arguments.id, arguments.size_mm))
    except OSError as error:
        print(f"--out {arguments.out}: cannot be written: {error.strerror}", file=sys.stderr)
        return exit_codes.FAULT
    print(
        f"{arguments.out}: badge {arguments.id}, {arguments.size_mm:g} mm, two pages. Print it at 100 %.\n"
        f"The daemon looks for it with  [tracking] badge = {arguments.id}  and  badge_mm = {arguments.size_mm:g}"
    )
    return exit_codes.OK
