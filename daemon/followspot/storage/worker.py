"""The storage thread: one queue, in order but for what is urgent, bounded by the memory that waits in it."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from followspot.domain.clock import Clock

JOIN_TIMEOUT_S = 10.0
"""The last job has answered before the join: only the thread's own end is left."""
JOB_OVERHEAD_BYTES = 512
"""What an empty job weighs in the bound, so that tiny ones count as well."""

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StorageProgress:
    """How the disk is doing. `busy_since_ns` (CLOCK_MONOTONIC): when the job in hand began, None when idle."""

    queue_depth: int
    queued_bytes: int
    busy_since_ns: int | None
    last_done_ns: int


@dataclass(frozen=True, slots=True)
class _Job:
    run: Callable[[], None]
    weight: int


class Worker:
    """Runs jobs one after another on the thread `storage`. Jobs handle their errors themselves."""

    def __init__(self, clock: Clock, limit_bytes: int) -> None:
        self._clock = clock
        self._limit = limit_bytes
        self._jobs: deque[_Job] = deque()
        self._urgent: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._queued_bytes = 0
        self._stopping = False
        self._busy_since_ns: int | None = None
        self._last_done_ns = clock.monotonic_ns()
        # A disk call that never returns must not keep the process from ending: hence a daemon thread.
        self._thread = threading.Thread(target=self._work, name="storage", daemon=True)

    def start(self) -> None:
        """Begin working."""
        self._thread.start()

    def post(self, run: Callable[[], None]) -> None:
        """Queue a job that must not be lost, whatever waits already."""
        self._put(self._jobs, _Job(run, JOB_OVERHEAD_BYTES), limit=None)

    def post_urgent(self, run: Callable[[], None]) -> None:
        """Queue a job before all that waits, behind other urgent ones: for what media must not delay."""
        self._put(self._urgent, _Job(run, JOB_OVERHEAD_BYTES), limit=None)

    def offer(self, run: Callable[[], None], size: int) -> bool:
        """Queue a job that carries `size` bytes; False when the bound forbids it."""
        return self._put(self._jobs, _Job(run, size + JOB_OVERHEAD_BYTES), limit=self._limit)

    def has_caught_up(self) -> bool:
        """Whether less than half of the bound is in use: the hysteresis after an overflow."""
        with self._changed:
            return self._queued_bytes < self._limit // 2

    async def run(self, call: Callable[[], T]) -> T:
        """Queue `call` and await its result or error. Cancelling the wait leaves the work in the queue."""
        future: Future[T] = Future()
        self.post(lambda: _settle(future, call))
        return await asyncio.shield(asyncio.wrap_future(future))

    def stop(self) -> None:
        """End the thread after all that is queued, and join it."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(JOIN_TIMEOUT_S)
        if self._thread.is_alive():
            log.error("the storage thread did not end within %s s: the disk does not answer", JOIN_TIMEOUT_S)

    def progress(self) -> StorageProgress:
        """A snapshot, from any thread."""
        with self._changed:
            depth = len(self._jobs) + len(self._urgent)
            return StorageProgress(depth, self._queued_bytes, self._busy_since_ns, self._last_done_ns)

    def _put(self, queue: deque[_Job], job: _Job, limit: int | None) -> bool:
        with self._changed:
            if limit is not None and self._queued_bytes + job.weight > limit:
                return False
            queue.append(job)
            self._queued_bytes += job.weight
            self._changed.notify()
            return True

    def _work(self) -> None:
        while (job := self._take()) is not None:
            try:
                job.run()
            except Exception:
                log.exception("a fault in the program ended a storage job; the next ones go on")
            self._done(job)

    def _take(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._urgent or self._jobs or self._stopping)
            queue = self._urgent or self._jobs
            if not queue:
                return None
            self._busy_since_ns = self._clock.monotonic_ns()
            return queue.popleft()

    def _done(self, job: _Job) -> None:
        with self._changed:
            self._queued_bytes -= job.weight
            self._busy_since_ns = None
            self._last_done_ns = self._clock.monotonic_ns()


def _settle(future: "Future[T]", call: Callable[[], T]) -> None:
    """Run `call` for whoever awaits it: every error is theirs, the thread goes on."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - handed to the caller, whose await raises it
        future.set_exception(error)
    else:
        future.set_result(result)
