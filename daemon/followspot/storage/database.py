"""The SQLite database: its schema, its version, and transactions that are on the disk when they end."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from followspot.domain.errors import StorageError

DATABASE_FILE = "followspot.db"
SCHEMA_VERSION = 1
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


class Database:
    """The one connection, used on the storage thread alone."""

    def __init__(self, folder: Path) -> None:
        """Open or create; sqlite3.Error when the disk refuses, StorageError for a schema of another time."""
        self.path = folder / DATABASE_FILE
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
        """All of the block is durable after it, or nothing of it has happened."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk makes SQLite roll back by itself
                self._connection.execute("ROLLBACK")
            raise

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        """Run a statement for its effect."""
        self._connection.execute(sql, parameters)

    def execute_many(self, sql: str, rows: list[tuple[object, ...]]) -> None:
        """Run a statement for each row."""
        self._connection.executemany(sql, rows)

    def all(self, sql: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """Every row of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Row:
        """The row of a query that always has one."""
        row: sqlite3.Row = self._connection.execute(sql, parameters).fetchone()
        return row

    def close(self) -> None:
        """Close; SQLite folds its log into the file."""
        self._connection.close()

    def _migrate(self) -> None:
        (version,) = self.one("PRAGMA user_version")
        if version == SCHEMA_VERSION:
            return
        if version != 0:
            raise StorageError(
                f"{self.path} has schema version {version}, this program knows {SCHEMA_VERSION}: "
                "install the version of followspot that wrote it, or move the file away to begin anew"
            )
        with self.transaction():
            for statement in SCHEMA.split(";\n"):
                self.execute(statement)
            self.execute("INSERT INTO box (epoch) VALUES (?)", (str(uuid.uuid4()),))
            self.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
