"""Storage as the rest of the daemon knows it: one thread for the media's files and the database, in order."""

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from followspot.domain.acknowledgement import Acknowledgement
from followspot.domain.clock import Clock
from followspot.domain.events import EventData, EventRenderer
from followspot.domain.recording import LessonPlan, Mark, SegmentSink
from followspot.domain.republish import Republished, RepublishFrom, RepublishLesson
from followspot.domain.segments import whole_file
from followspot.settings.models import Settings
from followspot.storage.acknowledging import acknowledge
from followspot.storage.age import BoxAge
from followspot.storage.boot import Boot, LinuxBoot
from followspot.storage.catalogue import Catalogue
from followspot.storage.database import Database, set_aside
from followspot.storage.disk import Disk, DiskErrors, is_corrupt, make_root_folder
from followspot.storage.keeping import Keeping
from followspot.storage.lesson import LessonWriter
from followspot.storage.marking import keep_bookmark
from followspot.storage.muting import Muting
from followspot.storage.notices import StorageNotice
from followspot.storage.opened import Opened, hold_reserve
from followspot.storage.outbox import Outbox
from followspot.storage.pruning import Pruning
from followspot.storage.reconcile import Finding
from followspot.storage.reconciliation import come_home, reconcile
from followspot.storage.recovery import Recovery, Resumption, recover
from followspot.storage.reserve import Reserves
from followspot.storage.retention import Tended, Tending, budget_of
from followspot.storage.rows import OutboxEntry, WholeFile, WholeKey
from followspot.storage.sink import LessonSink
from followspot.storage.store import Store, storage_error
from followspot.storage.whole import announce_whole, drop_whole
from followspot.storage.wholefiles import WholeFiles
from followspot.storage.worker import StorageProgress, Worker

QUEUE_LIMIT_BYTES = 64 * 1024 * 1024
"""Two minutes of media at 4 Mbit/s: no healthy disk is that late, and it fits the memory budget."""
LONGEST_PICTURE_S = 0.25
LONGEST_PICTURE_PERIODS = 2.5
"""No picture lasts longer than both: then it is held, as a new one. The first of these ends a segment."""
KEY_PICTURES_S = 10.0
"""A camera's own H.264 can be cut at its key pictures alone: no camera in use sends them more rarely."""
MINUTE_NS = 60 * 1_000_000_000

T = TypeVar("T")
log = logging.getLogger(__name__)


