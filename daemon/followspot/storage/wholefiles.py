"""Which completed lessons are there as one file: the table. docs/segments.md, J1 to J5, tells how they are made."""

import sqlite3

from followspot.domain.rendition import RenditionName
from followspot.storage.database import Database
from followspot.storage.rows import WholeFile, WholeKey


class WholeFiles:
    """Its changes belong into a transaction of the caller's, with their event. What has no row can be made again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, key: WholeKey) -> WholeFile | None:
        """That one file, if it is on record."""
        rows = self._database.all("SELECT * FROM whole_files WHERE lesson_id = ? AND rendition = ?", _place(key))
        return _whole(rows[0]) if rows else None

    def after(self, key: WholeKey) -> WholeFile | None:
        """The next one file beyond `key`, by lessons, the oldest first."""
        rows = self._database.all(
            "SELECT * FROM whole_files WHERE (lesson_id, rendition) > (?, ?) ORDER BY lesson_id, rendition LIMIT 1",
            _place(key),
        )
        return _whole(rows[0]) if rows else None

    def unjoined(self) -> list[WholeKey]:
        """Completed lessons with all their segments here (and further pictures) that are not one file; newest first."""
        wanted = (None, *RenditionName)
        found = [(key.lesson_id, -place, key) for place, name in enumerate(wanted) for key in self._unjoined(name)]
        return [key for _, _, key in sorted(found, key=lambda one: one[:2], reverse=True)]

    def _unjoined(self, rendition: RenditionName | None) -> list[WholeKey]:
        which = "1" if rendition is None else "renditions <> '[]'"
        rows = self._database.all(
            "SELECT id FROM lessons WHERE state = 'completed'"  # noqa: S608 - both texts are ours
            " AND NOT EXISTS (SELECT 1 FROM whole_files WHERE lesson_id = lessons.id AND rendition = ?)"
            f" AND EXISTS (SELECT 1 FROM segments WHERE lesson_id = lessons.id AND {which})"
            ' AND NOT EXISTS (SELECT 1 FROM keeping WHERE lesson_id = lessons.id AND "index" >= 0'
            " AND presence <> 'here')",
            (rendition or "",),
        )
        return [WholeKey(row["id"], rendition) for row in rows]

    def add(self, whole: WholeFile) -> None:
        """It is made."""
        self._database.execute(
            "INSERT INTO whole_files VALUES (?, ?, ?, ?, ?, ?)",
            (*_place(whole.key), whole.file, whole.size, whole.sha256, whole.duration_ns),
        )

    def remove(self, key: WholeKey) -> None:
        """It is not there any more."""
        self._database.execute("DELETE FROM whole_files WHERE lesson_id = ? AND rendition = ?", _place(key))


def _place(key: WholeKey) -> tuple[str, str]:
    return key.lesson_id, key.rendition or ""


def _whole(row: sqlite3.Row) -> WholeFile:
    rendition = RenditionName(row["rendition"]) if row["rendition"] else None
    return WholeFile(row["lesson_id"], row["file"], row["size"], row["sha256"], row["duration_ns"], rendition)
