"""Which segments are still on the disk and where else they are: the retention's table beside the catalogue's."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from followspot.domain.retention import DeletionReason
from followspot.storage.boot import Boot
from followspot.storage.database import Database
from followspot.storage.rows import LessonRow

MANIFEST_INDEX = -1
"""The manifest's place in the table, before every segment."""
MILLISECOND_NS = 1_000_000
FAR_BACK = "0000"
"""Sorts before every lesson's id."""


class Presence(StrEnum):
    """Whether a segment's file is on the disk."""

    HERE = "here"
    LEAVING = "leaving"
    """To be deleted, or just deleted: the next step finishes it."""
    AWAY = "away"
    """With a disk that is not mounted, or was taken out: neither deleted nor missed until its folder is back."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment as retention sees it."""

    lesson_id: str
    index: int
    file: str
    size: int
    sha256: str
    stored: bool
    presence: Presence
    reason: DeletionReason | None


@dataclass(frozen=True, slots=True)
class Copy:
    """Where the pipeline has put a file, and the hash of what it put there."""

    store: str
    key: str
    sha256: str


_KEPT = """
SELECT k.lesson_id, k."index", s.file, s.size, s.sha256, k.store IS NOT NULL AS stored, k.presence, k.reason
FROM keeping k JOIN segments s ON s.lesson_id = k.lesson_id AND s."index" = k."index"
"""


