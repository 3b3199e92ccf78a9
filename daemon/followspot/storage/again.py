"""Events are put back into the outbox a few at a time: who asks for all of a year must not stop what is recorded."""

import sqlite3

from followspot.domain.republish import Republished, RepublishFrom, RepublishLesson
from followspot.storage.database import Database

NEWEST = "SELECT MAX(COALESCE((SELECT MAX(sequence) FROM outbox), 0), events_from - 1) AS newest, events_from FROM box"
"""The newest number ever given, and from which one on none is forgotten."""
AT_ONCE = 256
"""A few hundred kilobytes to be written: less than a fragment's time, also on a slow card."""


class Again:
    """One wish. Lives on the storage thread; recording goes on between its steps."""

    def __init__(self, database: Database, wanted: RepublishFrom | RepublishLesson) -> None:
        self._database = database
        self._first = wanted.sequence if isinstance(wanted, RepublishFrom) else 1
        self._lesson_id = wanted.lesson_id if isinstance(wanted, RepublishLesson) else None
        box = database.one(NEWEST)
        self._newest: int = box["newest"]
        self._kept_from: int = box["events_from"]
        self._cursor = self._first - 1
        self._oldest: int | None = None
        self._count = 0

    def step(self) -> bool:
        """Put some back, as they were, durably; whether there are more. Only what was on record at the beginning."""
        rows = self._rows()
        if not rows:
            return False
        numbers: list[tuple[object, ...]] = [(row["sequence"],) for row in rows]
        with self._database.transaction():
            self._database.execute_many("UPDATE outbox SET published = 0 WHERE sequence = ? AND published = 1", numbers)
        self._oldest = rows[0]["sequence"] if self._oldest is None else self._oldest
        self._cursor = rows[-1]["sequence"]
        self._count += len(rows)
        return len(rows) == AT_ONCE

    def _rows(self) -> list[sqlite3.Row]:
        place = self._cursor, self._newest, AT_ONCE
        if self._lesson_id is None:
            sql = "SELECT sequence FROM outbox WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?"
            return self._database.all(sql, place)
        sql = (
            "SELECT sequence FROM outbox WHERE lesson_id = ? AND sequence > ? AND sequence <= ?"
            " ORDER BY sequence LIMIT ?"
        )
        return self._database.all(sql, (self._lesson_id, *place))

    def done(self) -> Republished:
        """What it came to. Of a lesson either all is there or nothing."""
        wanted = self._count if self._lesson_id is not None else max(0, self._newest - self._first + 1)
        return Republished(
            count=self._count,
            oldest=self._oldest,
            newest=self._newest,
            epoch=self._database.epoch,
            kept_from=self._kept_from,
            gone=wanted - self._count,
        )