class Storage:
    """Files and database of the lessons. Callbacks are called on the storage thread and must return at once.

    Awaited calls raise StorageError (DiskFullError when space is what is missing). What the recorder gives to
    a sink raises nothing: a failure there is one StorageFailed notice.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        render: EventRenderer,
        on_notice: Callable[[StorageNotice], None],
        on_outbox: Callable[[], None],
        *,
        disk: Disk | None = None,
        boot: Boot | None = None,
        queue_limit_bytes: int = QUEUE_LIMIT_BYTES,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._render = render
        self._on_notice = on_notice
        self._on_outbox = on_outbox
        self._disk = disk or Disk()
        self._boot = boot or LinuxBoot()
        self._worker = Worker(clock, queue_limit_bytes)
        self._opened: Opened | None = None

    async def open(self) -> Recovery:
        """Open or create everything, and make whole what an interrupted run left (docs/segments.md)."""
        self._worker.start()
        try:
            return await self._call(f"opening {self._settings.paths.state}", self._open)
        except BaseException:
            self._worker.stop()
            raise

    def lesson_sink(self, plan: LessonPlan, started_by: str) -> SegmentSink:
        """Where the recorder puts the lesson of `plan`. Nothing exists of a new lesson before its first frame."""
        opened = self._require_open()
        writer = LessonWriter(opened.store, plan, started_by)
        opened.writers[plan.lesson_id] = writer
        return LessonSink(writer, self._worker)

    def decide_end(self, lesson_id: str, reason: str) -> None:
        """Put on record, before all media that waits, that the lesson ends and why; from any thread, at once.

        Whatever happens then, it is completed and never goes on. The first reason stands. The lesson need not have
        begun. What was handed over, before and after, is still written.
        """
        opened = self._require_open()
        self._worker.post_urgent(lambda: opened.decide_end(lesson_id, reason))

    def decide_pause(self, lesson_id: str, paused_by: str) -> None:
        """Put on record, before all media that waits, that the lesson is paused; from any thread, at once.

        Whatever happens then, it goes on only after `resume_plan`. What was handed over is still written.
        """
        opened = self._require_open()
        self._worker.post_urgent(lambda: opened.decide_pause(lesson_id, paused_by))

    async def settle_pause(self, lesson_id: str) -> None:
        """All that was handed over before the pause is made whole, and `lesson.paused` says where it stopped."""
        opened = self._require_open()
        await self._call(f"pausing the lesson {lesson_id}", lambda: opened.settle_pause(lesson_id))

    async def bookmark(self, lesson_id: str, mark: Mark) -> int | None:
        """Keep a bookmark, durably, in the catalogue, the outbox and bookmarks.vtt; its media time.

        None for a lesson that has no frame yet: nothing is kept.
        """
        opened = self._require_open()
        return await self._call(
            f"keeping a bookmark of the lesson {lesson_id}", lambda: keep_bookmark(opened.store, lesson_id, mark)
        )

    async def resume_plan(self, lesson_id: str) -> LessonPlan:
        """How the lesson goes on after a pause or a failed recorder: all that was handed over is made whole first.

        The sink it had takes nothing more. Of a lesson that had no frame nothing exists: the plan begins it.
        """
        opened = self._require_open()
        return await self._call(f"going on with the lesson {lesson_id}", lambda: opened.resume_plan(lesson_id))

    async def complete_lesson(self, lesson_id: str, reason: str) -> None:
        """End the lesson after all that was handed over: playlist, manifest, `lesson.completed`.

        A lesson that had no frame never was one: nothing happens. After an error `settle` or the next start completes
        it.
        """
        opened = self._require_open()
        await self._call(f"completing the lesson {lesson_id}", lambda: opened.complete(lesson_id, reason))

    async def unjoined(self) -> list[WholeKey]:
        """Completed lessons (and further pictures) that are not one file and have all their segments, newest first."""
        return await self._call("looking for lessons to join", self._require_open().unjoined)

    async def announce_whole(self, one: WholeKey, size: int, sha256: str, duration_ns: int) -> None:
        """The lesson's one file is whole and synced: name it, catalogue it, `lesson.available`."""
        store = self._require_open().store
        whole = WholeFile(one.lesson_id, whole_file(one.rendition), size, sha256, duration_ns, one.rendition)
        await self._call(f"announcing the lesson {one.lesson_id} as one file", lambda: announce_whole(store, whole))

    async def drop_whole(self, one: WholeKey) -> None:
        """The lesson will never be one file: remove what an attempt has left of it."""
        store = self._require_open().store
        await self._call(f"giving up the lesson {one.lesson_id} as one file", lambda: drop_whole(store, one))

    async def settle(self) -> int:
        """Complete lessons that could not be completed when they ended; how many remain. For idle times, often.

        What a disk refuses again is logged once and remains; lessons that are being recorded are left alone.
        """
        return await self._call("completing earlier lessons", self._require_open().settle)

    async def acknowledge(self, said: Acknowledgement) -> int:
        """The pipeline has stored these files elsewhere; how many of them are news. Durable when it returns.

        Raises UnknownMediaError, WrongHashError or BusyError (and then nothing of it counts).
        """
        opened = self._require_open()
        store, moves = opened.store, opened.moves
        doing = f"noting what is stored of the lesson {said.lesson_id}"
        return await self._call(doing, lambda: store.reserve.lend(lambda: acknowledge(store, said, moves)))

    async def tend(self) -> Tended:
        """Delete some of what may go and must (docs/retention.md), and say how much room there is. Often."""
        opened = self._require_open()
        return await self._call("tending the media", opened.tending.tend)

    def reconcile(self, *, read_all: bool = False) -> AsyncIterator[Finding]:
        """Hold every completed lesson and every unknown folder against the catalogue, one after the other.

        Recording goes on between them. `read_all`: announced files are read and hashed, else only measured. What is
        found is put right where that is possible (docs/segments.md, V1 to V6), and told.
        """
        return reconcile(self._require_open().store, self._call, read_all=read_all)

    def come_home(self) -> AsyncIterator[Finding]:
        """Bring lessons home from the fallback folder that could not come at an earlier try."""
        return come_home(self._require_open().store, self._call)

    async def publish(self, event: EventData) -> None:
        """Put an event of its own into the outbox."""
        catalogue = self._require_open().store.catalogue
        await self._call(f"recording the event {event.type}", lambda: catalogue.announce(event))

    async def told_alerts(self) -> list[tuple[str, str]]:
        """Code and subject of what events have told to be wrong and not yet to be well."""
        return await self._call("reading earlier alerts", self._require_open().store.catalogue.told_alerts)

    async def answers(self) -> list[tuple[str, str, str]]:
        """Name, id and answer of the newest commands, oldest first."""
        return await self._call("reading earlier answers", self._require_open().answers.all)

    def keep_answer(self, name: str, command_id: str, answer: str) -> None:
        """Put a command's answer on record; returns at once, and a disk that refuses is not asked again."""
        opened = self._require_open()
        self._worker.post(lambda: opened.keep_answer(name, command_id, answer))

    def keep_muted(self, *, muted: bool) -> None:
        """Put on record that the teacher has muted her marker, or not any more; returns at once."""
        opened = self._require_open()
        self._worker.post_urgent(lambda: opened.keep_muted(muted=muted))

    async def correct_clock(self) -> None:
        """The wall clock is set: correct what was labelled while it was not, and announce that."""
        await self._call("correcting wall times", self._require_open().correct_clock)

    @property
    def epoch(self) -> str:
        """Whose sequence numbers the events bear: the database's own id."""
        return self._require_open().epoch

    async def republish(self, wanted: RepublishFrom | RepublishLesson) -> Republished:
        """Have events sent again, with the same ids; they come out of `pending`."""
        doing, outbox = "putting events back into the outbox", self._require_open().outbox
        again = await self._call(doing, lambda: outbox.again(wanted))
        while await self._call(doing, again.step):
            pass
        return again.done()

    async def prune(self) -> bool:
        """Forget some of the sent events that nobody needs any more (docs/segments.md); whether to go on soon."""
        return await self._call("forgetting old events", self._require_open().pruning.step)

    async def pending(self, after: int, limit: int) -> list[OutboxEntry]:
        """Events with a sequence above `after` that are not yet acknowledged, oldest first."""
        outbox = self._require_open().outbox
        return await self._call("reading the outbox", lambda: outbox.pending(after, limit))

    async def mark_published(self, sequences: Sequence[int]) -> None:
        """The broker has acknowledged these; they stay on record."""
        outbox = self._require_open().outbox
        await self._call("marking events as sent", lambda: outbox.mark_published(sequences))

    def progress(self) -> StorageProgress:
        """How the disk is doing, from any thread."""
        return self._worker.progress()

    async def close(self) -> None:
        """Finish what is queued, close everything and join the thread."""
        opened, self._opened = self._opened, None
        if opened is not None:
            try:
                await self._call("closing the storage", opened.close)
            finally:
                self._worker.stop()

    def _open(self) -> Recovery:
        paths = self._settings.paths
        self._make_media_root()
        make_root_folder(paths.state)
        roots = [paths.media, *([] if paths.fallback is None else [paths.fallback])]
        reserve = Reserves(self._disk, roots, self._settings.recording.reserve_mb, paths.state)
        try:
            return reserve.lend(lambda: self._open_database(reserve))
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
        aside = reserve.lend(lambda: set_aside(paths.state, self._clock.utc_now()))
        return replace(reserve.lend(lambda: self._open_database(reserve)), damaged_database=aside)

    def _open_database(self, reserve: Reserves) -> Recovery:
        paths = self._settings.paths
        database = Database(paths.state)
        age = BoxAge(database, self._boot, self._clock)
        outbox = Outbox(database, self._clock, self._render, age)
        store = Store(
            media=paths.media,
            fallback=paths.fallback,
            device_id=self._settings.device.id,
            longest_segment_s=self._longest_segment_s(),
            spare_bytes=budget_of(self._settings).start_bytes,
            disk=self._disk,
            catalogue=Catalogue(database, outbox, self._on_outbox),
            keeping=Keeping(database, self._boot),
            wholes=WholeFiles(database),
            reserve=reserve,
            boot=self._boot,
            clock=self._clock,
            notify=self._on_notice,
            media_is_new=self._is_media_new(),
        )
        try:
            recovery, finish = recover(store, self._resumption())
        except BaseException:
            database.close()
            raise
        muting = Muting(database, self._boot.boot_id())
        keep = timedelta(days=self._settings.retention.events_days)
        pruning = Pruning(database, store.keeping, age, keep)
        self._opened = Opened(database, outbox, store, Tending(store, self._settings), pruning, muting)
        self._worker.post(finish)
        self._worker.post(lambda: hold_reserve(store))
        return replace(recovery, muted=muting.is_muted())

    def _make_media_root(self) -> None:
        """With a fallback folder a media disk that cannot be used keeps nobody from recording."""
        paths = self._settings.paths
        try:
            make_root_folder(paths.media)
        except OSError as error:
            if paths.fallback is None:
                raise
            log.error("%s", storage_error(f"opening {paths.media}; lessons go to {paths.fallback}", error))

    def _is_media_new(self) -> bool:
        paths = self._settings.paths
        try:
            return not any(paths.media.iterdir())
        except OSError:
            if paths.fallback is None:
                raise
            return True

    def _longest_segment_s(self) -> float:
        recording = self._settings.recording
        picture_s = max(LONGEST_PICTURE_S, LONGEST_PICTURE_PERIODS / self._settings.camera.rate_hz)
        return recording.segment_s + (picture_s if recording.picture == "framed" else KEY_PICTURES_S)

    def _resumption(self) -> Resumption:
        recording, view = self._settings.recording, self._settings.view
        return Resumption(
            within_ns=round(recording.resume_within_min * MINUTE_NS),
            paused_within_ns=round(recording.pause_limit_min * MINUTE_NS),
            size=None if recording.picture == "full" else (view.width, view.height),
        )

    async def _call(self, doing: str, call: Callable[[], T]) -> T:
        try:
            return await self._worker.run(call)
        except DiskErrors as error:
            raise storage_error(doing, error) from error

    def _require_open(self) -> Opened:
        if self._opened is None:
            raise RuntimeError("the storage is not open")
        return self._opened
