"""Uploads one file after the other, oldest lesson first, until each is stored."""

import hashlib
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from followspot_upload.announced import MediaFile
from followspot_upload.errors import HeldError, MediaError, TransferError
from followspot_upload.jobs import Job, Jobs
from followspot_upload.pace import Pace
from followspot_upload.schedule import retry_delay_s
from followspot_upload.stores.port import ObjectStore, Source

PERIOD_S = 1.0
HASH_CHUNK_BYTES = 1024 * 1024
LOOKED_AT = 100
"""Files that fail stand back; behind so many of them the newer ones wait for their retries."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Failures:
    attempts: int = 0
    again_s: float = 0.0


class Uploading:
    """`run` on a thread of its own. `folders(device)`: where that device's media may be on this machine."""

    def __init__(
        self,
        jobs: Jobs,
        store: ObjectStore,
        pace: Pace,
        folders: Callable[[str], list[Path]],
        on_stored: Callable[[], None],
        now_s: Callable[[], float],
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._pace = pace
        self._folders = folders
        self._on_stored = on_stored
        self._now_s = now_s
        self._failures: dict[tuple[str, str, int], _Failures] = {}
        self._wanted = threading.Event()
        self._stopped = False

    def wake(self) -> None:
        """There is something to upload."""
        self._wanted.set()

    def stop(self) -> None:
        """End `run`, also in the middle of a file."""
        self._stopped = True
        self._pace.stop()
        self._wanted.set()

    def run(self) -> None:
        """Upload until stopped."""
        while not self._stopped:
            job = self._next()
            if job is None or not self._upload(job):
                self._wanted.wait(PERIOD_S)
                self._wanted.clear()

    def _next(self) -> Job | None:
        now_s = self._now_s()
        due = (job for job in self._jobs.waiting(LOOKED_AT) if self._failures.get(job.id, _Failures()).again_s <= now_s)
        return next(due, None)

    def _upload(self, job: Job) -> bool:
        """Whether it was worth going on at once."""
        try:
            self._pace.take(0)
            there = tuple(self._beside(job))
            for beside in there:
                self._put(job, beside)
            key = self._put(job, job.media)
        except HeldError:
            return False
        except (TransferError, MediaError, OSError) as error:
            self._failed(job, error)
            return True
        self._failures.pop(job.id, None)
        self._jobs.set_stored(replace(job, media=replace(job.media, beside=there)), key)
        _log.info("stored %s key=%s", job.media.name, key)
        self._on_stored()
        return True

    def _beside(self, job: Job) -> list[MediaFile]:
        """What belongs to the file and is there: what was lost on the device must not keep the rest there."""
        folders = self._folders(job.media.device)
        if not _is_there(folders, job.media):
            return list(job.media.beside)  # perhaps nothing is mounted
        lost = [one for one in job.media.beside if not _is_there(folders, one)]
        for one in lost:
            _log.error("not there any more, its segment is stored without it: %s", one.name)
        return [one for one in job.media.beside if one not in lost]

    def _put(self, job: Job, media: MediaFile) -> str:
        source = checked(self._folders(media.device), media)
        return self._store.put(media, source, self._pace, _Place(self._jobs, job, media.path))

    def _failed(self, job: Job, error: Exception) -> None:
        failures = self._failures.setdefault(job.id, _Failures())
        level = logging.WARNING if failures.attempts == 0 else logging.DEBUG
        _log.log(level, "not stored, tried again later %s: %s", job.media.name, error)
        failures.again_s = self._now_s() + retry_delay_s(failures.attempts, random.uniform)
        failures.attempts += 1


@dataclass(frozen=True, slots=True)
class _Place:
    """A bookmark in the job's row."""

    jobs: Jobs
    job: Job
    path: str

    def get(self) -> str | None:
        """See the port."""
        return self.jobs.place(self.job, self.path)

    def set(self, place: str) -> None:
        """See the port."""
        self.jobs.set_place(self.job, self.path, place)


def _is_there(folders: list[Path], media: MediaFile) -> bool:
    return any((folder / media.path).exists() for folder in folders)


def checked(folders: list[Path], media: MediaFile) -> Source:
    """The file, if it is the one that was announced. Raises MediaError."""
    places = [folder / media.path for folder in folders]
    path = next((place for place in places if place.exists()), places[0])
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(HASH_CHUNK_BYTES):
                digest.update(chunk)
            size = file.tell()
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}; is media.root right?") from error
    if digest.hexdigest() != media.sha256 or media.size not in (None, size):
        raise MediaError(f"{path} is not what was announced: SHA-256 {digest.hexdigest()}, {size} bytes")
    return Source(path, size)
