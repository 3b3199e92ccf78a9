"""Owns the daemon's tasks: which of them must live, which may fail, and how they all end."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock

RESTART_PAUSE_S = 5.0
"""A part that fails at once must not keep the processor from recording."""
HEALED_AFTER_S = 30.0
"""A part that has run this long since its crash counts as well again."""
JOIN_TIMEOUT_S = 6.0
"""The slowest part, the bus, gives itself 2 s to send what is left and as much again to disconnect."""

Run = Callable[[], Coroutine[Any, Any, None]]
P = ParamSpec("P")

_log = logging.getLogger(__name__)


class Supervisor:
    """Runs named tasks until a signal, or until one that must live has died. Lives on the loop."""

    def __init__(self, alerts: AlertRegistry, clock: Clock) -> None:
        self._alerts = alerts
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._end = asyncio.Event()
        self.failed = False
        """Whether the end came from a fault."""

    def require(self, name: str, run: Run) -> None:
        """A task without which there is no recording: its crash ends the daemon in order."""
        self._tasks.append(asyncio.create_task(self._required(run), name=name))

    def keep(self, name: str, run: Run) -> None:
        """A task below recording: its crash is an alert, and it is started again."""
        self._tasks.append(asyncio.create_task(self._kept(name, run), name=name))

    def guarded(self, call: Callable[P, None]) -> Callable[P, None]:
        """`call`, for callbacks on the loop without which there is no recording."""

        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                call(*args, **kwargs)
            except Exception:  # noqa: BLE001 - whatever it is, the lesson is to be closed in order
                self._fail()

        return run

    def isolated(self, name: str, call: Callable[P, None]) -> Callable[P, None]:
        """`call`, for callbacks below recording: its fault is an alert on the part `name`, and nobody else's."""
        failed_ns: int | None = None

        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            nonlocal failed_ns
            now_ns = self._clock.monotonic_ns()
            try:
                call(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, the recording goes on
                first, failed_ns = failed_ns is None, now_ns
                if first:
                    _log.exception("part failed name=%s", name)
                message = f"{name} failed ({error}); lessons are recorded. See the journal"
                self._alerts.raise_alert(AlertCode.PART_FAILED, name, message, now_ns)
            else:
                if failed_ns is not None and now_ns - failed_ns > HEALED_AFTER_S * 1e9:
                    failed_ns = None
                    self._alerts.clear(AlertCode.PART_FAILED, name)

        return run

    def catch_signals(self) -> None:
        """From now on SIGTERM and SIGINT end the daemon in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)

    async def until_end(self) -> None:
        """Wait for a signal, or for a fault that ends the daemon."""
        await self._end.wait()

    async def close(self) -> None:
        """Cancel every task, the youngest first, and wait for them."""
        for task in reversed(self._tasks):
            task.cancel()
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks, timeout=JOIN_TIMEOUT_S)
            for task in stuck:
                _log.error("task did not end within %s s name=%s", JOIN_TIMEOUT_S, task.get_name())

    async def _required(self, run: Run) -> None:
        try:
            await run()
        except Exception:  # noqa: BLE001 - whatever it is, the lesson is to be closed in order
            self._fail()

    async def _kept(self, name: str, run: Run) -> None:
        loop = asyncio.get_running_loop()
        while True:
            healed = loop.call_later(HEALED_AFTER_S, self._alerts.clear, AlertCode.PART_FAILED, name)
            try:
                await run()
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the recording goes on
                _log.exception("part crashed and is started again in %s s name=%s", RESTART_PAUSE_S, name)
                message = f"{name} crashed ({error}) and is started again; lessons are recorded. See the journal"
                self._alerts.raise_alert(AlertCode.PART_FAILED, name, message, self._clock.monotonic_ns())
            finally:
                healed.cancel()
            await asyncio.sleep(RESTART_PAUSE_S)

    def _fail(self) -> None:
        _log.exception("a part without which there is no recording crashed: the daemon ends")
        self.failed = True
        self._end.set()

    def _on_signal(self, number: signal.Signals) -> None:
        _log.info("%s received: the daemon ends", number.name)
        self._end.set()
