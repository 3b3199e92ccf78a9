"""The files of single microphones that lie beside a segment. docs/segments.md, step S4."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from followspot.domain.recording import SoundFile, SoundPart
from followspot.domain.segments import SOUND_SUFFIX, sound_file
from followspot.domain.sound import MicrophoneRole
from followspot.storage.disk import DRAFT_SUFFIX, Disk, replace_file


def write_sounds(disk: Disk, folder: Path, index: int, parts: Iterable[SoundPart]) -> tuple[SoundFile, ...]:
    """Put them beside segment `index`, each durably and in one step."""
    written = []
    for part in parts:
        name = sound_file(index, part.role)
        replace_file(disk, folder / name, part.data)
        written.append(SoundFile(part.role, name, len(part.data), hashlib.sha256(part.data).hexdigest()))
    return tuple(written)


def remove_drafts(disk: Disk, folder: Path) -> None:
    """Remove what an interruption left of one that was being written."""
    for path in folder.glob(f"*{SOUND_SUFFIX}{DRAFT_SUFFIX}"):
        disk.remove(path)


def find_sounds(folder: Path, index: int) -> tuple[SoundFile, ...]:
    """Those that lie beside segment `index`, read and hashed."""
    paths = {role: folder / sound_file(index, role) for role in MicrophoneRole}
    found = {role: path.read_bytes() for role, path in paths.items() if path.exists()}
    return tuple(
        SoundFile(role, paths[role].name, len(data), hashlib.sha256(data).hexdigest()) for role, data in found.items()
    )
