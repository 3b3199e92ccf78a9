"""What is deleted when: a few files at a time on the storage thread, so that recording never waits for long."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

from followspot.domain.retention import Budget, DeletionReason, Rung, Space, bytes_per_minute
from followspot.settings.models import Settings
from followspot.storage.disk import DiskErrors
from followspot.storage.keeping import Kept, wall_age
from followspot.storage.removal import finish_removals, remove
from followspot.storage.rows import LessonState
from followspot.storage.store import Store
from followspot.storage.whole import free_whole, spare_wholes

BATCH = 4
"""To unlink a large file takes a slow card some 50 ms: this many delay a fragment less than a sync may."""
COUNTED = 512
"""Whoever asks how much could be deleted needs hours, not the exact sum: this many segments are eight hours."""

log = logging.getLogger(__name__)


def budget_of(settings: Settings) -> Budget:
    """The ladder as the file has it."""
    rules = settings.retention
    return Budget(
        warn_min=rules.warn_min,
        free_min=rules.free_min,
        start_min=rules.start_min,
        end_min=rules.end_min,
        bytes_per_min=bytes_per_minute(settings.picture_kbps, settings.sound_kbps),
    )


@dataclass(frozen=True, slots=True)
class Tended:
    """How the disk of `root`, where lessons are written now, stands. `more`: more is to be deleted, call again soon."""

    root: Path
    space: Space
    rung: Rung
    minutes_left: float
    more: bool


class Tending:
    """Carries `[retention]` out. Lives on the storage thread."""

    def __init__(self, store: Store, settings: Settings) -> None:
        rules = settings.retention
        self._store = store
        self._grace = timedelta(hours=rules.grace_h)
        self._keep = max(self._grace, timedelta(days=rules.keep_days))
        self._unsent = None if rules.unacknowledged_days is None else timedelta(days=rules.unacknowledged_days)
        self._rungs: dict[Path, Rung] = {}
        self._reserve_bytes = settings.recording.reserve_mb * 1024 * 1024
        self._budget = budget_of(settings)

    def tend(self) -> Tended:
        """Delete at most BATCH files, those that are needed most first."""
        store = self._store
        root = self._root()
        more = store.reserve.lend(lambda: self._delete_some(root))
        free = self._free_bytes(root)
        space = Space(free, self._deletable(root, free))
        rung = self._rungs[root] = self._budget.next_rung(self._rungs.get(root, Rung.PLENTY), space)
        self._hold_reserve(root, free)
        return Tended(root, space, rung, self._budget.minutes(space.usable_bytes), more)

    def _root(self) -> Path:
        """Where lessons are written now: in the fallback folder while one goes on there, or nothing can be at home."""
        store = self._store
        if store.fallback is None:
            return store.media
        if any(store.is_in_fallback(lesson.id) for lesson in store.catalogue.open_lessons()):
            return store.fallback
        try:
            store.disk.free_bytes(store.media)
        except OSError:
            return store.fallback
        return store.media

    def _free_bytes(self, root: Path) -> int:
        """A fallback folder that was never needed is not there: then its disk is that of the folders above it."""
        if root == self._store.fallback:
            root = next(one for one in (root, *root.parents) if one.exists())
        return self._store.disk.free_bytes(root)

    def _delete_some(self, root: Path) -> bool:
        """Whether there may be more to delete."""
        store = self._store
        if root == store.media and finish_removals(store, BATCH):
            return True
        segments, reason = self._due(root)
        if segments:
            remove(store, segments, reason)
            return len(segments) == BATCH
        return root == store.media and self._free_whole()

    def _due(self, root: Path) -> tuple[Sequence[Kept], DeletionReason]:
        needed = self._budget.to_free(self._free_bytes(root))
        if needed:
            segments = self._stored(root, BATCH)
            freed = accumulate((one.size for one in segments), initial=0)
            if enough := [one for one, before in zip(segments, freed, strict=False) if before < needed]:
                return enough, DeletionReason.SPACE
        store, now = self._store, self._store.clock.utc_now()
        if root != store.media:
            return [], DeletionReason.TIME_UP  # what is over in time waits until the disk of media is back
        if segments := store.keeping.stored_before(self._keep, now, BATCH):
            return segments, DeletionReason.TIME_UP
        return self._unsent_too_long(), DeletionReason.UNACKNOWLEDGED_TIME_UP

    def _stored(self, root: Path, limit: int) -> list[Kept]:
        """Up to so many acknowledged segments below `root` whose grace is over, oldest first."""
        store, now = self._store, self._store.clock.utc_now()
        if root == store.media:
            return store.keeping.stored_before(self._grace, now, limit)
        stored = store.keeping.stored_before(self._grace, now, COUNTED)
        return [one for one in stored if (root / one.lesson_id / one.file).exists()][:limit]

    def _free_whole(self) -> bool:
        """Lessons as one file go before anything is refused: all of it is there again, in segments. One at a time."""
        store = self._store
        if self._budget.minutes(store.disk.free_bytes(store.media)) >= self._budget.whole_files_min:
            return False
        whole = next(spare_wholes(store), None)
        if whole is not None:
            free_whole(store, whole.key, DeletionReason.SPACE)
        return whole is not None

    def _unsent_too_long(self) -> list[Kept]:
        """Only where the configuration names an age: else what nobody acknowledged stays for ever."""
        if self._unsent is None:
            return []
        store = self._store
        lesson_id = store.keeping.oldest_unsent()
        while lesson_id is not None:
            lesson = store.catalogue.lesson(lesson_id)
            assert lesson is not None, "a segment belongs to a lesson"
            if wall_age(lesson, store.boot, store.clock.utc_now()) < self._unsent:
                return []
            if lesson.state is LessonState.COMPLETED:
                return store.keeping.unsent_of(lesson_id, BATCH)
            lesson_id = store.keeping.oldest_unsent(lesson_id)
        return []

    def _deletable(self, root: Path, free_bytes: int) -> int:
        """Asked of the database only when room is short, and no further than until there is plenty."""
        if self._budget.rung(Space(free_bytes)) is Rung.PLENTY:
            return 0
        deletable = sum(one.size for one in self._stored(root, COUNTED))
        for whole in spare_wholes(self._store) if root == self._store.media else ():
            if self._budget.rung(Space(free_bytes, deletable)) is Rung.PLENTY:
                break
            deletable += whole.size
        return deletable

    def _hold_reserve(self, root: Path, free_bytes: int) -> None:
        """Take the reserve back once there is room for twice as much; not in the place of a disk that is gone."""
        if free_bytes < 2 * self._reserve_bytes or (root == self._store.media and self._store.is_media_absent()):
            return
        if root == self._store.fallback and not root.is_dir():
            return
        try:
            self._store.reserve.hold(root)
        except DiskErrors as error:
            log.debug("the reserve cannot be held now: %s", error)
