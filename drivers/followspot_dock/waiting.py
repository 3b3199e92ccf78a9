"""Waiting with a limit, sound on every Python we run on."""

import asyncio


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
