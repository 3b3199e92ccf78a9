"""`followspot schemas`: writes the schemas of events, state and commands."""

import argparse
import json
import sys
from pathlib import Path

from followspot.bus.additive import breaks
from followspot.bus.schemas import catalogue, files
from followspot.cli import exit_codes
from followspot.cli.options import Subparsers


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("schemas", help="write the JSON Schemas and the AsyncAPI document of what is sent")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to")
    parser.set_defaults(command=schemas)


def schemas(arguments: argparse.Namespace) -> int:
    """Refuses to write over a schema whose readers the new one would break."""
    out: Path = arguments.out
    if broken := list(_broken(out)):
        print("\n".join(broken), file=sys.stderr)
        print("a schema may only gain: keep the field, or raise the model's schema_version", file=sys.stderr)
        return exit_codes.REFUSED
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (out / name).write_bytes(content)
    print(f"{len(files())} files in {out}")
    return exit_codes.OK


def _broken(folder: Path) -> list[str]:
    found = []
    for document in catalogue():
        file = folder / document.file
        if file.is_file():
            old, new = json.loads(file.read_bytes()), document.schema()
            if old.get("$id") == new["$id"]:
                found += [f"{file}: {what}" for what in breaks(old, new, document.direction)]
    return found
