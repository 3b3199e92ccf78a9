"""A segment on its way to the disk, and the framing track beside it. docs/segments.md numbers the steps."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from followspot.domain.recording import Gap
from followspot.domain.rendition import RenditionName
from followspot.domain.segments import FRAMING_FILE, segment_file
from followspot.storage.boxes import init_length
from followspot.storage.disk import Disk

PART_SUFFIX = ".part"
TAIL_BYTES = 64 * 1024
"""Many times the length of a framing line."""


class SegmentFile:
    """The unfinished file of one segment, or of a further picture. Everything given to it is durable after `sync`."""

    def __init__(self, disk: Disk, folder: Path, index: int, rendition: RenditionName | None = None) -> None:
        self.index = index
        self.path = folder / segment_file(index, rendition)
        self.size = 0
        self.init_size = 0
        self._disk = disk
        self.part = self.path.with_name(self.path.name + PART_SUFFIX)
        self._hash = hashlib.sha256()
        self._is_synced = True
        self._fd: int | None = disk.create(self.part)
        try:
            disk.sync_folder(folder)
        except OSError:
            self.abandon()
            raise

    def write(self, data: bytes) -> None:
        """Append whole boxes in one write."""
        if self._fd is None:
            raise ValueError(f"{self.part} is closed")
        self._is_synced = False
        self._disk.write(self._fd, data)
        if self.init_size == self.size:
            self.init_size += init_length(data)
        self.size += len(data)
        self._hash.update(data)

    def sync(self) -> bool:
        """What was written survives a power cut; whether there are frames in it."""
        if self._fd is not None and not self._is_synced:
            self._disk.sync(self._fd)
            self._is_synced = True
        return self.size > self.init_size

    def finish(self) -> str:
        """Give the file its name; its SHA-256."""
        self.sync()
        self.abandon()
        self._disk.rename(self.part, self.path)
        self._disk.sync_folder(self.path.parent)
        return self._hash.hexdigest()

    def abandon(self) -> None:
        """Close the descriptor and leave the file as it is, for salvage."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            self._disk.close(fd)


class FramingFile:
    """The lesson's framing track: lines appended with the fragments they belong to, synced with the segment."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._fd: int | None = disk.append(folder / FRAMING_FILE)

    def write(self, lines: bytes) -> None:
        """Append whole lines."""
        if lines and self._fd is not None:
            self._disk.write(self._fd, lines)

    def sync(self) -> None:
        """What was written survives a power cut."""
        if self._fd is not None:
            self._disk.sync(self._fd)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            self._disk.close(fd)


def cut_line(cut: Gap) -> bytes:
    """The line of the framing track that stands before the first picture behind a cut."""
    record = {"pts_ns": cut.start_ns, "cut": cut.reason.value, "missing_ns": cut.missing_ns}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def shifted(lines: bytes, lesson_ns: Callable[[int], int]) -> bytes:
    """Framing lines in the lesson's time, of a recorder that does not know what an overflow has cut out."""
    records = [json.loads(line) for line in lines.splitlines()]
    moved = ({**record, "pts_ns": lesson_ns(record["pts_ns"])} for record in records)
    return b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in moved)


def trim_framing(disk: Disk, folder: Path) -> None:
    """Cut a line that a crash left unfinished. Lines are short: the last one lies in the last TAIL_BYTES."""
    path = folder / FRAMING_FILE
    if not path.exists():
        return
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - TAIL_BYTES))
        whole = start + file.read().rfind(b"\n") + 1
    if whole < size:
        disk.truncate(path, whole)
