"""One daemon per state directory: two would fight over catalogue, camera and dock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from followspot.domain.errors import FollowspotError

LOCK_NAME = "daemon.lock"


class AlreadyRunningError(FollowspotError):
    """Another daemon holds the state directory."""


class StateUnusableError(FollowspotError):
    """The state directory cannot be made or written."""


@contextmanager
def state_lock(state: Path) -> Iterator[None]:
    """Hold the state directory, made if missing. The kernel lets go of it when this process dies, however it dies.

    Raises AlreadyRunningError or StateUnusableError.
    """
    path = state / LOCK_NAME
    try:
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StateUnusableError(f"paths.state: {path} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise AlreadyRunningError(
                f"another followspot (process {holder}) runs on {state}: "
                "stop it first, or give this one its own paths.state"
            ) from error
        except OSError as error:
            raise StateUnusableError(f"paths.state: {path} cannot be locked: {error.strerror}") from error
        with suppress(OSError):  # a full disk: the lock holds all the same, only its holder's number is not told
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
