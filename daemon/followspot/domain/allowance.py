"""How much of something may happen: a store that fills up by itself, so that a sender gone mad is held to a rate."""


class Allowance:
    """At most `burst` at once, and one more every `period_ns`."""

    def __init__(self, burst: int, period_ns: int) -> None:
        self._burst = burst
        self._period_ns = period_ns
        self._full_ns: int | None = None
        """When it is full again, if nothing is taken until then."""

    def take(self, count: int, now_ns: int) -> bool:
        """Take `count`; False, and nothing is taken, where there is not so much."""
        begin_ns = now_ns if self._full_ns is None else max(now_ns, self._full_ns)
        full_ns = begin_ns + count * self._period_ns
        if full_ns - now_ns > self._burst * self._period_ns:
            return False
        self._full_ns = full_ns
        return True
