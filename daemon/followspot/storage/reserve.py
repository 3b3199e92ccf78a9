"""Space held back, so that a full disk can still be closed properly: there, even deleting needs room."""

import logging
from collections.abc import Callable, Iterable
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


class Reserves:
    """One in each root in which lessons are recorded, and a small one beside a database with a disk of its own.

    None is held before `hold` or `require` asks for it.
    """

    def __init__(self, disk: Disk, roots: Iterable[Path], size_mb: int, state: Path) -> None:
        self._by_root = {root: Reserve(disk, root, size_mb * MEBIBYTE) for root in roots}
        self._state = Reserve(disk, state, STATE_RESERVE_BYTES)

    def hold(self, root: Path) -> None:
        """Make the reserve for `root`, or find it; OSError (ENOSPC) when there is no room for it."""
        self._by_root[root].hold()
        if not self._state.is_beside(root):
            self._state.hold()

    def require(self, root: Path) -> None:
        """The same before a lesson goes there; where it cannot be made for another reason, recording comes first."""
        try:
            self.hold(root)
        except OSError as error:
            if is_full(error):
                why = f"no room for the reserve, recording.reserve_mb: {error.strerror} ({error.filename})"
                raise OSError(error.errno, why) from error
            log.warning("recording without a reserve folder=%s: %s", root, error)

    def lend(self, step: Callable[[], T]) -> T:
        """Run a step that opens or closes something. On a full disk give up the reserves and run it again, once.

        SQLite has several names for a full disk, so the file systems are asked as well.
        """
        try:
            return step()
        except DiskErrors as error:
            full = is_full(error) or not all(one.has_room() for one in self._all())
            if not (full and self.release()):
                raise
        return step()

    def release(self) -> bool:
        """Give the space back to the disks; whether there was any. An error may not say which of them is full."""
        given = [one.release() for one in self._all()]
        return any(given)

    def give_back(self, root: Path) -> None:
        """Nothing is recorded there any more."""
        self._by_root[root].remove()

    def _all(self) -> "list[Reserve]":
        return [*self._by_root.values(), self._state]


class Reserve:
    """The preallocated file in one folder: held while all is well, given up when the disk is full."""

    def __init__(self, disk: Disk, folder: Path, size: int) -> None:
        self._disk = disk
        self._folder = folder
        self._path = folder / RESERVE_FILE
        self._size = size

    def hold(self) -> None:
        """Make the reserve, or find it; OSError (ENOSPC) when there is no room for it, and nothing is left."""
        if self._path.exists() and self._path.stat().st_size == self._size:
            return
        try:
            self._disk.allocate(self._path, self._size)
        except OSError as error:
            self._disk.remove(self._path)
            error.filename = str(self._path)
            raise

    def is_beside(self, root: Path) -> bool:
        """Whether it lies in the same file system; a disk that cannot be used is told by whoever writes to it."""
        with suppress(OSError):
            return self._folder.stat().st_dev == root.stat().st_dev
        return True

    def has_room(self) -> bool:
        """Whether a small file can still be made beside it."""
        return self._disk.has_room(self._folder)

    def release(self) -> bool:
        """Give the space back to the disk; whether there was any. A disk that does not answer has none to give."""
        with suppress(OSError):
            if self._path.exists():
                self.remove()
                log.warning("the disk is full: gave up the reserve file=%s bytes=%d", self._path, self._size)
                return True
        return False

    def remove(self) -> None:
        """Unlink it, whether it is there or not."""
        self._disk.remove(self._path)
