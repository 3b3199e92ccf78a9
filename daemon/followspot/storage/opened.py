"""What a storage has between open and close: everything here is done on the storage thread."""

import logging
from collections.abc import Callable

from followspot.domain.errors import StorageError
from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.storage.acknowledging import moves_allowed
from followspot.storage.answers import Answers
from followspot.storage.clock_correction import correct_clock
from followspot.storage.completion import complete
from followspot.storage.database import Database
from followspot.storage.disk import DiskErrors, is_full
from followspot.storage.lesson import LessonWriter
from followspot.storage.muting import Muting
from followspot.storage.notices import StorageFailed
from followspot.storage.outbox import Outbox
from followspot.storage.pruning import Pruning
from followspot.storage.recovery import INTERRUPTED
from followspot.storage.refuge import may_take_refuge, moved_notice, take_refuge
from followspot.storage.retention import Tending
from followspot.storage.rows import WholeKey
from followspot.storage.salvage import announce_pause, settle
from followspot.storage.store import Store, storage_error

log = logging.getLogger(__name__)


class Opened:
    """What exists between open and close."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        store: Store,
        tending: Tending,
        pruning: Pruning,
        muting: Muting,
    ) -> None:
        self.epoch = database.epoch
        self.answers = Answers(database)
        self.outbox = outbox
        self.store = store
        self.tending = tending
        self.pruning = pruning
        self.moves = moves_allowed()
        self._muting = muting
        self.writers: dict[str, LessonWriter] = {}
        self._database = database
        self._refused: set[str] = set()
        """Lessons whose settling was refused and logged."""

    def decide_end(self, lesson_id: str, reason: str) -> None:
        """On the storage thread: a disk that refuses is asked again by the completion."""
        try:
            self.store.reserve.lend(lambda: self.store.catalogue.decide_end(lesson_id, reason))
        except DiskErrors as error:
            log.error("%s", storage_error(f"putting the end of the lesson {lesson_id} on record", error))

    def decide_pause(self, lesson_id: str, paused_by: str) -> None:
        """On the storage thread: what a disk refuses here is refused again when the pause is settled."""
        try:
            self.store.catalogue.decide_pause(lesson_id, paused_by)
        except DiskErrors as error:
            log.error("%s", storage_error(f"putting the pause of the lesson {lesson_id} on record", error))

    def settle_pause(self, lesson_id: str) -> None:
        """On the storage thread: let go of the writer; all the lesson has is catalogued, then the pause is told."""
        writer = self.writers.pop(lesson_id, None)
        if writer is not None:
            writer.close()
        self._here_or_in_refuge(lesson_id, lambda: settle(self.store, lesson_id))
        self.store.catalogue.retry_pause(lesson_id)
        announce_pause(self.store, lesson_id)

    def resume_plan(self, lesson_id: str) -> LessonPlan:
        """On the storage thread: let go of the writer, and see how far the lesson has come."""
        self.settle_pause(lesson_id)
        catalogue = self.store.catalogue
        catalogue.forget_pause(lesson_id)
        lesson = catalogue.lesson(lesson_id)
        paused = lesson is not None and lesson.state.is_paused
        index, end_ns = catalogue.next_place(lesson_id)
        return LessonPlan(lesson_id, index, end_ns, GapReason.PAUSE if paused else GapReason.RECORDER_FAILED)

    def complete(self, lesson_id: str, reason: str) -> None:
        """On the storage thread: nothing is written to the lesson any more, and its end is put on record."""
        writer = self.writers.pop(lesson_id, None)
        if writer is not None:
            writer.close()
        self._here_or_in_refuge(
            lesson_id, lambda: self.store.reserve.lend(lambda: complete(self.store, lesson_id, reason))
        )

    def unjoined(self) -> list[WholeKey]:
        """On the storage thread: what has been deleted cannot be joined any more, what is in refuge not yet."""
        store = self.store
        return [
            key
            for key in store.wholes.unjoined()
            if not store.is_in_fallback(key.lesson_id) and store.has_segments(key)
        ]

    def settle(self) -> int:
        """On the storage thread: complete what has ended and is not being written; how many are refused."""
        ended = [lesson for lesson in self.store.catalogue.ended_lessons() if lesson.id not in self.writers]
        return sum(not self._settled(lesson.id, lesson.reason or INTERRUPTED) for lesson in ended)

    def keep_answer(self, name: str, command_id: str, answer: str) -> None:
        """On the storage thread: without it a command that is sent again after a restart is a new one."""
        try:
            self.answers.keep(name, command_id, answer)
        except DiskErrors as error:
            log.warning("%s", storage_error(f"keeping the answer to the command {name}", error))

    def keep_muted(self, *, muted: bool) -> None:
        """On the storage thread: without it a crash in mid-lesson ends a mute until the dock has answered."""
        try:
            self._muting.keep(muted=muted)
        except DiskErrors as error:
            log.warning("%s", storage_error("putting the mute on record", error))

    def correct_clock(self) -> None:
        """On the storage thread: lessons that are being written are labelled rightly from here on."""
        for lesson_id, anchor in correct_clock(self.store):
            if lesson_id in self.writers:
                self.writers[lesson_id].correct_clock(anchor)

    def close(self) -> None:
        """On the storage thread: give everything back."""
        for writer in self.writers.values():
            writer.close()
        self._database.close()

    def _here_or_in_refuge(self, lesson_id: str, step: Callable[[], None]) -> None:
        """Where the disk fails in `step`, take it again in the fallback folder; an unfinished segment is lost."""
        try:
            step()
        except OSError as error:
            if not may_take_refuge(self.store, lesson_id, error):
                raise
            take_refuge(self.store, lesson_id)
            self.store.notify(moved_notice(self.store, lesson_id, error))
            step()

    def _settled(self, lesson_id: str, reason: str) -> bool:
        try:
            self.complete(lesson_id, reason)
        except (*DiskErrors, StorageError) as error:
            if lesson_id not in self._refused:
                self._refused.add(lesson_id)
                log.error("cannot settle yet, tried again while idle lesson=%s: %s", lesson_id, error)
            return False
        self._refused.discard(lesson_id)
        return True


def hold_reserve(store: Store) -> None:
    """Hold the reserve after the start; without room for it that is told."""
    try:
        store.reserve.hold(store.media)
    except OSError as error:
        failure = storage_error(f"holding back the reserve in {store.media}", error)
        log.error("%s", failure)
        store.notify(StorageFailed(None, is_full(error), str(failure)))
