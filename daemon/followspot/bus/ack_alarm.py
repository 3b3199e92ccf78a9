"""The alert that somebody acknowledges what was not recorded; whoever does so for ever makes few alerts of it."""

import asyncio

from followspot.domain.acknowledgement import WrongHashError
from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock

NAMED = 4
"""Lessons with an alert of their own; what else is wrong meanwhile is one alert for all."""
OTHERS = "other lessons"
"""That one's subject. It ends when no such lesson was acknowledged wrongly for a while."""
CALM_S = 900.0
"""An alert ends this long after the last wrong acknowledgement: at most ten events come of it in that time."""
SECOND_NS = 1_000_000_000


class AckAlarm:
    """Raises and clears ACK_REFUSED. Lives on the loop."""

    def __init__(self, alerts: AlertRegistry, clock: Clock, calm_s: float = CALM_S) -> None:
        self._alerts = alerts
        self._clock = clock
        self._calm_s = calm_s
        self._wrong_ns: dict[str, int] = {}
        """When each subject that stands was last acknowledged wrongly."""
        self._mended: set[str] = set()
        """Those that only wait for calm."""
        self._timer: asyncio.TimerHandle | None = None

    def wrong(self, lesson_id: str, error: WrongHashError) -> None:
        """What is stored of the lesson is not what was recorded."""
        named = lesson_id in self._wrong_ns or len(self._wrong_ns.keys() - {OTHERS}) < NAMED
        subject = lesson_id if named else OTHERS
        now_ns = self._wrong_ns[subject] = self._clock.monotonic_ns()
        self._mended.discard(subject)
        message = (
            f"an acknowledgement was refused: {error}. The media stays here; store it again, and see who "
            "acknowledged it"
        )
        self._alerts.raise_alert(AlertCode.ACK_REFUSED, subject, message, now_ns)
        if subject == OTHERS:
            self._mend(subject)

    def right(self, lesson_id: str) -> None:
        """The lesson is acknowledged rightly."""
        if lesson_id in self._wrong_ns:
            self._mend(lesson_id)

    def _mend(self, subject: str) -> None:
        self._mended.add(subject)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._calm_s, self._look)

    def _look(self) -> None:
        self._timer = None
        calm_ns = self._clock.monotonic_ns() - round(self._calm_s * SECOND_NS)
        for subject in [one for one in self._mended if self._wrong_ns[one] <= calm_ns]:
            self._mended.remove(subject)
            del self._wrong_ns[subject]
            self._alerts.clear(AlertCode.ACK_REFUSED, subject)
        for subject in tuple(self._mended):
            self._mend(subject)
