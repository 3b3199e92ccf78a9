"""The life cycle of a link as one explicit state machine."""

import logging
import random
from collections.abc import Callable

from followspot_dock.port import Capabilities, LinkChanged, LinkState

_LOG = logging.getLogger(__name__)

ALLOWED: dict[LinkState, frozenset[LinkState]] = {
    LinkState.SEARCHING: frozenset({LinkState.SEARCHING, LinkState.CONNECTING}),
    LinkState.CONNECTING: frozenset({LinkState.SEARCHING, LinkState.NEGOTIATING}),
    LinkState.NEGOTIATING: frozenset({LinkState.SEARCHING, LinkState.READY}),
    LinkState.READY: frozenset({LinkState.DEGRADED, LinkState.LOST}),
    LinkState.DEGRADED: frozenset({LinkState.READY, LinkState.LOST}),
    LinkState.LOST: frozenset({LinkState.SEARCHING}),
}
"""An attempt that fails goes back to SEARCHING with its reason; LOST is only what worked."""

_FIRST_DELAY_S = 0.05
"""A plug that bounces is back by then."""
_LAST_DELAY_S = 3.0
"""Slow enough to be silent, fast enough for a technician who just plugged the dock in."""
_GROWTH = 2.0
_JITTER = 0.25
"""Share by which a delay varies, so that two programs after one port do not stay in step."""


class Link:
    """Holds the state and tells each transition once; a repeated reason is no transition."""

    def __init__(self, tell: Callable[[LinkChanged], None]) -> None:
        self._tell = tell
        self._last = LinkChanged(LinkState.SEARCHING, "")

    @property
    def state(self) -> LinkState:
        """Where the link stands."""
        return self._last.state

    def move(self, state: LinkState, reason: str, capabilities: Capabilities | None = None) -> None:
        """Go to `state` and say why."""
        change = LinkChanged(state, reason, capabilities)
        if change == self._last:
            return
        if state not in ALLOWED[self.state]:
            raise RuntimeError(f"a link cannot go from {self.state} to {state}")
        self._last = change
        _LOG.debug("dock link %s: %s", state, reason)
        self._tell(change)

    def close(self) -> None:
        """End by our own wish: no fault, so nobody is told."""
        self._last = LinkChanged(LinkState.SEARCHING, "")


class Backoff:
    """Growing, jittered delays between attempts."""

    def __init__(self) -> None:
        self._delay_s = _FIRST_DELAY_S

    def reset(self) -> None:
        """The last attempt succeeded."""
        self._delay_s = _FIRST_DELAY_S

    def next_s(self) -> float:
        """How long to wait before the next attempt."""
        delay_s = self._delay_s * random.uniform(1 - _JITTER, 1 + _JITTER)
        self._delay_s = min(self._delay_s * _GROWTH, _LAST_DELAY_S)
        return delay_s
