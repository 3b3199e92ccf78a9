"""`followspot models`: gets the model of the better vision stack out of a published package, or takes it away again."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from followspot.cli import exit_codes
from followspot.cli.options import Subparsers, add_config
from followspot.settings.load import load

WHEEL = ("--python-version=3.11", "--implementation=cp", "--platform=manylinux2014_x86_64", "--only-binary=:all:")
"""One wheel for all machines: only files are taken out of it, and nothing in it is run."""


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("models", help="install or remove the model of the better vision stack")
    what = parser.add_subparsers(metavar="WHAT", required=True)
    install = what.add_parser("install", help="download it (36 MB, of which 0.25 MB are kept) and check it")
    add_config(install)
    install.add_argument(
        "--from", dest="wheel", type=Path, metavar="FILE.whl", help="a wheel that was downloaded elsewhere"
    )
    install.set_defaults(command=install_models)
    remove = what.add_parser("remove", help="go back to what OpenCV has itself")
    add_config(remove)
    remove.set_defaults(command=remove_models)


def install_models(arguments: argparse.Namespace) -> int:
    """Raises ConfigurationError. FAULT where it cannot be downloaded, is wrong or cannot be put in its place."""
    # Not at the top: the other commands need none of it.
    from followspot.vision.models import ModelError, unpack

    state = load(arguments.config).paths.state
    try:
        if arguments.wheel is not None:
            files = unpack(arguments.wheel, state)
        else:
            with tempfile.TemporaryDirectory() as folder:
                files = unpack(_downloaded(Path(folder)), state)
    except ModelError as error:
        print(error, file=sys.stderr)
        return exit_codes.FAULT
    for file in files:
        print(f"installed: {file}")
    print("The daemon uses it from its next start on: systemctl restart followspot")
    return exit_codes.OK


def remove_models(arguments: argparse.Namespace) -> int:
    """Raises ConfigurationError. FAULT where they cannot be deleted."""
    from followspot.vision.models import ModelError, remove

    try:
        files = remove(load(arguments.config).paths.state)
    except ModelError as error:
        print(error, file=sys.stderr)
        return exit_codes.FAULT
    for file in files:
        print(f"removed: {file}")
    print("no model is installed any more" if files else "no model was installed")
    return exit_codes.OK


def _downloaded(folder: Path) -> Path:
    """The package, by pip, which shows its own progress bar. Raises ModelError."""
    from followspot.vision.models import PACKAGE, ModelError

    wanted = f"{PACKAGE.name}=={PACKAGE.version}"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps"]
    code = subprocess.run([*pip, *WHEEL, f"--dest={folder}", wanted], check=False).returncode
    wheels = list(folder.glob("*.whl"))
    if code != 0 or not wheels:
        raise ModelError(
            f"{wanted} could not be downloaded (pip's words stand above). Without a network: download its wheel for "
            "Linux elsewhere, and give it with --from"
        )
    return wheels[0]
