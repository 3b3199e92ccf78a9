"""A serial device on the asyncio loop: pyserial opens and configures it, the loop moves the bytes."""

import asyncio
import contextlib
import errno
import os
import termios
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import serial

from followspot_dock.port import DockError
from followspot_dock.waiting import Once

_READ_BYTES = 65_536
_MAX_PENDING_BYTES = 4096
"""Some 150 commands: a dock that is so far behind must not get older ones still."""


class SerialPort:
    """An open device. Bytes reach `on_data`; the first error ends it, and `error` says in a sentence what it was."""

    def __init__(self, device: serial.Serial, on_data: Callable[[bytes], None]) -> None:
        self.error: str | None = None
        self._device = device
        self._fd: int = device.fileno()
        self._on_data = on_data
        self._pending = bytearray()
        self._failed = Once()
        self._loop = asyncio.get_running_loop()
        self._attached = True
        self._resting = False
        self._loop.add_reader(self._fd, self._readable)

    async def wait_failed(self, timeout_s: float) -> None:
        """Return at the first error, or when `timeout_s` is over."""
        await self._failed.wait(timeout_s)

    def write(self, data: bytes) -> None:
        """Send all of `data` in order with what waits, or drop all of it if too much waits already."""
        if not self._attached or len(self._pending) + len(data) > _MAX_PENDING_BYTES:
            return
        was_idle = not self._pending
        self._pending += data
        if was_idle:
            self._flush()
            if self._attached and self._pending:
                self._loop.add_writer(self._fd, self._writable)

    def rest(self, resting: bool) -> bool:
        """Leave what comes with the kernel until the next `look`, which saves a wake-up for each frame."""
        if self._attached and resting != self._resting:
            self._resting = resting
            if resting:
                self._loop.remove_reader(self._fd)
            else:
                self._loop.add_reader(self._fd, self._readable)
        return self._resting

    def look(self) -> None:
        """Read what came while resting."""
        if self._attached and self._resting:
            self._readable()

    async def close(self, executor: Executor) -> None:
        """Detach from the loop and close the device, away from the loop: a hung USB device can hold a close up."""
        self._detach()
        await asyncio.shield(self._loop.run_in_executor(executor, _close, self._device))

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        if data:
            self._on_data(data)
        else:  # readable and empty: the other end hung up
            self._fail(OSError(errno.EIO, os.strerror(errno.EIO)))

    def _writable(self) -> None:
        self._flush()
        if self._attached and not self._pending:
            self._loop.remove_writer(self._fd)

    def _flush(self) -> None:
        # os.write, for pyserial's own write spins on a full line.
        try:
            sent = os.write(self._fd, self._pending)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        del self._pending[:sent]

    def _fail(self, error: OSError) -> None:
        self._detach()  # at the first error: a hung-up descriptor stays readable for ever
        self.error = f"the device hung up ({error.strerror}): check cable and power of the dock"
        self._failed.set()

    def _detach(self) -> None:
        if self._attached:
            self._attached = False
            self._pending.clear()
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)


async def open_device(path: Path, baud: int, executor: Executor) -> serial.Serial:
    """Open `path` for us alone, away from the loop. Raises DockError with a reason for people."""
    opening = asyncio.get_running_loop().run_in_executor(executor, _open, path, baud)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if opening.exception() is None:
            _close(opening.result())
        raise


def _open(path: Path, baud: int) -> serial.Serial:
    try:
        return serial.Serial(str(path), baudrate=baud, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, termios.error) as error:
        raise DockError(_why_not_opened(path, error)) from error


def _close(device: serial.Serial) -> None:
    with contextlib.suppress(OSError, termios.error):  # unplugged: nothing is left to discard
        device.reset_output_buffer()  # or the kernel waits up to 30 s for a dead device to take it
    device.close()


def _why_not_opened(path: Path, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return missing(path)
        case errno.EACCES | errno.EPERM:
            return f"no permission to open {path}: add the daemon's user to the group dialout"
        case errno.EAGAIN | errno.EBUSY:
            return f"{path} is in use by another program: close that one (fuser {path} names it)"
        case errno.EIO:
            return f"{path} hung up while it was opened: check cable and power of the dock"
        case None:
            return f"{path} is not a serial device: correct dock.port ({error})"
        case _:
            return f"could not open {path}: {error}"


def missing(path: Path) -> str:
    """The sentence for a device that is not there."""
    return f"no device at {path}: plug the dock in, or correct dock.port"
