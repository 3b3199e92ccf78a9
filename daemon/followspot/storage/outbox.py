"""Events on their way out: written in the transaction of what they report, kept until acknowledged and after."""

from collections.abc import Sequence

from followspot.domain.clock import Clock
from followspot.domain.events import EventData, EventRenderer, EventStamp
from followspot.domain.ids import uuid7
from followspot.domain.republish import RepublishFrom, RepublishLesson
from followspot.storage.again import NEWEST, Again
from followspot.storage.age import BoxAge
from followspot.storage.database import Database
from followspot.storage.rows import OutboxEntry


class Outbox:
    """The table of events. Sequence numbers count from 1 without holes, and none is given twice, whatever is pruned."""

    def __init__(self, database: Database, clock: Clock, render: EventRenderer, age: BoxAge) -> None:
        self._database = database
        self._clock = clock
        self._render = render
        self._age = age

    def add(self, event: EventData) -> int:
        """Put `event` on record; its number. Call it inside the transaction of the change that it reports."""
        sequence = self._database.one(NEWEST)["newest"] + 1
        now = self._clock.utc_now()
        stamp = EventStamp(id=str(uuid7(now)), epoch=self._database.epoch, sequence=sequence, time=now)
        message = self._render(event, stamp)
        self._database.execute(
            "INSERT INTO outbox (sequence, id, topic, payload, lesson_id) VALUES (?, ?, ?, ?, ?)",
            (sequence, stamp.id, message.topic, message.payload, getattr(event, "lesson_id", None)),
        )
        return int(sequence)

    def pending(self, after: int, limit: int) -> list[OutboxEntry]:
        """Events not yet acknowledged, above `after`, oldest first."""
        rows = self._database.all(
            "SELECT sequence, topic, payload FROM outbox"
            " WHERE published = 0 AND sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return [OutboxEntry(row["sequence"], row["topic"], row["payload"]) for row in rows]

    def again(self, wanted: RepublishFrom | RepublishLesson) -> Again:
        """To put events that are still kept back, to be sent again as they were."""
        return Again(self._database, wanted)

    def mark_published(self, sequences: Sequence[int]) -> None:
        """The broker has acknowledged these. Their days count from the first time: asking again prolongs nothing."""
        sent = "published = 1, sent_s = CASE sent_s WHEN 0 THEN ? ELSE sent_s END"
        values: list[tuple[object, ...]] = [(self._age.now_s(), sequence) for sequence in sequences]
        with self._database.transaction():
            self._database.execute_many(f"UPDATE outbox SET {sent} WHERE sequence = ?", values)  # noqa: S608 - ours
