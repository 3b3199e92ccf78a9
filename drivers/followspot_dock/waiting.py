"""Waiting with a limit, sound on every Python we run on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class Once:
    """What happens once, and may be waited for with a limit; of the running loop. Waiting takes no task."""

    def __init__(self) -> None:
        self._happened = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """It happened."""
        if not self._happened.done():
            self._happened.set_result(None)

    async def wait(self, timeout_s: float) -> None:
        """Return when it has happened, or when `timeout_s` is over."""
        await asyncio.wait((self._happened,), timeout=timeout_s)


async def wait_set(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait until `event` is set, for at most `timeout_s`; whether it is.

    Before Python 3.12 `asyncio.wait_for` may swallow a cancellation that comes together with the event, and on 3.11.2
    `asyncio.timeout` does not end in a task that is being cancelled; `asyncio.wait` does neither.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((waiting,), timeout=timeout_s)
    finally:
        waiting.cancel()
    return event.is_set()


async def within(timeout_s: float, coroutine: Coroutine[Any, Any, _T]) -> _T:
    """What `coroutine` returns. Raises TimeoutError after `timeout_s`, when it has been cancelled and has ended.

    A cancellation is never swallowed, even one that comes as `coroutine` ends (see `wait_set`): its result is dropped.
    """
    task = asyncio.ensure_future(coroutine)
    try:
        await asyncio.wait((task,), timeout=timeout_s)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
    if task.cancelled():
        raise TimeoutError
    return task.result()
