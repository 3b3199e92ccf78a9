"""The `followspot-dock-test` command."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from followspot_dock.conformance.bench import Bench
from followspot_dock.conformance.cases import CASES
from followspot_dock.conformance.peer import FailedError
from followspot_dock.conformance.report import Report, line
from followspot_dock.conformance.run import run_all
from followspot_dock.conformance.wires import Wire, ble_wire, serial_wire
from followspot_dock.port import DockError

EXIT_PASSED, EXIT_FAILED, EXIT_NO_DOCK = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the kit: 0 where all passed, 1 where something failed, 2 for wrong usage or where there is no dock."""
    arguments = _parser().parse_args(argv)
    try:
        report = asyncio.run(_run(arguments))
        if arguments.json is not None:
            report.write(arguments.json)
    except (DockError, FailedError, OSError) as error:
        sys.stderr.write(f"followspot-dock-test: {error}\n")
        return EXIT_NO_DOCK
    except KeyboardInterrupt:
        return EXIT_FAILED
    _say(report.summary())
    return EXIT_PASSED if report.passed else EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="followspot-dock-test",
        description="Try on a dock what docs/dock-protocol.md asks of it. The dock will move: clear its way.",
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--port", type=Path, metavar="DEV", help="the dock's serial device")
    place.add_argument(
        "--ble", nargs="?", const="", metavar="ADDRESS", help="a dock on Bluetooth LE: this, or the only one"
    )
    parser.add_argument("--baud", type=int, default=115_200, metavar="N", help="bits per second (default: 115200)")
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        choices=[case.name for case in CASES],
        help="only this case; may be repeated",
    )
    parser.add_argument(
        "--by-hand", action="store_true", help="somebody is there to press the marker's button when asked"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a report with all figures")
    return parser


async def _run(arguments: argparse.Namespace) -> Report:
    cases = [case for case in CASES if arguments.only is None or case.name in arguments.only]
    async with _wire(arguments) as wire:
        hello = await Bench(wire).greet()
        _say(f"{hello.model} {hello.serial_number}, firmware {hello.firmware}, at {wire.name}")
        press = (lambda press: _say(f"      Press the marker's button: {press}")) if arguments.by_hand else None
        outcomes = await run_all(wire, cases, press, lambda outcome: _say(line(outcome)))
        return Report(wire.transport, wire.name, hello, outcomes)


def _wire(arguments: argparse.Namespace) -> AbstractAsyncContextManager[Wire]:
    return ble_wire(arguments.ble) if arguments.port is None else serial_wire(arguments.port, arguments.baud)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
