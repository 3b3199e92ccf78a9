"""One lesson's durable writing, on the storage thread."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from followspot.domain.errors import StorageError
from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonOrigin, LessonPlan, SegmentEnd
from followspot.domain.rendition import RenditionName
from followspot.storage.disk import DiskErrors, is_full
from followspot.storage.notices import DiskOverflow, FragmentDurable, SegmentDurable, StorageFailed
from followspot.storage.refuge import may_take_refuge, moved_notice, take_refuge
from followspot.storage.renditions import RenditionWriter, missing_of
from followspot.storage.rows import CLOCK_TOLERANCE, MICROSECOND_NS, Anchor, LessonRow, LessonState, SegmentRow
from followspot.storage.salvage import settle
from followspot.storage.soundfiles import write_sounds
from followspot.storage.spool import FramingFile, SegmentFile, cut_line, shifted
from followspot.storage.store import Store, storage_error

NANOSECONDS = 1_000_000_000
MILLISECOND_NS = 1_000_000
SLOW_SYNC_NS = NANOSECONDS // 4
"""A disk that syncs more slowly than fragments come (recording.fragment_s) could never catch up one by one."""

log = logging.getLogger(__name__)


class LessonWriter:
    """Takes what the sink hands over, in order. Numbers and times the segments that are really kept.

    After the first failure the lesson takes nothing more: what was whole is settled and one notice given.
    """

    def __init__(self, store: Store, plan: LessonPlan, started_by: str) -> None:
        """`started_by`: who began the lesson, or resumed it where `plan` goes on after a pause."""
        self._store = store
        self._plan = plan
        self._started_by = started_by
        self._folder = store.folder(plan.lesson_id)
        self._index = plan.first_index
        self._end_ns = plan.media_start_ns
        self._cuts: list[tuple[int, int]] = []
        """What overflows have cut out, from and to, in the recorder's media time, which does not know of them."""
        self._overflowed = False
        """Media is being thrown away: all the recorder's time behind the end is lost, for the reason `_loss`."""
        self._loss = GapReason.DISK_OVERFLOW
        self._failed = False
        self._last: SegmentEnd | None = None
        """The end of the lesson's last segment, once it was given."""
        self._sync_ns = self._synced_ns = 0
        """What the last sync took, and when it ended."""
        self._cpu_ns = 0
        """What the storage thread had spent when the lesson began."""
        self._anchor: Anchor | None = None
        self._file: SegmentFile | None = None
        self._framing: FramingFile | None = None
        self._rendition: RenditionWriter | None = None
        self._waiting: tuple[SegmentEnd, SegmentRow] | None = None
        """A finished segment that waits for its further picture to be announced with it."""

    @property
    def lesson_id(self) -> str:
        """Whose writer this is."""
        return self._plan.lesson_id

    def run(self, step: Callable[[], None]) -> None:
        """Do one step; whatever goes wrong ends the lesson's writing, never the thread."""
        if self._failed:
            return
        try:
            step()
        except DiskErrors as error:
            self._move_or_fail(error, step)
        except Exception as error:
            log.exception("a fault in the program ended the writing lesson=%s", self._plan.lesson_id)
            self._fail(error)

    def begin(self, origin: LessonOrigin) -> None:
        """Steps B1 to B4, or for a lesson that goes on: the declared cut."""
        store = self._store
        self._cpu_ns = time.thread_time_ns()
        store.reserve.require(self._folder.parent)
        anchor = self._new_anchor(origin)
        lesson = store.catalogue.lesson(self._plan.lesson_id)
        cut = self._begin_new(origin, anchor) if lesson is None else self._go_on(lesson, anchor)
        self._anchor = anchor
        self._framing = FramingFile(store.disk, self._folder)
        if cut is not None:
            self._framing.write(cut_line(cut))

    def open_segment(self, index: int, start_ns: int) -> None:
        """Steps S1 and S2. `index` is the recorder's number of it."""
        if self._overflowed:
            self._declare_loss(start_ns)
        self._file = SegmentFile(self._store.disk, self._folder, self._index)
        if self._rendition is not None:
            self._rendition.place(index, self._folder, self._index)

    def write(self, data: bytes, framing: bytes, more_wait: bool = False) -> None:
        """Step S3, and the framing lines of these frames. On a slow disk fragments that wait share one sync."""
        if self._file is None:
            if self._overflowed:
                return  # the rest of a segment whose disk has failed
            raise StorageError("a fragment came without a segment")
        self._file.write(data)
        has_frames = not (more_wait and self._may_wait()) and self._sync(self._file)
        self._write_framing(framing)
        if has_frames:
            self._store.notify(FragmentDurable(self._plan.lesson_id, self._index))

    def finish(self, end: SegmentEnd, framing: bytes) -> None:
        """Steps S4 to S8."""
        self._last = end if end.last else None
        if self._file is None and self._overflowed:
            if end.last:
                self.end_without_media(end)
            return
        if self._file is None:
            raise StorageError("a segment ended that was not open")
        self._write_framing(framing)
        if self._framing is not None:
            self._framing.sync()
        segment = self._finished(self._file, end)
        self._file = None
        self._index, self._end_ns = segment.index + 1, segment.end_ns
        if end.last:
            log.debug("cpu spent part=storage ms=%.1f", (time.thread_time_ns() - self._cpu_ns) / MILLISECOND_NS)
        self._announce_waiting()
        if not end.renditions or self._rendition is None:
            self._announce(segment, last=end.last)
            return
        self._waiting = end, segment
        if self._rendition.has_ended(end.index):
            self._announce_waiting()

    def add_rendition(self, name: RenditionName) -> None:
        """A further picture of the lesson comes too."""
        self._rendition = RenditionWriter(self._store.disk, name)

    def open_rendition(self, index: int) -> None:
        """Step G1. All indices of renditions are the recorder's."""
        if self._rendition is not None:
            self._rendition.open(index)

    def write_rendition(self, index: int, data: bytes, more_wait: bool = False) -> None:
        """Step G2: as S3."""

        def sync(file: SegmentFile) -> None:
            if not (more_wait and self._may_wait()):
                self._sync(file)

        if self._rendition is not None:
            self._rendition.write(index, data, sync)

    def cut_rendition(self, index: int, why: GapReason) -> None:
        """The rest of the segment's further picture is lost."""
        if self._rendition is not None:
            self._rendition.cut(index, why)

    def finish_rendition(self, index: int) -> None:
        """Step G3, where the segment itself is finished."""
        if self._rendition is not None:
            self._rendition.end(index)
        if self._waiting is not None and self._waiting[0].index <= index:
            self._announce_waiting()

    def end_without_media(self, end: SegmentEnd) -> None:
        """The lesson's last segment was thrown away: all since the overflow is missing."""
        if self._overflowed:
            self._declare_loss(end.start_ns + end.duration_ns)

    def declare_gap(self, gap: Gap) -> None:
        """Put a gap that the recorder found on record, in the lesson's time, but for what an overflow lost anyway."""
        start_ns = self._lesson_ns(gap.start_ns)
        duration_ns = self._lesson_ns(gap.start_ns + gap.duration_ns) - start_ns
        if duration_ns > 0 or gap.duration_ns == 0:
            kept = replace(gap, start_ns=start_ns, duration_ns=duration_ns)
            self._store.catalogue.add_gap(self._plan.lesson_id, kept)

    def overflow(self) -> None:
        """The queue is full: close what is on the disk; media goes on with a later segment."""
        self._announce_waiting()
        self._let_go_of_segment()
        settle(self._store, self._plan.lesson_id)
        self._index, self._end_ns = self._store.catalogue.next_place(self._plan.lesson_id)
        self._overflowed, self._loss = True, GapReason.DISK_OVERFLOW
        message = f"the disk of {self._folder.parent} could not keep up: a part of the lesson is not recorded"
        self._store.notify(DiskOverflow(self._plan.lesson_id, message))

    def correct_clock(self, anchor: Anchor) -> None:
        """The wall time was wrong: label what follows by `anchor`, which differs from ours in nothing else."""
        if self._anchor is not None:
            self._anchor = anchor

    def close(self) -> None:
        """Give back what is open; an unfinished segment stays for salvage."""
        self._failed, self._waiting = True, None
        self._let_go_of_segment()
        self._let_go_of_framing()

    def _new_anchor(self, origin: LessonOrigin) -> Anchor:
        """A clock that was stepped since the first frame was labelled was not set then, whatever it says now."""
        store = self._store
        elapsed_ns = store.clock.monotonic_ns() - origin.exposure_ns
        exposure_boottime_ns = store.boot.boottime_ns() - elapsed_ns
        stepped = store.clock.utc_now() - origin.wall - timedelta(microseconds=elapsed_ns // MICROSECOND_NS)
        synced = store.boot.clock_synced() and abs(stepped) < CLOCK_TOLERANCE
        boot_id = store.boot.boot_id()
        return Anchor(self._plan.media_start_ns, origin.wall, boot_id, exposure_boottime_ns, synced)

    def _begin_new(self, origin: LessonOrigin, anchor: Anchor) -> Gap | None:
        store, lesson_id = self._store, self._plan.lesson_id
        lesson = LessonRow(
            id=lesson_id,
            state=LessonState.RECORDING,
            reason=None,
            started=origin.wall,
            started_by=self._started_by,
            width=origin.width,
            height=origin.height,
            anchor=anchor,
            details=self._plan.details,
        )
        store.disk.make_folder(self._folder)
        try:
            store.disk.sync_folder(self._folder.parent)
            store.catalogue.begin_lesson(lesson)
        except DiskErrors:
            with suppress(OSError):  # an empty folder that stays is removed at the next start
                store.disk.remove_folder(self._folder)
            raise
        return None

    def _go_on(self, lesson: LessonRow, anchor: Anchor) -> Gap:
        if lesson.state is LessonState.COMPLETED:
            raise StorageError(f"the lesson {lesson.id} has ended: it cannot go on")
        same_boot = lesson.anchor.boot_id == anchor.boot_id
        missing_ns = max(0, anchor.boottime_ns - lesson.anchor.boottime_at(self._end_ns)) if same_boot else None
        catalogue, cut = self._store.catalogue, Gap(self._plan.cut, self._end_ns, 0, missing_ns)
        catalogue.clip(lesson.id, self._end_ns)
        if lesson.state.is_paused:
            catalogue.resume_lesson(lesson.id, cut, anchor, self._started_by)
        else:
            catalogue.add_gap(lesson.id, cut, anchor)
        return cut

    def _declare_loss(self, resumed_ns: int) -> None:
        """The recorder is at `resumed_ns` of its media time; what lies before it and behind our end is lost."""
        self._overflowed = False
        missing_ns = max(0, self._lesson_ns(resumed_ns) - self._end_ns)
        if not missing_ns:
            return
        if self._anchor is not None:
            self._anchor = self._anchor.after_cut(self._end_ns, missing_ns)
        gap = Gap(self._loss, self._end_ns, 0, missing_ns)
        self._store.catalogue.clip(self._plan.lesson_id, self._end_ns)
        self._store.catalogue.add_gap(self._plan.lesson_id, gap, self._anchor)
        if self._framing is not None:
            self._framing.write(cut_line(gap))
        self._cuts.append((resumed_ns - missing_ns, resumed_ns))

    def _lesson_ns(self, recorder_ns: int) -> int:
        """The lesson's time of a moment of the recorder's: one in a cut falls on the cut."""
        lost_ns = sum(min(max(0, recorder_ns - start_ns), end_ns - start_ns) for start_ns, end_ns in self._cuts)
        lesson_ns = recorder_ns - lost_ns
        return min(lesson_ns, self._end_ns) if self._overflowed else lesson_ns

    def _start_of(self, end: SegmentEnd) -> int:
        """Where the segment starts: at the end of the one before, unless something is missing between them."""
        start_ns = self._lesson_ns(end.start_ns)
        timescale = next((track.timescale for track in end.tracks if track.kind == "video"), NANOSECONDS)
        return self._end_ns if abs(start_ns - self._end_ns) * timescale < NANOSECONDS else start_ns

    def _finished(self, file: SegmentFile, end: SegmentEnd) -> SegmentRow:
        if self._anchor is None:
            raise StorageError("a segment ended before the lesson began")
        start_ns = self._start_of(end)
        sounds = write_sounds(self._store.disk, self._folder, file.index, end.sounds)
        sha256 = file.finish()
        return SegmentRow(
            lesson_id=self._plan.lesson_id,
            index=file.index,
            file=file.path.name,
            size=file.size,
            sha256=sha256,
            init_size=file.init_size,
            start_ns=start_ns,
            duration_ns=end.duration_ns,
            started=self._anchor.wall_at(start_ns),
            frames=end.frames,
            tracks=end.tracks,
            boot_id=self._anchor.boot_id,
            boottime_ns=self._anchor.boottime_at(start_ns),
            synced=self._anchor.synced,
            sounds=sounds,
        )

    def _announce(self, segment: SegmentRow, *, last: bool) -> None:
        """Steps S7 and S8."""
        self._store.catalogue.add_segment(segment, last=last)
        self._store.notify(SegmentDurable(self._plan.lesson_id, segment.index))
        self._store.write_playlist(self._plan.lesson_id, ended=False)

    def _announce_waiting(self) -> None:
        """Step G3, and then S7 and S8: with as much of the further picture as is there."""
        if self._waiting is None or self._rendition is None:
            return
        (end, segment), self._waiting = self._waiting, None
        file = self._rendition.finish(end.index, segment)
        why = self._rendition.why_short(end.index)
        gap = missing_of(segment, file, self._rendition.name, why)
        if gap is not None:
            self._store.catalogue.add_gap(segment.lesson_id, gap)
        self._announce(segment if file is None else replace(segment, renditions=(file,)), last=end.last)

    def _may_wait(self) -> bool:
        """Behind a slow sync, for as long as that took: then half of the disk's time is for writing."""
        waited_ns = self._store.clock.monotonic_ns() - self._synced_ns
        return SLOW_SYNC_NS < self._sync_ns > waited_ns

    def _sync(self, file: SegmentFile) -> bool:
        begun_ns = self._store.clock.monotonic_ns()
        has_frames = file.sync()
        self._synced_ns = self._store.clock.monotonic_ns()
        self._sync_ns = self._synced_ns - begun_ns
        return has_frames

    def _write_framing(self, lines: bytes) -> None:
        if self._framing is not None:
            self._framing.write(shifted(lines, self._lesson_ns) if self._cuts else lines)

    def _let_go_of_segment(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.abandon()
        if self._rendition is not None:
            self._rendition.let_go()

    def _let_go_of_framing(self) -> None:
        if self._framing is not None:
            framing, self._framing = self._framing, None
            framing.close()

    def _move_or_fail(self, error: Exception, step: Callable[[], None]) -> None:
        """Steps F1 to F3: a disk that fails, but is not full, is left for the fallback folder, once."""
        store, lesson_id = self._store, self._plan.lesson_id
        if not may_take_refuge(store, lesson_id, error):
            self._fail(error)
            return
        begun = self._anchor is not None
        try:
            with suppress(OSError):
                self._announce_waiting()
                self._let_go_of_segment()
                self._let_go_of_framing()
            self._folder = take_refuge(store, lesson_id)
            if begun:
                self._framing = FramingFile(store.disk, self._folder)
                self._index, self._end_ns = store.catalogue.next_place(lesson_id)
                self._overflowed, self._loss = True, GapReason.DISK_FAILED
                if self._last is not None:
                    self.end_without_media(self._last)
            else:
                step()
        except DiskErrors as second:
            log.error("the fallback folder cannot be used either folder=%s: %s", store.fallback, second)
            self._fail(error)
            return
        store.notify(moved_notice(store, lesson_id, error))

    def _fail(self, error: Exception) -> None:
        lesson_id = self._plan.lesson_id
        failure = storage_error(f"the lesson {lesson_id} in {self._folder.parent} cannot be written on", error)
        log.error("%s", failure)
        if is_full(error):
            self._store.reserve.release()
        try:
            self.close()
            self._store.reserve.lend(lambda: settle(self._store, lesson_id))
        except (*DiskErrors, StorageError) as second:
            log.error("what is whole could not be settled, the next start tries again lesson=%s: %s", lesson_id, second)
        self._store.notify(StorageFailed(lesson_id, is_full(error), str(failure)))
