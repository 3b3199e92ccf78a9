"""`followspot fsck`: do files and catalogue agree? Puts right what the daemon's start does, and reports."""

import argparse
import asyncio
import os
import sys

from followspot.app.clock import SystemClock
from followspot.app.lock import AlreadyRunningError, state_lock
from followspot.bus.envelope import renderer
from followspot.cli import exit_codes
from followspot.cli.options import Subparsers, add_config
from followspot.domain.errors import FollowspotError
from followspot.settings.load import load
from followspot.settings.models import Settings
from followspot.storage.reconcile import Finding
from followspot.storage.storage import Storage


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("fsck", help="hold files and catalogue against each other, while no daemon runs")
    add_config(parser)
    parser.add_argument("--quick", action="store_true", help="measure announced files instead of reading them whole")
    parser.set_defaults(command=fsck)


def fsck(arguments: argparse.Namespace) -> int:
    """Raises ConfigurationError."""
    settings = load(arguments.config)
    state = settings.paths.state
    try:
        if state.exists() and state.stat().st_uid != os.geteuid():
            print(f"{state} belongs to another user: sudo -u followspot followspot fsck", file=sys.stderr)
            return exit_codes.USAGE
        with state_lock(state):
            findings = asyncio.run(_check(settings, read_all=not arguments.quick))
    except AlreadyRunningError:
        print(
            "the daemon runs, and has compared files and catalogue when it started (see its journal): "
            "stop it to have every file read",
            file=sys.stderr,
        )
        return exit_codes.REFUSED
    except (FollowspotError, OSError) as error:
        print(error, file=sys.stderr)
        return exit_codes.FAULT
    losses = sum(finding.is_loss for finding in findings)
    print(f"{len(findings)} findings, {losses} of them lost or damaged media")
    return exit_codes.FAULT if losses else exit_codes.OK


async def _check(settings: Settings, *, read_all: bool) -> list[Finding]:
    storage = Storage(
        settings, SystemClock(), renderer(settings.device.id), on_notice=lambda _: None, on_outbox=lambda: None
    )
    findings = []
    recovery = await storage.open()
    try:
        for path in recovery.salvaged:
            print(f"salvaged: {settings.paths.media / path}")
        for path in recovery.missing:
            print(f"missing: {settings.paths.media / path}")
        async for finding in storage.reconcile(read_all=read_all):
            findings.append(finding)
            print(f"{finding.kind}: {settings.paths.media / finding.path} {finding.text}", flush=True)
    finally:
        await storage.close()
    return findings
