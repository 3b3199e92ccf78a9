"""The SQLite database: its schema, its version, and transactions that are on the disk when they end."""

import logging
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from followspot.domain.errors import StorageError
from followspot.storage.disk import FILE_MODE, is_corrupt

DATABASE_FILE = "followspot.db"
DAMAGED_MARK = f"{DATABASE_FILE}-damaged"
"""Stands beside a database in which damage was met while it was open."""
FOR_OTHERS = 0o007
BUSY_TIMEOUT_S = 5.0
"""Only a technician's sqlite3 shell can hold the lock: the daemon has one connection."""

SCHEMA = """
CREATE TABLE box (epoch TEXT NOT NULL);
CREATE TABLE lessons (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    reason TEXT,
    started TEXT NOT NULL,
    started_by TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    anchor_media_ns INTEGER NOT NULL,
    anchor_wall TEXT NOT NULL,
    anchor_boot_id TEXT NOT NULL,
    anchor_boottime_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX lessons_open ON lessons (id) WHERE state <> 'completed';
CREATE TABLE segments (
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    "index" INTEGER NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    init_size INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    started TEXT NOT NULL,
    frames INTEGER NOT NULL,
    tracks TEXT NOT NULL,
    PRIMARY KEY (lesson_id, "index")
) STRICT;
CREATE TABLE gaps (
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    reason TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    missing_ns INTEGER
) STRICT;
CREATE INDEX gaps_of_lesson ON gaps (lesson_id);
CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    published INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_pending ON outbox (sequence) WHERE published = 0;
"""
EVENTS = """
ALTER TABLE lessons ADD COLUMN anchor_synced INTEGER NOT NULL DEFAULT 1;
ALTER TABLE lessons ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE segments ADD COLUMN boot_id TEXT NOT NULL DEFAULT '';
ALTER TABLE segments ADD COLUMN boottime_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN synced INTEGER NOT NULL DEFAULT 1;
CREATE INDEX segments_unsynced ON segments (boot_id, lesson_id) WHERE synced = 0;
ALTER TABLE outbox ADD COLUMN lesson_id TEXT;
UPDATE outbox SET lesson_id = json_extract(CAST(payload AS TEXT), '$.data.lesson_id');
CREATE INDEX outbox_of_lesson ON outbox (lesson_id) WHERE lesson_id IS NOT NULL;
CREATE TABLE answers (
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (name, id)
) STRICT;
"""
"""Whether the wall times can be believed and by which boot, what was said of a lesson, whose an event is, and what
commands were answered."""
PAUSES = """
ALTER TABLE lessons ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
CREATE TABLE bookmarks (
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    at_ns INTEGER NOT NULL,
    tag TEXT NOT NULL,
    text TEXT NOT NULL,
    given TEXT NOT NULL,
    given_by TEXT NOT NULL
) STRICT;
CREATE INDEX bookmarks_of_lesson ON bookmarks (lesson_id);
CREATE TABLE whole_files (
    lesson_id TEXT PRIMARY KEY REFERENCES lessons (id),
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    duration_ns INTEGER NOT NULL
) STRICT;
"""
"""Who paused a lesson, its bookmarks, and completed lessons as one file."""
KEEPING = """
CREATE TABLE keeping (
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    "index" INTEGER NOT NULL,
    presence TEXT NOT NULL DEFAULT 'here',
    reason TEXT,
    store TEXT,
    key TEXT,
    sha256 TEXT,
    acknowledged_ms INTEGER,
    acknowledged_boot_id TEXT,
    acknowledged_boottime_ns INTEGER,
    PRIMARY KEY (lesson_id, "index")
) STRICT, WITHOUT ROWID;
CREATE INDEX keeping_stored ON keeping (acknowledged_ms, lesson_id, "index")
    WHERE presence = 'here' AND store IS NOT NULL;
CREATE INDEX keeping_unsent ON keeping (lesson_id, "index") WHERE presence = 'here' AND store IS NULL;
CREATE INDEX keeping_leaving ON keeping (lesson_id, "index") WHERE presence = 'leaving';
CREATE TRIGGER keep_segment AFTER INSERT ON segments BEGIN
    INSERT INTO keeping (lesson_id, "index") VALUES (NEW.lesson_id, NEW."index"); END;
INSERT INTO keeping (lesson_id, "index") SELECT lesson_id, "index" FROM segments;
"""
"""Whether each segment is still on the disk, and where else it is; a row is made with each segment's."""
MUTE = """
ALTER TABLE box ADD COLUMN muted_boot_id TEXT;
"""
"""In which boot the teacher has muted her marker; null where she has not."""
PRUNING = """
ALTER TABLE outbox ADD COLUMN sent_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE box ADD COLUMN events_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE box ADD COLUMN age_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE box ADD COLUMN age_boot_id TEXT;
ALTER TABLE box ADD COLUMN age_boot_s INTEGER;
ALTER TABLE box ADD COLUMN age_wall_s INTEGER;
"""
"""At which age of the box an event was first sent (0: never, or at once), from which number on none is forgotten, and
the box's age."""
LABELS = """
CREATE TABLE labels (
    sequence INTEGER PRIMARY KEY,
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    boot_id TEXT NOT NULL,
    boottime_ns INTEGER NOT NULL,
    told TEXT NOT NULL,
    synced INTEGER NOT NULL
) STRICT;
CREATE INDEX labels_of_lesson ON labels (lesson_id);
CREATE INDEX labels_unsynced ON labels (boot_id, lesson_id) WHERE synced = 0;
ALTER TABLE bookmarks ADD COLUMN synced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bookmarks ADD COLUMN sequence INTEGER;
"""
"""Wall times that events of pauses and bookmarks told, by the event's number, and when that was in its boot."""
ALERTS = """
CREATE TABLE alerts (
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (code, subject)
) STRICT, WITHOUT ROWID;
"""
"""What events have told to be wrong and not yet to be well: a later run must not leave it so."""
RENDITIONS = """
ALTER TABLE segments ADD COLUMN renditions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE gaps ADD COLUMN rendition TEXT;
ALTER TABLE whole_files RENAME TO whole_lessons;
CREATE TABLE whole_files (
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    rendition TEXT NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    duration_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson_id, rendition)
) STRICT;
INSERT INTO whole_files SELECT lesson_id, '', file, size, sha256, duration_ns FROM whole_lessons;
DROP TABLE whole_lessons;
"""
"""Further pictures of segments and of lessons as one file; '' and null stand for the lesson's own picture."""
MIGRATIONS = (SCHEMA, PAUSES, EVENTS, KEEPING, MUTE, PRUNING, LABELS, ALERTS, RENDITIONS)
"""Each takes a database from the version that is its place here to the next: a box keeps its lessons over an update."""

