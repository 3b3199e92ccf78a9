"""Which completed lessons are there as one file: the table. docs/segments.md, J1 to J5, tells how they are made."""

import sqlite3

from followspot.storage.database import Database
from followspot.storage.rows import WholeFile


class WholeFiles:
    """Its changes belong into a transaction of the caller's, with their event. What has no row can be made again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, lesson_id: str) -> WholeFile | None:
        """The lesson's one file, if it is on record."""
        rows = self._database.all("SELECT * FROM whole_files WHERE lesson_id = ?", (lesson_id,))
        return _whole(rows[0]) if rows else None

    def after(self, lesson_id: str) -> WholeFile | None:
        """The one file of the oldest lesson beyond `lesson_id` that has one."""
        rows = self._database.all(
            "SELECT * FROM whole_files WHERE lesson_id > ? ORDER BY lesson_id LIMIT 1", (lesson_id,)
        )
        return _whole(rows[0]) if rows else None

    def unjoined(self) -> list[str]:
        """Completed lessons that have all their segments here and are not there as one file, newest first."""
        rows = self._database.all(
            "SELECT id FROM lessons WHERE state = 'completed'"
            " AND NOT EXISTS (SELECT 1 FROM whole_files WHERE lesson_id = lessons.id)"
            " AND EXISTS (SELECT 1 FROM segments WHERE lesson_id = lessons.id)"
            ' AND NOT EXISTS (SELECT 1 FROM keeping WHERE lesson_id = lessons.id AND "index" >= 0'
            " AND presence <> 'here') ORDER BY id DESC"
        )
        return [row["id"] for row in rows]

    def add(self, whole: WholeFile) -> None:
        """It is made."""
        self._database.execute(
            "INSERT INTO whole_files VALUES (?, ?, ?, ?, ?)",
            (whole.lesson_id, whole.file, whole.size, whole.sha256, whole.duration_ns),
        )

    def remove(self, lesson_id: str) -> None:
        """It is not there any more."""
        self._database.execute("DELETE FROM whole_files WHERE lesson_id = ?", (lesson_id,))


def _whole(row: sqlite3.Row) -> WholeFile:
    return WholeFile(row["lesson_id"], row["file"], row["size"], row["sha256"], row["duration_ns"])
