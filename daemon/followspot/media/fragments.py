"""From the muxer's bytes to whole fragments."""

import struct
from collections.abc import Callable

_BOX_HEADER = struct.Struct(">I4s")


class FragmentAssembler:
    """The file object a fragmented MP4 muxer writes to.

    Every whole fragment (up to and including its `mdat`) is delivered as one bytes object; the init segment
    (`ftyp`, `moov`) travels with the first. After `finishing()` everything that is still to come, the index at
    the end of the file included, is delivered by `finish()` in one piece.
    """

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        self._deliver = deliver
        self._pending = bytearray()
        self._scanned = 0
        self._finishing = False

    def write(self, data: bytes) -> int:
        """Take bytes from the muxer, cut anywhere."""
        self._pending += data
        while not self._finishing and (kind := self._next_box()):
            if kind == b"mdat":
                self._emit()
        return len(data)

    def finishing(self) -> None:
        """The muxer is about to write its end."""
        self._finishing = True

    def finish(self) -> None:
        """Deliver what is left."""
        if self._pending:
            self._emit()

    def _next_box(self) -> bytes | None:
        """Step over the next box if it is here in full, and name it."""
        if len(self._pending) - self._scanned < _BOX_HEADER.size:
            return None
        size: int
        kind: bytes
        size, kind = _BOX_HEADER.unpack_from(self._pending, self._scanned)
        if self._scanned + size > len(self._pending):
            return None
        self._scanned += size
        return kind

    def _emit(self) -> None:
        data = bytes(self._pending)
        self._pending.clear()
        self._scanned = 0
        self._deliver(data)
