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
    """The same for people: the lesson, the teacher, the dock, the broker, then what is wrong."""
    yield f"session:   {_session(data)}"
    yield f"tracking:  {data['tracking']}"
    yield f"sound:     {_sound(data['sound'])}"
    yield f"dock:      {data['dock']}"
    yield f"broker:    {data['broker']}"
    yield f"recorded:  {data['frames']} pictures, {data['frames_dropped']} dropped, since the last start"
    yield f"disk:      {_room(data)}"
    yield f"alerts:    {len(data['alerts']) or 'none'}"
    for alert in data["alerts"]:
        yield f"  {alert['code']}: {alert['message']}"


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


def _room(data: dict[str, Any]) -> str:
    minutes = data.get("disk_minutes_left")
    return "not looked at yet" if minutes is None else f"room for {minutes // 60} h {minutes % 60:02d} min"
