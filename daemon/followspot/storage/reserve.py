"""Space held back, so that a full disk can still be closed properly: there, even deleting needs room."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from followspot.storage.disk import Disk, DiskErrors, is_full

RESERVE_FILE = ".followspot-reserve"
MEBIBYTE = 1024 * 1024
STATE_RESERVE_BYTES = 4 * MEBIBYTE
"""Where the database has a disk of its own: what it takes to close a lesson and to tell of it, many times over."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class Reserve:
    """The preallocated file in the media root: held while all is well, given up when the disk is full.

    Where the state lies in another file system, there is a small one beside the database as well.
    """

    def __init__(self, disk: Disk, folder: Path, size_mb: int, state: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._state = state
        self._size = size_mb * MEBIBYTE

    def hold(self) -> None:
        """Make the reserve, or find it; OSError (ENOSPC) when there is no room for it, and nothing is left."""
        self._hold(self._folder / RESERVE_FILE, self._size)
        if self._state_is_apart():
            self._hold(self._state / RESERVE_FILE, STATE_RESERVE_BYTES)

    def _hold(self, path: Path, size: int) -> None:
        if path.exists() and path.stat().st_size == size:
            return
        try:
            self._disk.allocate(path, size)
        except OSError as error:
            self._disk.remove(path)
            error.filename = str(path)
            raise

    def _state_is_apart(self) -> bool:
        with suppress(OSError):  # a disk that cannot be used is told by whoever writes to it
            return self._state.stat().st_dev != self._folder.stat().st_dev
        return False

    def lend(self, step: Callable[[], T]) -> T:
        """Run a step that opens or closes something. On a full disk give up the reserve and run it again, once.

        SQLite has several names for a full disk, so the file system is asked as well.
        """
        try:
            return step()
        except DiskErrors as error:
            full = is_full(error) or not all(self._disk.has_room(one) for one in (self._folder, self._state))
            if not (full and self.release()):
                raise
        return step()

    def release(self) -> bool:
        """Give the space back to the disk; whether there was any."""
        held = [path for path in (self._folder / RESERVE_FILE, self._state / RESERVE_FILE) if path.exists()]
        for path in held:
            self._disk.remove(path)
            log.warning("the disk is full: gave up the reserve file=%s", path)
        return bool(held)
