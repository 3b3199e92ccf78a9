"""`followspot status`: how things stand, for people or (--json) for programs."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from followspot.cli import exit_codes
from followspot.cli.client import command
from followspot.cli.options import Subparsers, add_socket

_CARRIERS = {
    "teacher": "the teacher is heard",
    "room": "the room microphone is heard alone",
    "none": "silence: no microphone gives anything",
    "muted": "muted by the marker: silence",
}


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("status", help="say how things stand")
    add_socket(parser)
    parser.add_argument("--json", action="store_true", help="print everything, as the daemon gives it")
    parser.set_defaults(command=status)


def status(arguments: argparse.Namespace) -> int:
    """Raises ConfigurationError."""
    answer = command(arguments, "status")
    if isinstance(answer, int):
        return answer
    data: dict[str, Any] = answer.data or {}
    print(json.dumps(data, indent=2, ensure_ascii=False) if arguments.json else "\n".join(lines(data)))
    return exit_codes.OK


def lines(data: dict[str, Any]) -> Iterator[str]:
    """The same for people: the lesson, the teacher, the dock, the broker, disk and clock, then what is wrong."""
    yield f"session:   {_session(data)}"
    yield f"tracking:  {data['tracking']}"
    yield f"sound:     {_sound(data['sound'])}"
    yield f"dock:      {_dock(data['dock'], data['dock_status'])}"
    yield f"broker:    {data['broker']}"
    yield f"recorded:  {data['frames']} pictures, {data['frames_dropped']} dropped, since the last start"
    yield f"encoder:   {data['encoder']['name']}: {data['encoder']['reason']}"
    yield f"vision:    {data['vision']['name']}: {data['vision']['reason']}"
    yield f"room for:  {_minutes(data['disk_minutes_left'])}"
    yield f"clock:     {'set' if data['host']['clock'] == 'synced' else 'not set: wall times are corrected later'}"
    yield f"alerts:    {len(data['alerts']) or 'none'}"
    for alert in data["alerts"]:
        yield f"  {alert['code']}: {alert['message']}"


def _dock(link: str, dock: dict[str, Any]) -> str:
    batteries = [("dock", dock["battery_percent"])]
    batteries += [(f"marker {one['id']}", one["battery_percent"]) for one in dock["markers"]]
    known = [f"{name} {percent} %" for name, percent in batteries if percent is not None]
    return f"{link}, batteries: {', '.join(known)}" if known else link


def _minutes(minutes: int | None) -> str:
    return "unknown: the disk does not answer" if minutes is None else f"{minutes} minutes of lessons"


def _sound(sound: dict[str, Any]) -> str:
    if sound["carrier"] is None:
        return "muted by the marker" if sound["muted"] else "nothing is recorded"
    levels = [
        f"{name} peak {level['peak_dbfs']} dB, RMS {level['rms_dbfs']} dB"
        for name in ("teacher", "room")
        if (level := sound[name]) is not None
    ]
    return "; ".join([_CARRIERS[sound["carrier"]], *levels])


def _session(data: dict[str, Any]) -> str:
    if data["lesson_id"] is None:
        return str(data["session"])
    disk = "reaches the disk" if data["recording"] else "nothing reaches the disk"
    if data["session"] == "paused":
        disk = "the camera is closed"
    return f"{data['session']} {data['lesson_id']}, started by {data['started_by']}, {disk}"
