"""The file system as storage uses it: few operations, each of which has happened when it returns."""

import errno
import os
import sqlite3
from pathlib import Path

FILE_MODE = 0o640
FOLDER_MODE = 0o750
FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
SQLITE_PRIMARY_CODE = 0xFF
"""The low byte of SQLite's extended result code names the error."""


class Disk:
    """The real file system. Every operation raises OSError as the kernel gives it."""

    def create(self, path: Path) -> int:
        """A new, empty file, open for appending; it must not exist."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)

    def append(self, path: Path) -> int:
        """A file open for appending, made when it is not there."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)

    def write(self, fd: int, data: bytes) -> None:
        """All of `data`; an error may leave a part of it written."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]

    def sync(self, fd: int) -> None:
        """The file's content and length survive a power cut."""
        os.fdatasync(fd)

    def close(self, fd: int) -> None:
        """Give the descriptor back."""
        os.close(fd)

    def truncate(self, path: Path, size: int) -> None:
        """Cut the file to `size` bytes, durably."""
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        """Name a file anew in one step; a file of that name is replaced. Durable after `sync_folder`."""
        source.rename(target)

    def sync_folder(self, folder: Path) -> None:
        """The names in `folder` survive a power cut."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def make_folder(self, path: Path) -> None:
        """A new folder in an existing one; it may be there already."""
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def remove(self, path: Path) -> None:
        """Unlink a file, whether it is there or not."""
        path.unlink(missing_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()

    def allocate(self, path: Path, size: int) -> None:
        """A file that truly owns `size` bytes of the disk."""
        fd = self.append(path)
        try:
            os.ftruncate(fd, min(size, os.fstat(fd).st_size))
            os.posix_fallocate(fd, 0, size)
            os.fsync(fd)
        finally:
            os.close(fd)


def replace_file(disk: Disk, path: Path, content: bytes) -> None:
    """Put `content` at `path` durably and in one step: a reader sees the old file or the new one."""
    draft = path.with_name(f"{path.name}.tmp")
    disk.remove(draft)
    fd = disk.create(draft)
    try:
        disk.write(fd, content)
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.rename(draft, path)
    disk.sync_folder(path.parent)


def is_full(error: BaseException) -> bool:
    """Whether an operation failed for want of space, in the file system or in SQLite."""
    if isinstance(error, OSError):
        return error.errno in FULL_ERRNOS
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & SQLITE_PRIMARY_CODE == sqlite3.SQLITE_FULL
    return False
