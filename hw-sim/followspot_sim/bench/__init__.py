"""`followspot-sim bench`: the daemon's figures against their budgets, taken on this machine in one run."""

import argparse
import math
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from followspot_sim.bench import ffmpeg, results
from followspot_sim.bench.families import FAMILIES, FIGURES, Family
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.errors import SimulatorError

FAILED = 1
INTERRUPTED = 130
"""The exit code of a program ended by Ctrl-C, as shells give it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim bench`."""
    parser.add_argument(
        "--out", type=Path, default=Path("build/bench"), help="where everything goes (default %(default)s)"
    )
    parser.add_argument("--only", choices=FIGURES, metavar="NAME", help=f"one figure and its kin: {', '.join(FIGURES)}")
    parser.add_argument("--rounds", type=_rounds, default=3, help="how often each is measured (default %(default)s)")
    parser.add_argument("--seconds", type=_seconds, default=12.0, help="length of a recording (default %(default)g)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="a folder of real recordings with an index.json")


def _rounds(text: str) -> int:
    rounds = int(text)
    if not 1 <= rounds <= 100:
        raise argparse.ArgumentTypeError("1 to 100 rounds")
    return rounds


def _seconds(text: str) -> float:
    seconds = float(text)
    if not math.isfinite(seconds) or not 2 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("a recording here is 2 to 3600 seconds long")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, write bench.json; 0 when all could be measured, met or not."""
    out: Path = arguments.out.resolve()
    work = out / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    file = out / "bench.json"
    file.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, _interrupt)
    options = BenchOptions(work, arguments.rounds, arguments.seconds, arguments.data)
    figures: list[Figure] = []
    failed = False
    try:
        ffmpeg.program()
        for family in FAMILIES:
            if arguments.only in (None, *family.figures):
                failed |= not _measure(family, options, figures)
    except SimulatorError as error:
        print(f"followspot-sim bench: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    results.write(figures, file)
    print(f"\n{results.table(figures)}\n\nin {file}; recordings and logs in {work}")
    return FAILED if failed else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _measure(family: Family, options: BenchOptions, figures: list[Figure]) -> bool:
    """Add a family's figures; False when its runs failed, which the others survive."""
    print(f"measuring {', '.join(family.figures)} ({options.rounds} x {options.seconds:g} s)", flush=True)
    try:
        figures += family.measure(options)
    except (RuntimeError, OSError, SimulatorError) as error:
        print(f"{', '.join(family.figures)} could not be measured: {error}", file=sys.stderr)
        return False
    return True
