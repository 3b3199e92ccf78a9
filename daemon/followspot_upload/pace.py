"""How fast bytes may leave, and a file that is read no faster."""

import io
import threading
import time
from collections.abc import Callable
from pathlib import Path

from followspot_upload.errors import HeldError

BURST_S = 0.25
"""So much of the rate may go at once: smooth for whoever shares the line, and few wake-ups."""


class Pace:
    """Lets bytes go at `rate_bytes_s` (0: at once) while `may_go` says yes; one for all uploads."""

    def __init__(
        self, rate_bytes_s: float, may_go: Callable[[], bool], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate_bytes_s
        self._may_go = may_go
        self._now_s = now_s
        self._free_at_s = now_s()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let nothing go any more; who waits is told at once. From any thread."""
        self._stopped.set()

    def take(self, size: int) -> None:
        """Wait until `size` bytes may go. Raises HeldError when none may."""
        if self._stopped.is_set() or not self._may_go():
            raise HeldError("uploading is held")
        if not self._rate:
            return
        now_s = self._now_s()
        self._free_at_s = max(self._free_at_s, now_s - BURST_S) + size / self._rate
        if self._free_at_s > now_s and self._stopped.wait(self._free_at_s - now_s):
            raise HeldError("uploading is held")


class PacedFile(io.RawIOBase):
    """`size` bytes of a file from `start` on, seekable, read at a pace. Never more than a piece in memory."""

    def __init__(self, path: Path, pace: Pace, start: int = 0, size: int | None = None) -> None:
        self._file = path.open("rb")
        self._pace = pace
        self._start = start
        self._size = path.stat().st_size - start if size is None else size
        self._position = 0

    def __len__(self) -> int:
        return self._size

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As files do, within the part."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, once they may go."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        self._pace.take(wanted)
        self._file.seek(self._start + self._position)
        data = self._file.read(wanted)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
        super().close()
