"""Takes acknowledgements as bytes and gives answers: parsed, carried out, counted. Knows nothing of MQTT."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from followspot.bus.ack_alarm import AckAlarm
from followspot.domain.acknowledgement import Acknowledgement, WrongHashError, parse_acknowledgement
from followspot.domain.alerts import AlertRegistry
from followspot.domain.allowance import Allowance
from followspot.domain.clock import Clock
from followspot.domain.commands import Answer
from followspot.domain.errors import CommandRefusedError, StorageError

AcknowledgementHandler = Callable[[Acknowledgement], Awaitable[int]]
"""Notes it durably and says how many files are news; refuses with a CommandRefusedError; StorageError from the disk."""

NOT_NOTED = "disk-failed"
"""The answer's code where the disk refused: the sender may try again later."""

REFUSALS_AT_ONCE = 64
REFUSAL_PERIOD_NS = 1_000_000_000
"""More refusals of one kind are not answered: who acknowledges in earnest has few, and asks again where none came."""

_log = logging.getLogger(__name__)


class AckCounter:
    """The counter at which acknowledgements are handed in. Lives on the loop.

    `counts` has "ok" and each refusal code, answered or not. A wrong hash is an alert on its lesson until that lesson
    is acknowledged rightly: what the coach would see is not what was recorded.
    """

    def __init__(self, handler: AcknowledgementHandler, alerts: AlertRegistry, clock: Clock) -> None:
        self.counts: Counter[str] = Counter()
        self._handler = handler
        self._alarm = AckAlarm(alerts, clock)
        self._clock = clock
        self._refusals: dict[str, Allowance] = {}

    async def take(self, raw: bytes) -> Answer | None:
        """The answer to `raw`, None for a refusal too many. Never raises what a sender or the disk does."""
        try:
            said = parse_acknowledgement(raw)
        except CommandRefusedError as error:
            return self.refuse(error)
        try:
            news = await self._handler(said)
        except CommandRefusedError as error:
            if isinstance(error, WrongHashError):
                self._alarm.wrong(said.lesson_id, error)
            return self.refuse(error)
        except StorageError as error:
            self.counts[NOT_NOTED] += 1
            return self._within_reason(Answer(id=None, accepted=False, code=NOT_NOTED, text=str(error)))
        self.counts["ok"] += 1
        self._alarm.right(said.lesson_id)
        return Answer(id=None, accepted=True, code="ok", text=f"{news} noted", data={"noted": news})

    def refuse(self, error: CommandRefusedError) -> Answer | None:
        """The answer that nothing was noted; one warning per kind, as a sender gone mad must not fill the journal."""
        self.counts[error.code] += 1
        level = logging.WARNING if self.counts[error.code] == 1 else logging.DEBUG
        _log.log(level, "acknowledgement refused code=%s: %s", error.code, error)
        return self._within_reason(Answer.refusal(error, None))

    def _within_reason(self, answer: Answer) -> Answer | None:
        allowed = self._refusals.setdefault(answer.code, Allowance(REFUSALS_AT_ONCE, REFUSAL_PERIOD_NS))
        return answer if allowed.take(1, self._clock.monotonic_ns()) else None
