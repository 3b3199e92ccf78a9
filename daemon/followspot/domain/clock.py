"""Time as a port: whoever needs it takes a Clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The two times of the product; the only source of either."""

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in nanoseconds: for every interval, frame time and time-out."""
        ...

    def utc_now(self) -> datetime:
        """Wall time, timezone-aware UTC: a label that may be corrected later, never for intervals."""
        ...
