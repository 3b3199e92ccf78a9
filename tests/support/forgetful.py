"""A file system that forgets what was not synced, fills up and fails on request: the worst disk that POSIX allows.

A program: `forgetful.py MOUNTPOINT`. It mounts itself and answers each line on stdin with one line:

    cut N          the power fails just before the N-th change or sync: from there on every operation fails
    fail N K E     the changes N to N+K-1 fail with errno E; a full disk (ENOSPC) ends when the reserve is removed
    count          how many changes and syncs there were, since the last power
    power KEEP     the power comes back: all that was not synced is gone (KEEP nothing), or the names are there without
                   their content (KEEP names). The tree stands under a new name, as the kernel has seen the old one.

The tree is below MOUNTPOINT/<generation>, the first is 0.
"""

import errno
import stat
import sys
import threading
import time
from itertools import count
from typing import Any

import mfusepy

RESERVE = ".followspot-reserve"
BLOCK = 4096
BLOCKS = 65_536
GROWS = ("create", "mkdir", "write", "fallocate", "truncate")


class File:
    """What is there now, and what a power cut would leave."""

    def __init__(self, mode: int) -> None:
        self.mode = stat.S_IFREG | mode
        self.now = bytearray()
        self.kept = b""

    def sync(self) -> None:
        self.kept = bytes(self.now)


class Folder:
    """The same for names."""

    def __init__(self, mode: int) -> None:
        self.mode = stat.S_IFDIR | mode
        self.now: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}

    def sync(self) -> None:
        self.kept = dict(self.now)


