"""What is deleted when: a few files at a time on the storage thread, so that recording never waits for long."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from followspot.domain.retention import Budget, DeletionReason, Rung, Space, bytes_per_minute
from followspot.settings.models import Settings
from followspot.storage.disk import DiskErrors
from followspot.storage.keeping import Kept, wall_age
from followspot.storage.removal import finish_removals, remove
from followspot.storage.rows import LessonState
from followspot.storage.store import Store

BATCH = 4
"""To unlink a large file takes a slow card some 50 ms: this many delay a fragment less than a sync may."""
COUNTED = 512
"""Whoever asks how much could be deleted needs hours, not the exact sum: this many segments are eight hours."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tended:
    """How the disk stands. `more`: there is more to delete at once, call again soon."""

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
        self._rung = Rung.PLENTY
        self._reserve_bytes = settings.recording.reserve_mb * 1024 * 1024
        self._budget = Budget(
            warn_min=rules.warn_min,
            free_min=rules.free_min,
            start_min=rules.start_min,
            end_min=rules.end_min,
            bytes_per_min=bytes_per_minute(settings.picture_kbps, settings.sound_kbps),
        )

    def tend(self) -> Tended:
        """Delete at most BATCH files, those that are needed most first."""
        store = self._store
        more = store.reserve.lend(self._delete_some)
        free = store.disk.free_bytes(store.media)
        space = Space(free, self._deletable(free))
        self._rung = self._budget.next_rung(self._rung, space)
        self._hold_reserve(free)
        return Tended(space, self._rung, self._budget.minutes(space.usable_bytes), more)

    def _delete_some(self) -> bool:
        """Whether there may be more to delete."""
        store = self._store
        if finish_removals(store, BATCH):
            return True
        segments, reason = self._due()
        if not segments:
            return False
        remove(store, segments, reason)
        return len(segments) == BATCH

    def _due(self) -> tuple[Sequence[Kept], DeletionReason]:
        store, now = self._store, self._store.clock.utc_now()
        needed = self._budget.to_free(store.disk.free_bytes(store.media))
        if needed:
            segments = store.keeping.stored_before(self._grace, now, BATCH)
            freed = accumulate((one.size for one in segments), initial=0)
            if enough := [one for one, before in zip(segments, freed, strict=False) if before < needed]:
                return enough, DeletionReason.SPACE
        if segments := store.keeping.stored_before(self._keep, now, BATCH):
            return segments, DeletionReason.TIME_UP
        return self._unsent_too_long(), DeletionReason.UNACKNOWLEDGED_TIME_UP

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

    def _deletable(self, free_bytes: int) -> int:
        """Asked of the database only when room is short."""
        if self._budget.rung(Space(free_bytes)) is Rung.PLENTY:
            return 0
        now = self._store.clock.utc_now()
        return sum(one.size for one in self._store.keeping.stored_before(self._grace, now, COUNTED))

    def _hold_reserve(self, free_bytes: int) -> None:
        """Take the reserve back once there is room for twice as much; not in the place of a disk that is gone."""
        if free_bytes < 2 * self._reserve_bytes or self._store.is_media_absent():
            return
        try:
            self._store.reserve.hold()
        except DiskErrors as error:
            log.debug("the reserve cannot be held now: %s", error)
