"""`followspot calibrate sync`: finds from claps how far the sound is behind the picture, and which key mends it."""

import argparse
import sys
from typing import TYPE_CHECKING

from followspot.cli import exit_codes
from followspot.cli.options import Subparsers, add_config
from followspot.domain.sound import MicrophoneRole
from followspot.settings.load import load
from followspot.settings.models import Settings

if TYPE_CHECKING:
    from followspot.media.synccheck import SyncFinding

WELL_MS = 10.0
"""Half of what a lesson may be off; nobody sees it."""
MAX_WATCH_S = 120.0
"""All the sound is kept in memory: 23 MB by then."""
MAX_LATENCY_MS = 1000.0
"""What the keys take."""

_TABLES = {MicrophoneRole.TEACHER: "microphone", MicrophoneRole.ROOM: "room_microphone"}

_WHAT_TO_DO = """\
Stand where the camera sees your hands, about an arm's length from the microphone. Clap once, keep the hands together
for a second, part them slowly, and again: at least five times."""


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("calibrate", help="measure what the configuration has to know")
    what = parser.add_subparsers(metavar="WHAT", required=True)
    sync = what.add_parser("sync", help="how far the sound is behind the picture, from claps; no lesson may run")
    add_config(sync)
    sync.add_argument("--seconds", type=_seconds, default=20.0, metavar="S", help="how long to watch (default: 20)")
    sync.set_defaults(command=calibrate_sync)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds") from error
    if not 1 <= seconds <= MAX_WATCH_S:
        raise argparse.ArgumentTypeError(f"from 1 to {MAX_WATCH_S:.0f} seconds")
    return seconds


def calibrate_sync(arguments: argparse.Namespace) -> int:
    """Raises ConfigurationError."""
    settings = load(arguments.config)
    if not settings.microphones:
        print("no microphone is configured: set [microphone] url first", file=sys.stderr)
        return exit_codes.USAGE
    # Not at the top: the other commands must not wait for OpenCV and FFmpeg to load.
    from followspot.app.clock import SystemClock
    from followspot.media.synccheck import DeviceMissingError, measure

    print(_WHAT_TO_DO, flush=True)
    try:
        findings = measure(settings, SystemClock(), arguments.seconds, lambda: print("Clap now.", flush=True))
    except DeviceMissingError as error:
        print(f"{error}. While a lesson is recorded its devices are taken: stop it first", file=sys.stderr)
        return exit_codes.FAULT
    for finding in findings:
        print(told(finding, settings))
    return exit_codes.OK if all(finding.offset is not None for finding in findings) else exit_codes.FAULT


def told(finding: "SyncFinding", settings: Settings) -> str:
    """One microphone's finding, with the key to set."""
    table = _TABLES[finding.role]
    if finding.offset is None:
        return (
            f"[{table}] not enough claps agree: {finding.seen} were seen, {finding.heard} heard. Clap nearer to camera "
            "and microphone, in good light, with nobody else moving"
        )
    off_ms = finding.offset.offset_ns / 1e6
    how = f"({finding.offset.claps} claps, each within {finding.offset.spread_ns / 1e6:.0f} ms)"
    what = f"[{table}] the sound is {abs(off_ms):.0f} ms {'behind' if off_ms >= 0 else 'ahead of'} the picture {how}"
    if abs(off_ms) <= WELL_MS:
        return f"{what}: nothing has to be changed"
    return f"{what}: {_advice(finding.role, off_ms, settings)}"


def _advice(role: MicrophoneRole, off_ms: float, settings: Settings) -> str:
    """Sound that comes first means that the picture is late: only where its times are arrivals does its key count."""
    microphone = settings.microphone if role is MicrophoneRole.TEACHER else settings.room_microphone
    table, now_ms, wanted_ms = _TABLES[role], microphone.latency_ms, microphone.latency_ms + off_ms
    if off_ms < 0 and settings.camera.timestamps == "arrival":
        table, now_ms, wanted_ms = "camera", settings.camera.latency_ms, settings.camera.latency_ms - off_ms
    if abs(wanted_ms) > MAX_LATENCY_MS:
        return f"more than [{table}] latency_ms can mend: look for what delays it, such as a mixer or an encoder"
    return f"set [{table}] latency_ms = {wanted_ms:.0f} (it is {now_ms:.0f})"
