"""Events on their way out: written in the transaction of what they report, kept until acknowledged and after."""

from collections.abc import Sequence

from followspot.domain.clock import Clock
from followspot.domain.events import EventData, EventRenderer, EventStamp
from followspot.domain.ids import uuid7
from followspot.domain.republish import Republished, RepublishFrom, RepublishLesson
from followspot.storage.database import Database
from followspot.storage.rows import OutboxEntry

COUNT_FROM = "SELECT COUNT(*) AS count, MIN(sequence) AS oldest FROM outbox WHERE sequence >= ?"
AGAIN_FROM = "UPDATE outbox SET published = 0 WHERE sequence >= ? AND published = 1"
COUNT_LESSON = "SELECT COUNT(*) AS count, MIN(sequence) AS oldest FROM outbox WHERE lesson_id = ?"
AGAIN_LESSON = "UPDATE outbox SET published = 0 WHERE lesson_id = ? AND published = 1"


class Outbox:
    """The table of events. Sequence numbers count from 1 without holes: rows are never removed."""

    def __init__(self, database: Database, clock: Clock, render: EventRenderer) -> None:
        self._database = database
        self._clock = clock
        self._render = render

    def add(self, event: EventData) -> None:
        """Put `event` on record. Call it inside the transaction of the change that it reports."""
        sequence = self._database.one("SELECT COALESCE(MAX(sequence), 0) + 1 AS next FROM outbox")["next"]
        now = self._clock.utc_now()
        stamp = EventStamp(id=str(uuid7(now)), epoch=self._database.epoch, sequence=sequence, time=now)
        message = self._render(event, stamp)
        self._database.execute(
            "INSERT INTO outbox (sequence, id, topic, payload, lesson_id) VALUES (?, ?, ?, ?, ?)",
            (sequence, stamp.id, message.topic, message.payload, getattr(event, "lesson_id", None)),
        )

    def pending(self, after: int, limit: int) -> list[OutboxEntry]:
        """Events not yet acknowledged, above `after`, oldest first."""
        rows = self._database.all(
            "SELECT sequence, topic, payload FROM outbox"
            " WHERE published = 0 AND sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return [OutboxEntry(row["sequence"], row["topic"], row["payload"]) for row in rows]

    def republish(self, wanted: RepublishFrom | RepublishLesson) -> Republished:
        """Put events back to be sent again, as they were."""
        key: int | str
        match wanted:
            case RepublishFrom(sequence=key):
                count, again = COUNT_FROM, AGAIN_FROM
            case RepublishLesson(lesson_id=key):
                count, again = COUNT_LESSON, AGAIN_LESSON
        with self._database.transaction():
            newest = self._database.one("SELECT COALESCE(MAX(sequence), 0) AS newest FROM outbox")["newest"]
            row = self._database.one(count, (key,))
            self._database.execute(again, (key,))
        return Republished(row["count"], row["oldest"], newest, self._database.epoch)

    def mark_published(self, sequences: Sequence[int]) -> None:
        """The broker has acknowledged these."""
        with self._database.transaction():
            self._database.execute_many(
                "UPDATE outbox SET published = 1 WHERE sequence = ?", [(sequence,) for sequence in sequences]
            )
