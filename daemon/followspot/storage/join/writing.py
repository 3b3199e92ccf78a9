"""Writing the one file. Where a part of it is there already, and right, only the rest is written."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from followspot.storage.join.errors import JoinError
from followspot.storage.join.plan import JoinPlan

CHUNK_BYTES = 1024 * 1024
SYNC_BYTES = 16 * CHUNK_BYTES
"""Little enough that a lesson which begins meanwhile does not wait for a sync of ours."""


@dataclass(frozen=True, slots=True)
class Written:
    """The whole, synced file."""

    size: int
    sha256: str


class _Target:
    """Takes the content from its beginning: compares it with what is there, writes from the first difference on."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._old = os.fstat(file.fileno()).st_size
        self._unsynced = 0
        self._hash = hashlib.sha256()
        self.size = 0

    def take(self, data: bytes) -> None:
        self._hash.update(data)
        if self.size + len(data) > self._old or self._file.read(len(data)) != data:
            self._old = 0
            self._file.seek(self.size)
            self._file.truncate()
            self._file.write(data)
            self._unsynced += len(data)
        self.size += len(data)
        if self._unsynced >= SYNC_BYTES:
            self.sync()

    def sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self._unsynced = 0

    def finish(self) -> Written:
        if os.fstat(self._file.fileno()).st_size > self.size:
            self._file.truncate(self.size)
        self._file.flush()
        os.fsync(self._file.fileno())
        return Written(self.size, self._hash.hexdigest())


def write_joined(target: Path, head: bytes, plan: JoinPlan, between: Callable[[], None]) -> Written:
    """The file at `target`, from whatever is there already. `between` is called after every chunk and may raise."""
    with target.open("r+b" if target.exists() else "w+b") as file:
        os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode & 0o640)
        sink = _Target(file)
        for data in _content(head, plan):
            sink.take(data)
            between()
        return sink.finish()


def _content(head: bytes, plan: JoinPlan) -> Iterator[bytes]:
    yield head
    source: BinaryIO | None = None
    open_path: Path | None = None
    try:
        for piece in plan.pieces:
            if piece.path is None:
                yield piece.own
                continue
            if source is None or piece.path != open_path:
                if source is not None:
                    source.close()
                source, open_path = piece.path.open("rb"), piece.path
            yield from _stretch(source, piece.path, piece.offset, piece.length)
    finally:
        if source is not None:
            source.close()


def _stretch(source: BinaryIO, path: Path, offset: int, length: int) -> Iterator[bytes]:
    source.seek(offset)
    while length:
        data = source.read(min(length, CHUNK_BYTES))
        if not data:
            raise JoinError(f"{path} is shorter than it says")
        length -= len(data)
        yield data
