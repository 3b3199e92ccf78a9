"""What is to be done, durably: one row per announced file, from its event until the device has our acknowledgement."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from followspot_upload.announced import Gone, MediaFile
from followspot_upload.told import StoredCopy

FILE = "upload.db"
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE jobs (
    device TEXT NOT NULL,
    lesson_id TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER,
    beside TEXT NOT NULL,
    state TEXT NOT NULL,
    places TEXT NOT NULL DEFAULT '{}',
    key TEXT,
    PRIMARY KEY (device, lesson_id, "index")
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_waiting ON jobs (lesson_id, "index") WHERE state = 'waiting';
CREATE INDEX jobs_stored ON jobs (device, lesson_id, "index") WHERE state = 'stored';
"""


class JobState(StrEnum):
    """How far a file is."""

    WAITING = "waiting"
    STORED = "stored"
    """The store has confirmed it; the device has not yet confirmed our acknowledgement."""
    DONE = "done"
    GONE = "gone"
    """Deleted on the device before it was stored."""
    REFUSED = "refused"
    """The device does not take the acknowledgement, whatever we do."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file and how far it is. `key` once it is stored."""

    media: MediaFile
    state: JobState
    key: str | None

    @property
    def id(self) -> tuple[str, str, int]:
        """Which row it is."""
        return self.media.device, self.media.lesson_id, self.media.index


class Jobs:
    """The table; from any thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or create. Raises OSError or sqlite3.Error."""
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        if self._connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            with self._transaction():
                for statement in SCHEMA.split(";\n"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def add(self, media: MediaFile) -> None:
        """A file was announced. Announced again after it was stored, it is acknowledged again: the device asks."""
        with self._transaction():
            self._connection.execute(
                'INSERT INTO jobs (device, lesson_id, "index", path, sha256, size, beside, state)'
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting') ON CONFLICT DO UPDATE SET"
                " state = CASE WHEN sha256 <> excluded.sha256 OR key IS NULL THEN 'waiting' ELSE 'stored' END,"
                " places = CASE WHEN sha256 = excluded.sha256 THEN places ELSE '{}' END,"
                " key = CASE WHEN sha256 = excluded.sha256 THEN key END,"
                " path = excluded.path, size = excluded.size, sha256 = excluded.sha256, beside = excluded.beside",
                (media.device, media.lesson_id, media.index, media.path, media.sha256, media.size, _beside(media)),
            )

    def drop(self, gone: Gone) -> None:
        """A file is no longer on the device: what was not stored never will be."""
        with self._transaction():
            self._connection.execute(
                "UPDATE jobs SET state = 'gone' WHERE device = ? AND lesson_id = ? AND \"index\" = ?"
                " AND state = 'waiting'",
                (gone.device, gone.lesson_id, gone.index),
            )

    def note_copy(self, copy: StoredCopy) -> None:
        """The device knows that a file is in our store, whoever put it there: announced again it is not sent again."""
        with self._transaction():
            self._connection.execute(
                'INSERT INTO jobs (device, lesson_id, "index", path, sha256, beside, state, key)'
                " VALUES (?, ?, ?, '', ?, '[]', 'done', ?) ON CONFLICT DO UPDATE SET state = 'done', key = excluded.key"
                " WHERE sha256 = excluded.sha256",
                (copy.device, copy.lesson_id, copy.index, copy.sha256, copy.key),
            )

    def waiting(self, limit: int) -> list[Job]:
        """What is to be uploaded, oldest lesson first, its manifest before its segments."""
        return self._jobs("WHERE state = 'waiting' ORDER BY lesson_id, \"index\" LIMIT ?", limit)

    def stored(self, limit: int) -> list[Job]:
        """What is to be acknowledged."""
        return self._jobs("WHERE state = 'stored' ORDER BY device, lesson_id, \"index\" LIMIT ?", limit)

    def of_lesson(self, device: str, lesson_id: str) -> dict[int, JobState]:
        """How far each file of a lesson is, as far as it was announced here."""
        with self._lock:
            rows = self._connection.execute(
                'SELECT "index", state FROM jobs WHERE device = ? AND lesson_id = ?', (device, lesson_id)
            ).fetchall()
        return {row["index"]: JobState(row["state"]) for row in rows}

    def set_stored(self, job: Job, key: str) -> None:
        """The store has confirmed it, and what is beside it in `job`."""
        self._set(job.id, "beside = ?", _beside(job.media))
        self._set(job.id, "state = 'stored', key = ?, places = '{}'", key)

    def set_state(self, job_id: tuple[str, str, int], state: JobState) -> None:
        """It is that far."""
        self._set(job_id, "state = ?", state)

    def place(self, job: Job, path: str) -> str | None:
        """Where the upload of one of its files goes on."""
        return self._places(job).get(path)

    def set_place(self, job: Job, path: str, place: str) -> None:
        """The upload of one of its files goes on there."""
        self._set(job.id, "places = ?", json.dumps({**self._places(job), path: place}))

    def _places(self, job: Job) -> dict[str, str]:
        with self._lock:
            row = self._connection.execute(
                'SELECT places FROM jobs WHERE device = ? AND lesson_id = ? AND "index" = ?', job.id
            ).fetchone()
        places: dict[str, str] = json.loads(row["places"])
        return places

    def counts(self) -> dict[str, int]:
        """How many files are how far."""
        with self._lock:
            rows = self._connection.execute("SELECT state, COUNT(*) AS files FROM jobs GROUP BY state").fetchall()
        return {row["state"]: row["files"] for row in rows}

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _set(self, job_id: tuple[str, str, int], assignment: str, value: str) -> None:
        with self._transaction():
            self._connection.execute(
                f'UPDATE jobs SET {assignment} WHERE device = ? AND lesson_id = ? AND "index" = ?',  # noqa: S608 - ours
                (value, *job_id),
            )

    def _jobs(self, where: str, limit: int) -> list[Job]:
        with self._lock:
            rows = self._connection.execute(f"SELECT * FROM jobs {where}", (limit,)).fetchall()  # noqa: S608 - ours
        return [_job(row) for row in rows]

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


def _beside(media: MediaFile) -> str:
    return json.dumps([[one.path, one.sha256, one.size, one.quoted] for one in media.beside])


def _job(row: sqlite3.Row) -> Job:
    place = row["device"], row["lesson_id"], row["index"]
    beside = tuple(
        MediaFile(*place, path, sha256, size, quoted=any(quoted))
        for path, sha256, size, *quoted in json.loads(row["beside"])
    )
    media = MediaFile(*place, row["path"], row["sha256"], row["size"], beside)
    return Job(media, JobState(row["state"]), row["key"])
