"""When to upload and when to try again: pure decisions over time and chance."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time

FIRST_RETRY_S, LAST_RETRY_S = 2.0, 300.0
"""A line that flickers is back in seconds; a store that is down for hours is asked twelve times an hour."""


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which uploads may run; the same time twice means always. May reach over midnight."""

    start: time
    end: time

    def is_open(self, now: time) -> bool:
        """Whether uploads may run at `now`, local time."""
        if self.start == self.end:
            return True
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def retry_delay_s(attempts: int, uniform: Callable[[float, float], float]) -> float:
    """How long to wait after `attempts` failures: doubling, and random so that a fleet does not come back at once."""
    longest_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts, 16))
    return uniform(longest_s / 2, longest_s)