log = logging.getLogger(__name__)


class Database:
    """The one connection, used on the storage thread alone."""

    def __init__(self, folder: Path) -> None:
        """Open or create; sqlite3.Error when the disk refuses, StorageError for a schema of another time.

        A damaged file is a sqlite3.DatabaseError that `is_corrupt`, here or from any later call.
        """
        self.path = folder / DATABASE_FILE
        self._mark = folder / DAMAGED_MARK
        if self._mark.exists():
            raise damaged(self.path)
        _make_private(self.path)
        self._connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._migrate()
            self.epoch: str = self.one("SELECT epoch FROM box")["epoch"]
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block is durable after it, or nothing of it has happened. One within another is a part of it."""
        if self._connection.in_transaction:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk makes SQLite roll back by itself
                self._connection.execute("ROLLBACK")
            raise

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        """Run a statement for its effect."""
        self._run(sql, parameters)

    def execute_many(self, sql: str, rows: list[tuple[object, ...]]) -> None:
        """Run a statement for each row."""
        for row in rows:
            self._run(sql, row)

    def all(self, sql: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """Every row of a query."""
        return self._run(sql, parameters)

    def one(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Row:
        """The row of a query that always has one."""
        return self._run(sql, parameters)[0]

    def close(self) -> None:
        """Close; SQLite folds its log into the file."""
        self._connection.close()

    def _run(self, sql: str, parameters: tuple[object, ...]) -> list[sqlite3.Row]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            if is_corrupt(error):
                with suppress(OSError):  # the next start meets the damage again
                    self._mark.touch(FILE_MODE)
            raise

    def _migrate(self) -> None:
        (version,) = self.one("PRAGMA user_version")
        if version > len(MIGRATIONS):
            raise StorageError(
                f"{self.path} has schema version {version}, this program knows {len(MIGRATIONS)}: "
                "install the version of followspot that wrote it, or move the file away to begin anew"
            )
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            with self.transaction():
                for statement in script.split(";\n"):
                    self.execute(statement)
                if number == 1:
                    self.execute("INSERT INTO box (epoch) VALUES (?)", (str(uuid.uuid4()),))
                self.execute(f"PRAGMA user_version = {number}")


def set_aside(folder: Path, now: datetime) -> str:
    """Give a damaged database and its companions dated names, so that a new one can begin; the main file's name."""
    stamp = f"damaged-{now:%Y%m%dT%H%M%SZ}"
    number = 1
    while (folder / f"{stamp}-{number}-{DATABASE_FILE}").exists():
        number += 1
    for path in sorted(folder.glob(f"{DATABASE_FILE}*")):
        if path.name == DAMAGED_MARK:
            path.unlink()
        else:
            path.rename(folder / f"{stamp}-{number}-{path.name}")
    aside = f"{stamp}-{number}-{DATABASE_FILE}"
    log.error("the database is damaged: it was set aside and a new one begins file=%s", folder / aside)
    return aside


def damaged(path: Path) -> sqlite3.DatabaseError:
    """What SQLite says of a damaged file, for one that is known to be."""
    error = sqlite3.DatabaseError(f"{path} was found damaged")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _make_private(path: Path) -> None:
    """The database exists and is for us and our group alone, whatever the umask; SQLite's other files take after it."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    except FileExistsError:
        for file in path.parent.glob(f"{path.name}*"):
            file.chmod(file.stat().st_mode & ~FOR_OTHERS)
    else:
        os.fchmod(fd, FILE_MODE)
        os.close(fd)
