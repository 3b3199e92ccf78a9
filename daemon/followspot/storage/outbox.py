"""Events on their way out: written in the transaction of what they report, kept until acknowledged and after."""

from collections.abc import Sequence

from followspot.domain.clock import Clock
from followspot.domain.events import EventData, EventRenderer, EventStamp
from followspot.domain.ids import uuid7
from followspot.domain.republish import Republished, RepublishFrom, RepublishLesson
from followspot.storage.age import BoxAge
from followspot.storage.database import Database
from followspot.storage.rows import OutboxEntry

NEWEST = "SELECT MAX(COALESCE((SELECT MAX(sequence) FROM outbox), 0), events_from - 1) AS newest, events_from FROM box"
COUNT_FROM = "SELECT COUNT(*) AS count, MIN(sequence) AS oldest FROM outbox WHERE sequence >= ?"
AGAIN_FROM = "UPDATE outbox SET published = 0 WHERE sequence >= ? AND published = 1"
COUNT_LESSON = "SELECT COUNT(*) AS count, MIN(sequence) AS oldest FROM outbox WHERE lesson_id = ?"
AGAIN_LESSON = "UPDATE outbox SET published = 0 WHERE lesson_id = ? AND published = 1"


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

    def republish(self, wanted: RepublishFrom | RepublishLesson) -> Republished:
        """Put events that are still kept back to be sent again, as they were."""
        key: int | str
        match wanted:
            case RepublishFrom(sequence=key):
                count, again = COUNT_FROM, AGAIN_FROM
            case RepublishLesson(lesson_id=key):
                count, again = COUNT_LESSON, AGAIN_LESSON
        with self._database.transaction():
            box = self._database.one(NEWEST)
            row = self._database.one(count, (key,))
            self._database.execute(again, (key,))
        wanted_count = max(0, box["newest"] - key + 1) if isinstance(key, int) else row["count"]
        return Republished(
            count=row["count"],
            oldest=row["oldest"],
            newest=box["newest"],
            epoch=self._database.epoch,
            kept_from=box["events_from"],
            gone=wanted_count - row["count"],
        )

    def mark_published(self, sequences: Sequence[int]) -> None:
        """The broker has acknowledged these."""
        sent_s = self._age.now_s()
        with self._database.transaction():
            self._database.execute_many(
                "UPDATE outbox SET published = 1, sent_s = ? WHERE sequence = ?",
                [(sent_s, sequence) for sequence in sequences],
            )
