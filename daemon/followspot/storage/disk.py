"""The file system as storage uses it: few operations, each of which has happened when it returns."""

import errno
import hashlib
import os
import sqlite3
import stat
from pathlib import Path

FILE_MODE = 0o640
FOLDER_MODE = 0o750
UNALLOCATABLE_ERRNOS = frozenset({errno.EBADF, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})
"""What file systems answer that cannot allocate space (ramfs, exFAT, FUSE, NFS before 4.2)."""
ZEROS = bytes(1024 * 1024)
ROOM_BYTES = 1024 * 1024
"""With less than this SQLite cannot make its files and calls that an I/O error."""
FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
SQLITE_PRIMARY_CODE = 0xFF
"""The low byte of SQLite's extended result code names the error."""
HASH_CHUNK_BYTES = 1024 * 1024
DRAFT_SUFFIX = ".tmp"
"""Of a file that is on its way to its name."""
DiskErrors = (OSError, sqlite3.Error)
"""What a disk that fails looks like from Python."""


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
        """A new folder in an existing one, for us and our group; it may be there already."""
        make_private_folder(path)

    def remove(self, path: Path) -> None:
        """Unlink a file, whether it is there or not."""
        path.unlink(missing_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()

    def allocate(self, path: Path, size: int) -> None:
        """A file that truly owns `size` bytes of the disk, also where the file system cannot allocate."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            os.ftruncate(fd, min(size, os.fstat(fd).st_size))
            try:
                self.preallocate(fd, size)
            except OSError as error:
                if error.errno not in UNALLOCATABLE_ERRNOS:
                    raise
                self._fill(fd, size)
            os.fsync(fd)
        finally:
            os.close(fd)

    def preallocate(self, fd: int, size: int) -> None:
        """Have the file system set `size` bytes aside; not every one can."""
        os.posix_fallocate(fd, 0, size)

    def free_bytes(self, folder: Path) -> int:
        """What can still be written into the file system of `folder` without special rights."""
        space = os.statvfs(folder)
        return space.f_bavail * space.f_frsize

    def has_room(self, folder: Path) -> bool:
        """Whether a small file can still be made in the file system of `folder`; one that is gone is not full."""
        try:
            space = os.statvfs(folder)
        except OSError:
            return True
        return space.f_bavail * space.f_frsize >= ROOM_BYTES and (space.f_files == 0 or space.f_favail > 0)

    def _fill(self, fd: int, size: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        for start in range(0, size, len(ZEROS)):
            self.write(fd, ZEROS[: size - start])


def replace_file(disk: Disk, path: Path, content: bytes) -> None:
    """Put `content` at `path` durably and in one step: a reader sees the old file or the new one."""
    draft = path.with_name(f"{path.name}{DRAFT_SUFFIX}")
    disk.remove(draft)
    fd = disk.create(draft)
    try:
        disk.write(fd, content)
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.rename(draft, path)
    disk.sync_folder(path.parent)


def file_hash(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def make_root_folder(path: Path) -> None:
    """A private folder, and all above it; each new name survives a power cut."""
    if not path.parent.exists():
        make_root_folder(path.parent)
    new = not path.exists()
    make_private_folder(path)
    if new:
        Disk().sync_folder(path.parent)


def make_private_folder(path: Path) -> None:
    """A folder for us and our group, whatever the umask; one that is there keeps its mode."""
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        path.chmod(path.stat().st_mode & stat.S_ISGID | FOLDER_MODE)


def is_full(error: BaseException) -> bool:
    """Whether an operation failed for want of space, in the file system or in SQLite."""
    if isinstance(error, OSError):
        return error.errno in FULL_ERRNOS
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & SQLITE_PRIMARY_CODE == sqlite3.SQLITE_FULL
    return False


def is_corrupt(error: BaseException) -> bool:
    """Whether SQLite found that the file is not, or no longer, a database."""
    return getattr(error, "sqlite_errorcode", 0) & SQLITE_PRIMARY_CODE in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )
