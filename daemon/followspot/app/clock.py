"""The real clock: the only place where the daemon reads time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `domain.clock.Clock` on the system's clocks."""

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in nanoseconds."""
        return time.monotonic_ns()

    def utc_now(self) -> datetime:
        """Wall time, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the Clock
