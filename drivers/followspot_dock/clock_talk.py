"""The clock exchange: asking the dock what time it is, again and again."""

from collections import OrderedDict
from collections.abc import Callable

from followspot_dock.dock_clock import DockClock
from followspot_dock.protocol import messages

_EAGER = 8
_EAGER_NS = 50_000_000
"""The first questions come fast: until one is answered, times are as late as the link."""
_CALM_NS = 250_000_000
"""Fast enough to meet a moment without delay in most seconds; it also tells the dock that the host lives."""
_OPEN = 8
_PATIENCE_NS = 1_000_000_000
"""No link that works takes longer than that."""


class ClockTalk:
    """Asks on `tick`, and feeds the clock with what comes back. `answered` hears of each question how it ended."""

    def __init__(
        self, clock: DockClock, send: Callable[[messages.Message], None], answered: Callable[[bool], None]
    ) -> None:
        self._clock = clock
        self._send = send
        self._answered = answered
        self._asked = 0
        self._due_ns = 0
        self._open: OrderedDict[int, int] = OrderedDict()

    def tick(self, now_ns: int) -> None:
        """Ask if it is time to."""
        if now_ns < self._due_ns:
            return
        self._asked += 1
        self._due_ns = now_ns + (_EAGER_NS if self._asked < _EAGER else _CALM_NS)
        while self._open and (len(self._open) >= _OPEN or now_ns - next(iter(self._open.values())) > _PATIENCE_NS):
            self._open.popitem(last=False)
            self._answered(False)
        self._open[now_ns // 1000] = now_ns
        self._send(messages.ClockRequest(now_ns // 1000))

    def on_reply(self, reply: messages.ClockReply, arrival_ns: int) -> None:
        """An answer came; one that was not asked for, or contradicts itself, is ignored."""
        sent_ns = self._open.pop(reply.host_us, None)
        if sent_ns is None:
            return
        self._answered(True)
        if reply.received_us <= reply.sent_us and self._clock.heard(reply.sent_us, arrival_ns):
            self._clock.reached(sent_ns, reply.received_us)
