"""The `followspot-sim` command."""

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence

from followspot_sim.errors import SimulatorError

COMMANDS = {
    "run": ("followspot_sim.run_command", "run the simulated classroom: camera, microphone, dock and pins"),
    "dock": ("followspot_sim.dock_command", "simulate the dock alone, on a serial line, on Bluetooth LE or both"),
    "other-dock": ("followspot_sim.other_dock_command", "simulate a VISCA camera or a Waveshare pan-tilt at the wire"),
    "soak": ("followspot_sim.soak_command", "run driver and simulated dock at full rate, and tell what was lost"),
    "record": ("followspot_sim.record_command", "write down what a dock says and hears, with its real timing"),
    "replay": ("followspot_sim.replay_command", "play a recorded dock to the daemon"),
    "look": ("followspot_sim.look_command", "render one frame to a PNG file"),
    "demo": ("followspot_sim.demo", "record a lesson with everything simulated, and judge it"),
    "vision-eval": ("followspot_sim.vision_eval", "judge how well the daemon's vision sees people"),
    "scorecard": ("followspot_sim.proof.command", "judge the framing in scenarios, against truth and against others"),
    "bench": ("followspot_sim.bench", "measure the daemon against its budgets"),
}
"""Name, module with add_arguments(parser) and run(arguments) -> exit code, and a line of help.

Only the module of the command that was asked for is imported.
"""

USAGE_ERROR = 2
INTERRUPTED = 130
"""As shells give it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit code, 2 for what the user must mend, 130 after Ctrl-C."""
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except SimulatorError as error:
        print(f"followspot-sim: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:  # also while the command's module is still being loaded, which takes a second
        return INTERRUPTED


def _run(argv: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(
        prog="followspot-sim", description="A simulated classroom at the wire, for Followspot without hardware."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((argument for argument in argv if not argument.startswith("-")), None)
    run = None
    for name, (module_name, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == chosen:
            module = importlib.import_module(module_name)
            module.add_arguments(command)
            run = module.run
    arguments = parser.parse_args(argv)
    assert run is not None, "argparse accepted a command that is not in the table"
    return int(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
