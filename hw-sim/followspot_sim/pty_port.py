"""The simulated dock on a pseudo-terminal, which a serial driver opens like any USB device."""

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import Callable, Sequence
from pathlib import Path

from followspot_dock.protocol.frames import StreamCodec

_READ_BYTES = 65_536
_MAX_UNSENT_BYTES = 4096
"""Beyond this a host that does not read loses whole reports, as behind any USB bridge."""


class PtyPort:
    """One plugged-in cable: a pty whose tty a stable link names, from creation until `unplug`.

    The tty is kept open here too: without it the pty hangs up whenever no host has it open.
    """

    def __init__(self, link: Path, on_data: Callable[[bytes], None]) -> None:
        self._link = link
        self._on_data = on_data
        self._unsent = bytearray()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh = link.with_name(f".{link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(link)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._master, self._readable)

    def write(self, frames: Sequence[bytes]) -> None:
        """Send, or drop all of `frames` while the host does not keep up. Never blocks."""
        data = b"".join(frames)
        if len(self._unsent) + len(data) <= _MAX_UNSENT_BYTES:
            self._unsent += data
        with contextlib.suppress(BlockingIOError):
            del self._unsent[: os.write(self._master, self._unsent)]

    def unplug(self) -> None:
        """Hang up: the host's descriptor fails at once, and the link is gone."""
        self._loop.remove_reader(self._master)
        self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._on_data(os.read(self._master, _READ_BYTES))


class PtyCable:
    """Plugs into a pty behind `link`, which may be changed while it is unplugged."""

    def __init__(self, link: Path) -> None:
        self.link = link

    def new_codec(self) -> StreamCodec:
        """Of a dock that boots."""
        return StreamCodec()

    def plug(self, on_data: Callable[[bytes], None]) -> PtyPort:
        """Put the cable in."""
        return PtyPort(self.link, on_data)
