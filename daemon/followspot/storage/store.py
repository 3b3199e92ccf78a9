"""What every part of storage works with, on the storage thread."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from followspot.domain.clock import Clock
from followspot.domain.errors import DiskFullError, StorageError
from followspot.domain.segments import PLAYLIST_FILE
from followspot.storage.boot import Boot
from followspot.storage.catalogue import Catalogue
from followspot.storage.disk import Disk, is_full, replace_file
from followspot.storage.notices import StorageNotice
from followspot.storage.playlist import playlist
from followspot.storage.reserve import Reserve

DiskErrors = (OSError, sqlite3.Error)
"""What a disk that fails looks like from Python."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """The media root, the catalogue, and the ports around them."""

    media: Path
    device_id: str
    segment_s: float
    disk: Disk
    catalogue: Catalogue
    reserve: Reserve
    boot: Boot
    clock: Clock
    notify: Callable[[StorageNotice], None]

    def folder(self, lesson_id: str) -> Path:
        """Where a lesson lives."""
        return self.media / lesson_id

    def write_playlist(self, lesson_id: str, *, ended: bool) -> None:
        """Bring the lesson's playlist up to what is catalogued."""
        segments, gaps = self.catalogue.segments(lesson_id), self.catalogue.gaps(lesson_id)
        content = playlist(segments, gaps, segment_s=self.segment_s, ended=ended)
        replace_file(self.disk, self.folder(lesson_id) / PLAYLIST_FILE, content)

    def with_reserve(self, step: Callable[[], T]) -> T:
        """Run a step that closes something. On a full disk give up the reserve and run it again, once."""
        try:
            return step()
        except DiskErrors as error:
            if not (is_full(error) and self.reserve.release()):
                raise
        return step()


def storage_error(doing: str, error: BaseException) -> StorageError:
    """A disk's failure as a person reads it: what was being done, what happened, what to do."""
    if is_full(error):
        return DiskFullError(f"{doing}: no space is left ({error}); free some space, then record again")
    return StorageError(f"{doing}: {error}; check that the disk is there, writable and healthy")
