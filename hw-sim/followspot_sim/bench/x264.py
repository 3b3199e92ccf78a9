"""What x264 was really told, from the files it wrote: both programs must have asked it for the same."""

import re
from pathlib import Path


def settings(file: Path) -> dict[str, str]:
    """The settings that x264 writes into the first picture of every stream; empty where there are none."""
    found = re.search(rb"x264 - core.*?options: ([ -~]+)", file.read_bytes())
    words = found.group(1).decode("ascii").split() if found else []
    return dict(word.split("=", 1) for word in words if "=" in word)


def differences(daemon: Path, ffmpeg: Path) -> dict[str, str]:
    """Where the settings behind two files differ: setting -> "daemon's / ffmpeg's"."""
    ours, theirs = settings(daemon), settings(ffmpeg)
    keys = sorted(ours.keys() | theirs.keys())
    return {key: f"{ours.get(key)} / {theirs.get(key)}" for key in keys if ours.get(key) != theirs.get(key)}
