"""Which numbers of each device's history were heard, and which lessons are to be waited for; in a database of its own.

What a power cut takes of it is found missing again, and asked for once more.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from followspot_upload.told import Completed, Stamp

FILE = "watch.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS histories (
    device TEXT NOT NULL,
    epoch TEXT NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holes (
    device TEXT NOT NULL,
    epoch TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (device, epoch, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lessons (
    device TEXT NOT NULL,
    lesson_id TEXT NOT NULL,
    segments INTEGER,
    PRIMARY KEY (device, lesson_id)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """Numbers of an epoch that were not heard: so many, from the first to the last."""

    device: str
    epoch: str
    first: int
    last: int
    count: int


class Histories:
    """The tables; from any thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or create. Raises OSError or sqlite3.Error."""
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)

    def note(self, stamp: Stamp) -> bool:
        """An event was heard; whether that fills a hole. Of an epoch never heard of all that came before is missing."""
        history = stamp.device, stamp.epoch
        with self._transaction():
            row = self._row("SELECT newest FROM histories WHERE device = ? AND epoch = ?", history)
            newest = 0 if row is None else row["newest"]
            if stamp.sequence <= newest:
                return self._fill(history, stamp.sequence)
            self._run("INSERT OR REPLACE INTO histories VALUES (?, ?, ?)", (*history, stamp.sequence))
            self._add_hole(history, newest + 1, stamp.sequence - 1)
        return False

    def missing(self) -> list[Missing]:
        """What is missing of each history."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT device, epoch, MIN(first) AS first, MAX(last) AS last, SUM(last - first + 1) AS count"
                " FROM holes GROUP BY device, epoch"
            ).fetchall()
        return [Missing(**row) for row in rows]

    def give_up(self, device: str, epoch: str, below: int) -> int:
        """Numbers below `below` will not come; how many were missing."""
        history = device, epoch
        with self._transaction():
            where = "WHERE device = ? AND epoch = ? AND first < ?"
            rows = self._connection.execute(f"SELECT first, last FROM holes {where}", (*history, below)).fetchall()  # noqa: S608 - ours
            self._run(f"DELETE FROM holes {where}", (*history, below))  # noqa: S608 - ours
            for row in rows:
                self._add_hole(history, below, row["last"])
        return sum(min(row["last"], below - 1) - row["first"] + 1 for row in rows)

    def expect(self, lesson: Completed) -> None:
        """The lesson is to be stored whole."""
        with self._transaction():
            self._run(
                "INSERT OR REPLACE INTO lessons VALUES (?, ?, ?)", (lesson.device, lesson.lesson_id, lesson.segments)
            )

    def close_lesson(self, device: str, lesson_id: str) -> bool:
        """Nothing of the lesson is to be waited for; whether it was."""
        with self._transaction():
            lesson = device, lesson_id
            expected = self._row("SELECT 1 FROM lessons WHERE device = ? AND lesson_id = ?", lesson) is not None
            self._run("DELETE FROM lessons WHERE device = ? AND lesson_id = ?", lesson)
        return expected

    def expected(self) -> list[Completed]:
        """Lessons that are not known to be stored whole, oldest first."""
        with self._lock:
            rows = self._connection.execute("SELECT * FROM lessons ORDER BY lesson_id").fetchall()
        return [Completed(row["device"], row["lesson_id"], row["segments"]) for row in rows]

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _fill(self, history: tuple[str, str], number: int) -> bool:
        where = "device = ? AND epoch = ? AND first <= ? AND last >= ?"
        hole = self._row(f"SELECT first, last FROM holes WHERE {where}", (*history, number, number))  # noqa: S608 - ours
        if hole is None:
            return False
        self._run("DELETE FROM holes WHERE device = ? AND epoch = ? AND first = ?", (*history, hole["first"]))
        self._add_hole(history, hole["first"], number - 1)
        self._add_hole(history, number + 1, hole["last"])
        return True

    def _add_hole(self, history: tuple[str, str], first: int, last: int) -> None:
        if first <= last:
            self._run("INSERT INTO holes VALUES (?, ?, ?, ?)", (*history, first, last))

    def _row(self, sql: str, parameters: tuple[object, ...]) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def _run(self, sql: str, parameters: tuple[object, ...]) -> None:
        self._connection.execute(sql, parameters)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
