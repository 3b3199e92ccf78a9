"""What parts of a lesson cost in CPU time, told once when they end, for `make bench` and for technicians."""

import logging
import time

_LOG = logging.getLogger(__name__)

_NS_PER_MS = 1_000_000


class CpuMeter:
    """Adds up what the thread that enters it spends inside; what other threads do meanwhile does not count."""

    def __init__(self) -> None:
        self.spent_ns = 0
        self._begun_ns = 0

    def __enter__(self) -> None:
        self._begun_ns = time.thread_time_ns()

    def __exit__(self, *_: object) -> None:
        self.spent_ns += time.thread_time_ns() - self._begun_ns


def tell_thread(name: str) -> None:
    """Put on record what the calling thread has spent since it began."""
    tell(name, time.thread_time_ns())


def tell(part: str, spent_ns: int) -> None:
    """Put on record what a part of a lesson has spent."""
    _LOG.debug("cpu spent part=%s ms=%.1f", part, spent_ns / _NS_PER_MS)
