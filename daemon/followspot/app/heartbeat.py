"""Once a second: look whether all goes well, and tell systemd, the lamps and the broker."""

import asyncio
import logging

from followspot.app.compose import Daemon
from followspot.app.health import Vitals, what_is_stuck
from followspot.app.notify import Notifier
from followspot.app.report import one_line
from followspot.domain.clock import Clock
from followspot.domain.session import SessionState

PERIOD_S = 1.0
"""A lamp that lies for a second is not noticed; a shorter period wakes the processor for nothing."""

_log = logging.getLogger(__name__)


class Heartbeat:
    """Feeds the watchdog from the loop, and only while the pipelines make progress."""

    def __init__(self, daemon: Daemon, clock: Clock, notifier: Notifier, watchdog_s: float | None) -> None:
        self._daemon = daemon
        self._clock = clock
        self._notifier = notifier
        self._period_s = PERIOD_S if watchdog_s is None else min(PERIOD_S, watchdog_s / 3)
        self._open_timeout_ns = int(daemon.settings.camera.open_timeout_s * 1e9)
        self._lesson_since_ns: int | None = None
        self._to_move_since_ns: int | None = None
        self._stuck: str | None = None

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self._beat()
            await asyncio.sleep(self._period_s)

    def _beat(self) -> None:
        self._daemon.session.check_lamp()
        self._daemon.check_disk()
        self._daemon.publish_state()
        now_ns = self._clock.monotonic_ns()
        stuck = what_is_stuck(self._vitals(now_ns), now_ns, self._open_timeout_ns)
        if stuck is None:
            self._notifier.feed_watchdog()
            if self._stuck is not None:
                _log.info("the watchdog is fed again")
        elif self._stuck is None:
            _log.error("the watchdog is not fed: %s", stuck)
        self._stuck = stuck
        self._notifier.status(stuck or one_line(self._daemon.session.status, self._daemon.alerts.active))

    def _vitals(self, now_ns: int) -> Vitals:
        session = self._daemon.session
        if not session.status.active:
            self._lesson_since_ns = None
        elif self._lesson_since_ns is None or session.status.state is SessionState.STARTING:
            self._lesson_since_ns = session.moved_ns  # a recorder that is started again is given its time, too
        recorder, storage = self._daemon.recorder.progress(), self._daemon.storage.progress()
        unmoved_since_ns = self._unmoved_since_ns(now_ns, recorder.frames)
        return Vitals(
            self._lesson_since_ns, recorder.capture_ns, recorder.encode_ns, storage.busy_since_ns, unmoved_since_ns
        )

    def _unmoved_since_ns(self, now_ns: int, frames: int) -> int | None:
        """A lesson that starts need not move before it has pictures: the camera may be missing. A paused one waits."""
        state = self._daemon.session.status.state
        if state in (SessionState.IDLE, SessionState.PAUSED) or (state is SessionState.STARTING and not frames):
            self._to_move_since_ns = None
            return None
        if self._to_move_since_ns is None:
            self._to_move_since_ns = now_ns
        return max(self._to_move_since_ns, self._daemon.session.moved_ns)