class Forgetful(mfusepy.Operations):
    """The file system. Every change and sync passes `_step`."""

    use_ns = True

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._root = Folder(0o755)
        self._generation = 0
        self._root.now["0"] = Folder(0o755)
        self._steps = 0
        self._cut: int | None = None
        self._fault = (0, 0, 0)
        self._handles: dict[int, File] = {}
        self._numbers = count(1)

    def command(self, line: str) -> str:
        """Do what a line on stdin says."""
        with self._lock:
            match line.split():
                case ["cut", number]:
                    self._cut = self._steps + int(number)
                case ["fail", first, length, error]:
                    self._fault = (self._steps + int(first), int(length), int(error))
                case ["count"]:
                    return str(self._steps)
                case ["power", keep]:
                    self._power(names=keep == "names")
                case _:
                    return f"what is {line!r}?"
        return str(self._generation)

    def _power(self, *, names: bool) -> None:
        tree = self._root.now.pop(str(self._generation))
        _forget(tree, names=names)
        self._generation += 1
        self._root.now[str(self._generation)] = tree
        self._handles.clear()
        self._steps, self._cut, self._fault = 0, None, (0, 0, 0)

    def _step(self, name: str, path: str = "") -> None:
        self._steps += 1
        self._alive()
        first, length, error = self._fault
        if error == errno.ENOSPC and name == "unlink" and path.endswith(RESERVE):
            self._fault = (0, 0, 0)
        elif first <= self._steps < first + length and (error != errno.ENOSPC or name in GROWS):
            raise mfusepy.FuseOSError(error)

    def _alive(self) -> None:
        if self._cut is not None and self._steps >= self._cut:
            raise mfusepy.FuseOSError(errno.EIO)

    def _find(self, path: str) -> Any:
        node: Any = self._root
        for name in path.strip("/").split("/"):
            if name:
                if not isinstance(node, Folder) or name not in node.now:
                    raise mfusepy.FuseOSError(errno.ENOENT)
                node = node.now[name]
        return node

    def _place(self, path: str) -> tuple[Folder, str]:
        folder, _, name = path.rstrip("/").rpartition("/")
        return self._find(folder), name

    def _open(self, file: File) -> int:
        handle = next(self._numbers)
        self._handles[handle] = file
        return handle

    def _file(self, path: str, handle: int | None) -> Any:
        if handle is not None and handle in self._handles:
            return self._handles[handle]
        return self._find(path)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        with self._lock:
            node = self._file(path, fh)
            size = len(node.now) if isinstance(node, File) else 0
            now = time.monotonic_ns()
            return {
                "st_mode": node.mode,
                "st_size": size,
                "st_nlink": 1,
                "st_blocks": -(-size // 512),
                "st_atime": now,
                "st_mtime": now,
                "st_ctime": now,
                "st_uid": 0,
                "st_gid": 0,
            }

    def readdir(self, path: str, fh: int) -> list[str]:
        with self._lock:
            return [".", "..", *self._find(path).now]

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        with self._lock:
            self._step("create")
            folder, name = self._place(path)
            folder.now[name] = File(mode & 0o7777)
            return self._open(folder.now[name])

    def open(self, path: str, flags: int) -> int:
        with self._lock:
            self._alive()
            return self._open(self._find(path))

    def release(self, path: str, fh: int) -> int:
        with self._lock:
            self._handles.pop(fh, None)
            return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        with self._lock:
            self._alive()
            return bytes(self._file(path, fh).now[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        with self._lock:
            self._step("write")
            file = self._file(path, fh)
            file.now.extend(bytes(max(0, offset - len(file.now))))
            file.now[offset : offset + len(data)] = data
            return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        with self._lock:
            self._step("truncate")
            file = self._file(path, fh)
            file.now.extend(bytes(max(0, length - len(file.now))))
            del file.now[length:]
            return 0

    def fallocate(self, path: str, mode: int, offset: int, size: int, fh: int) -> int:
        with self._lock:
            self._step("fallocate")
            file = self._file(path, fh)
            file.now.extend(bytes(max(0, offset + size - len(file.now))))
            return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self._lock:
            self._step("fsync")
            self._file(path, fh).sync()
            return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        with self._lock:
            self._step("fsyncdir")
            self._find(path).sync()
            return 0

    def mkdir(self, path: str, mode: int) -> int:
        with self._lock:
            self._step("mkdir")
            folder, name = self._place(path)
            folder.now[name] = Folder(mode & 0o7777)
            return 0

    def unlink(self, path: str) -> int:
        with self._lock:
            self._step("unlink", path)
            folder, name = self._place(path)
            del folder.now[name]
            return 0

    rmdir = unlink

    def rename(self, old: str, new: str) -> int:
        with self._lock:
            self._step("rename")
            (source, before), (target, after) = self._place(old), self._place(new)
            target.now[after] = source.now.pop(before)
            return 0

    def chmod(self, path: str, mode: int) -> int:
        with self._lock:
            self._alive()
            node = self._find(path)
            node.mode = stat.S_IFMT(node.mode) | mode & 0o7777
            return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        with self._lock:
            first, length, error = self._fault
            full = error == errno.ENOSPC and first <= self._steps < first + length
            free = 0 if full else BLOCKS
            return {
                "f_bsize": BLOCK,
                "f_frsize": BLOCK,
                "f_blocks": BLOCKS,
                "f_bfree": free,
                "f_bavail": free,
                "f_files": BLOCKS,
                "f_ffree": BLOCKS,
                "f_favail": BLOCKS,
                "f_namemax": 255,
            }


def _forget(node: Any, *, names: bool) -> None:
    """What the power cut leaves: synced content below synced names, or below all names."""
    if isinstance(node, File):
        node.now = bytearray(node.kept)
        return
    node.now = dict(node.now if names else node.kept)
    node.kept = dict(node.now)
    for child in node.now.values():
        _forget(child, names=names)


def main() -> None:
    """Mount, and serve commands until stdin ends."""
    system = Forgetful()

    def serve() -> None:
        for line in sys.stdin:
            print(system.command(line), flush=True)

    threading.Thread(target=serve, daemon=True).start()
    mfusepy.FUSE(
        system, sys.argv[1], foreground=True, nothreads=True, attr_timeout=0, entry_timeout=0, negative_timeout=0
    )


if __name__ == "__main__":
    main()