class Keeping:
    """The table. Its changes belong into a transaction of the caller's, with their event."""

    def __init__(self, database: Database, boot: Boot) -> None:
        self._database = database
        self._boot = boot
        self._offset_ms: int | None = None

    def copy(self, lesson_id: str, index: int) -> Copy | None:
        """Where a segment (or the manifest, MANIFEST_INDEX) is stored as well."""
        rows = self._database.all(
            'SELECT store, key, sha256 FROM keeping WHERE lesson_id = ? AND "index" = ? AND store IS NOT NULL',
            (lesson_id, index),
        )
        return Copy(rows[0]["store"], rows[0]["key"], rows[0]["sha256"]) if rows else None

    def set_copy(self, lesson_id: str, index: int, copy: Copy, now: datetime) -> None:
        """The pipeline has acknowledged it; the first time counts for the grace."""
        self._database.execute(
            'INSERT INTO keeping (lesson_id, "index") VALUES (?, ?) ON CONFLICT DO NOTHING', (lesson_id, index)
        )
        self._database.execute(
            "UPDATE keeping SET store = ?, key = ?, sha256 = ?, acknowledged_ms = COALESCE(acknowledged_ms, ?),"
            " acknowledged_boottime_ns = COALESCE(acknowledged_boottime_ns, ?),"
            ' acknowledged_boot_id = COALESCE(acknowledged_boot_id, ?) WHERE lesson_id = ? AND "index" = ?',
            (
                *(copy.store, copy.key, copy.sha256),
                *(_unix_ms(now), self._boot.boottime_ns(), self._boot.boot_id()),
                *(lesson_id, index),
            ),
        )

    def is_stored_whole(self, lesson_id: str) -> bool:
        """Whether every segment of the lesson and its manifest are acknowledged."""
        row = self._database.one(
            'SELECT COALESCE(SUM(store IS NULL), 0) AS unsent, COALESCE(MIN("index"), 0) AS first'
            " FROM keeping WHERE lesson_id = ?",
            (lesson_id,),
        )
        return (row["unsent"], row["first"]) == (0, MANIFEST_INDEX)

    def stored_before(self, age: timedelta, now: datetime, limit: int) -> list[Kept]:
        """Segments here that were acknowledged `age` ago or earlier, oldest first.

        Within one boot its own clock counts, across boots the wall clock.
        """
        self._follow_wall_clock(now)
        rows = self._database.all(
            _KEPT + "WHERE k.presence = 'here' AND k.store IS NOT NULL AND k.acknowledged_ms <= ? AND k.\"index\" >= 0"
            ' ORDER BY k.acknowledged_ms, k.lesson_id, k."index" LIMIT ?',
            (_unix_ms(now - age), limit),
        )
        return [_kept(row) for row in rows]

    def unsent_of(self, lesson_id: str, limit: int) -> list[Kept]:
        """Segments here of that lesson which nobody acknowledged."""
        rows = self._database.all(
            _KEPT + "WHERE k.presence = 'here' AND k.store IS NULL AND k.lesson_id = ? AND k.\"index\" >= 0"
            ' ORDER BY k."index" LIMIT ?',
            (lesson_id, limit),
        )
        return [_kept(row) for row in rows]

    def oldest_unsent(self, after: str = FAR_BACK) -> str | None:
        """The oldest lesson beyond `after` that has segments here which nobody acknowledged."""
        row = self._database.one(
            "SELECT MIN(lesson_id) AS first FROM keeping WHERE presence = 'here' AND store IS NULL AND lesson_id > ?",
            (after,),
        )
        first: str | None = row["first"]
        return first

    def leaving(self, limit: int) -> list[Kept]:
        """Segments whose deletion was begun."""
        rows = self._database.all(
            _KEPT + "WHERE k.presence = 'leaving' ORDER BY k.lesson_id, k.\"index\" LIMIT ?", (limit,)
        )
        return [_kept(row) for row in rows]

    def of_lesson(self, lesson_id: str, presence: Presence) -> list[Kept]:
        """The lesson's segments that are so."""
        rows = self._database.all(
            _KEPT + 'WHERE k.lesson_id = ? AND k.presence = ? ORDER BY k."index"', (lesson_id, presence)
        )
        return [_kept(row) for row in rows]

    def here(self, lesson_id: str) -> list[Kept]:
        """The lesson's segments that ought to be on the disk."""
        return self.of_lesson(lesson_id, Presence.HERE)

    def has_media(self, lesson_id: str) -> bool:
        """Whether any segment of the lesson is here or away: neither deleted, nor being deleted, nor lost."""
        which = "lesson_id = ? AND \"index\" >= 0 AND presence IN ('here', 'away')"
        return bool(self._database.all(f"SELECT 1 FROM keeping WHERE {which} LIMIT 1", (lesson_id,)))  # noqa: S608 - ours

    def bring_back(self, lesson_id: str) -> None:
        """The folder of segments that were away is there again."""
        where, which = "WHERE lesson_id = ? AND presence = 'away'", (lesson_id,)
        if self._database.all(f"SELECT 1 FROM keeping {where} LIMIT 1", which):  # noqa: S608 - both texts are ours
            self._database.execute(f"UPDATE keeping SET presence = 'here' {where}", which)  # noqa: S608 - ours

    def set_presence(self, segments: Iterable[Kept], presence: Presence, reason: DeletionReason | None) -> None:
        """Note what becomes of these files, and why."""
        rows: list[tuple[object, ...]] = [(presence, reason, one.lesson_id, one.index) for one in segments]
        self._database.execute_many(
            'UPDATE keeping SET presence = ?, reason = ? WHERE lesson_id = ? AND "index" = ?', rows
        )

    def _follow_wall_clock(self, now: datetime) -> None:
        """A clock that was set in this boot moves the wall times of this boot's acknowledgements with it."""
        boottime_ms = self._boot.boottime_ns() // MILLISECOND_NS
        offset_ms = _unix_ms(now) - boottime_ms
        if self._offset_ms is not None and abs(offset_ms - self._offset_ms) < 1000:
            return
        self._database.execute(
            "UPDATE keeping SET acknowledged_ms = ? + acknowledged_boottime_ns / ?"
            " WHERE presence = 'here' AND store IS NOT NULL AND acknowledged_boot_id = ?",
            (offset_ms, MILLISECOND_NS, self._boot.boot_id()),
        )
        self._offset_ms = offset_ms


def wall_age(lesson: LessonRow, boot: Boot, now: datetime) -> timedelta:
    """How long ago a lesson began: by the boot's clock where it is still the same boot, else by the wall clock.

    Where that was not set then, or is not now, at least as long as this boot has lasted: a box that once began in 1970
    must not throw away last week's lessons.
    """
    anchor = lesson.anchor
    if anchor.boot_id == boot.boot_id():
        return timedelta(microseconds=(boot.boottime_ns() - anchor.boottime_ns) // 1000)
    if anchor.synced and boot.clock_synced():
        return now - anchor.wall
    return timedelta(microseconds=boot.boottime_ns() // 1000)


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(
        lesson_id=row["lesson_id"],
        index=row["index"],
        file=row["file"],
        size=row["size"],
        sha256=row["sha256"],
        stored=bool(row["stored"]),
        presence=Presence(row["presence"]),
        reason=None if row["reason"] is None else DeletionReason(row["reason"]),
    )


def _unix_ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)
