"""One connection in the air: everything happens at connection events, a fixed interval apart.

Bluetooth Core 5.4, Vol 6, Part B, 4.5: both sides meet once an interval and may exchange several packets there; what is
not acknowledged is sent again at the next event, so a burst of lost events delays everything and loses nothing, until
the supervision time-out ends the connection.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable

_PACKETS_PER_EVENT = 6
"""Each way; what common controllers manage besides Wi-Fi."""
_MAX_QUEUED = 64
"""Notifications beyond this are refused, as a firmware's full buffer does."""

Delivery = Callable[[], None]


class AirLink:
    """Delivers what both sides queue at the connection events; calls `timed_out` when too many are lost in a row."""

    def __init__(self, interval_s: float, supervision_s: float, timed_out: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._supervision_s = supervision_s
        self._timed_out = timed_out
        self._loop = asyncio.get_running_loop()
        self._anchor_s = self._loop.time()
        self._to_dock: deque[Delivery] = deque()
        self._to_host: deque[Delivery] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._supervision: asyncio.TimerHandle | None = None
        self._lost_until_s = 0.0
        self._last_event = 0
        self.late_s = 0.0
        """By how much the last event came late, which happens to processes and not to radios."""

    def queue_to_dock(self, deliver: Delivery) -> None:
        """Deliver at the next event with room."""
        self._to_dock.append(deliver)
        self._arm()

    def queue_to_host(self, deliver: Delivery) -> bool:
        """Deliver at the next event with room; False where the buffer is full."""
        if len(self._to_host) >= _MAX_QUEUED:
            return False
        self._to_host.append(deliver)
        self._arm()
        return True

    def after(self, events: int, deliver: Delivery) -> None:
        """Deliver once so many further events have passed: a procedure of several round trips."""
        if events <= 1:
            self.queue_to_dock(deliver)
        else:
            self.queue_to_dock(lambda: self.after(events - 1, deliver))

    def lose_events(self, seconds: float) -> None:
        """No event gets through for so long."""
        self._lost_until_s = self._loop.time() + seconds
        if seconds >= self._supervision_s and self._supervision is None:
            self._supervision = self._loop.call_later(self._supervision_s, self._timed_out)

    def close(self) -> None:
        """Deliver nothing more."""
        for timer in (self._timer, self._supervision):
            if timer is not None:
                timer.cancel()
        self._timer = None
        self._to_dock.clear()
        self._to_host.clear()

    def _arm(self) -> None:
        if self._timer is None:
            passed = math.floor((self._loop.time() - self._anchor_s) / self._interval_s)
            self._last_event = max(passed, self._last_event) + 1  # a timer that fires early must not fire twice
            self._timer = self._loop.call_at(self._anchor_s + self._last_event * self._interval_s, self._event)

    def _event(self) -> None:
        self._timer = None
        self.late_s = self._loop.time() - (self._anchor_s + self._last_event * self._interval_s)
        if self._loop.time() >= self._lost_until_s:
            for queue in (self._to_dock, self._to_host):
                now = [queue.popleft() for _ in range(min(len(queue), _PACKETS_PER_EVENT))]
                for deliver in now:
                    deliver()
        if self._to_dock or self._to_host:
            self._arm()
