"""Sent events that nobody needs any more go, a few at a time, without a hole in the numbers that are kept."""

import logging
from datetime import timedelta

from followspot.storage.age import BoxAge
from followspot.storage.database import Database
from followspot.storage.keeping import Keeping
from followspot.storage.rows import LessonState

LOOKED_AT = 256
"""Rows of one step: read in a millisecond or two, so that a fragment that comes meanwhile does not wait."""

log = logging.getLogger(__name__)


class Pruning:
    """Lives on the storage thread. Walks through the outbox from its oldest row to the first that is too young.

    An event goes when it was sent `keep` ago or earlier. Those of a lesson go together, when that holds for all of
    them, the lesson is completed and the last of its media has left the disk. What was never sent stays.
    """

    def __init__(self, database: Database, keeping: Keeping, age: BoxAge, keep: timedelta) -> None:
        self._database = database
        self._keeping = keeping
        self._age = age
        self._keep_s = round(keep.total_seconds())
        self._cursor = 0

    def step(self) -> bool:
        """Look at LOOKED_AT numbers; whether to go on soon, else the next step begins at the oldest again."""
        if self._cursor == 0:
            self._age.keep()
        first = self._database.one("SELECT MIN(sequence) AS first FROM outbox WHERE sequence > ?", (self._cursor,))
        if first["first"] is None:
            self._cursor = 0
            return False
        last = first["first"] + LOOKED_AT - 1
        until_s = self._age.now_s() - self._keep_s
        rows = self._database.all(
            "SELECT sequence, lesson_id, sent_s FROM outbox WHERE sequence BETWEEN ? AND ? AND published = 1",
            (first["first"], last),
        )
        due = [(row["sequence"], row["lesson_id"]) for row in rows if row["sent_s"] <= until_s]
        if self._delete_some(due, until_s):
            return True
        self._cursor = last if len(due) == len(rows) else 0
        return self._cursor != 0

    def _delete_some(self, due: list[tuple[int, str | None]], until_s: int) -> bool:
        """Delete what of it may go; whether that was enough for one step, and some may be left of it."""
        gone = [sequence for sequence, lesson_id in due if lesson_id is None]
        lessons = dict.fromkeys(lesson_id for _, lesson_id in due if lesson_id is not None)
        for lesson_id in lessons:
            if len(gone) >= LOOKED_AT:
                break
            if self._is_over(lesson_id, until_s):
                gone += self._rows_of(lesson_id)
        if gone:
            self._delete(gone)
        return len(gone) >= LOOKED_AT

    def _delete(self, sequences: list[int]) -> None:
        newest = max(sequences)
        with self._database.transaction():
            self._database.execute_many("DELETE FROM outbox WHERE sequence = ?", [(number,) for number in sequences])
            self._database.execute("UPDATE box SET events_from = MAX(events_from, ?)", (newest + 1,))
        log.info("sent events were forgotten count=%d up_to=%d", len(sequences), newest)

    def _is_over(self, lesson_id: str, until_s: int) -> bool:
        """Whether all its events are old, and none can come but for one that tells where its media is."""
        young = "lesson_id = ? AND (published = 0 OR sent_s > ?)"
        if self._database.all(f"SELECT 1 FROM outbox WHERE {young} LIMIT 1", (lesson_id, until_s)):  # noqa: S608 - ours
            return False
        state = self._database.all("SELECT state FROM lessons WHERE id = ?", (lesson_id,))
        completed = not state or state[0]["state"] == LessonState.COMPLETED
        return completed and not self._keeping.has_media(lesson_id)

    def _rows_of(self, lesson_id: str) -> list[int]:
        rows = self._database.all("SELECT sequence FROM outbox WHERE lesson_id = ?", (lesson_id,))
        return [row["sequence"] for row in rows]
