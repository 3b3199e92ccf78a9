"""Space held back, so that a full disk can still be closed properly: there, even deleting needs room."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from followspot.storage.disk import Disk, DiskErrors, is_full

RESERVE_FILE = ".followspot-reserve"
MEBIBYTE = 1024 * 1024

T = TypeVar("T")
log = logging.getLogger(__name__)


class Reserve:
    """The preallocated file in the media root: held while all is well, given up when the disk is full."""

    def __init__(self, disk: Disk, folder: Path, size_mb: int) -> None:
        self._disk = disk
        self._folder = folder
        self._path = folder / RESERVE_FILE
        self._size = size_mb * MEBIBYTE

    def hold(self) -> None:
        """Make the reserve, or find it; OSError (ENOSPC) when there is no room for it, and nothing is left."""
        if self._path.exists() and self._path.stat().st_size == self._size:
            return
        try:
            self._disk.allocate(self._path, self._size)
        except OSError:
            self._disk.remove(self._path)
            raise

    def lend(self, step: Callable[[], T]) -> T:
        """Run a step that opens or closes something. On a full disk give up the reserve and run it again, once.

        SQLite has several names for a full disk, so the file system is asked as well.
        """
        try:
            return step()
        except DiskErrors as error:
            full = is_full(error) or not self._disk.has_room(self._folder)
            if not (full and self.release()):
                raise
        return step()

    def release(self) -> bool:
        """Give the space back to the disk; whether there was any."""
        if not self._path.exists():
            return False
        self._disk.remove(self._path)
        log.warning("the disk is full: gave up the reserve file=%s bytes=%d", self._path, self._size)
        return True
