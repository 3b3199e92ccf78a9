"""The wall clock is right now: what was labelled while it was wrong is corrected, in catalogue, file and event."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from followspot.domain.events import ClockCorrected, ClockLabel, ClockSpan
from followspot.domain.segments import (
    CLOCK_FILE,
    BookmarkRecord,
    ClockFile,
    ClockSegment,
    ClockState,
    clock_state,
    relative_path,
)
from followspot.storage.disk import replace_file
from followspot.storage.rows import (
    CLOCK_TOLERANCE,
    MICROSECOND_NS,
    Anchor,
    LabelRow,
    LessonRow,
    LessonState,
    SegmentRow,
)
from followspot.storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Shift:
    """A segment whose label is wrong, and by how much."""

    segment: SegmentRow
    offset: timedelta

    @property
    def corrected(self) -> SegmentRow:
        return replace(self.segment, started=self.segment.started + self.offset, synced=True)


def correct_clock(store: Store) -> list[tuple[str, Anchor]]:
    """Correct every lesson of this boot whose wall times are wrong or unproven; the lessons and their anchors now.

    Call it only while the wall clock is set. Done again after an interruption, it comes to the same.
    """
    boot_id = store.boot.boot_id()
    boot_began = store.clock.utc_now() - timedelta(microseconds=store.boot.boottime_ns() // MICROSECOND_NS)
    corrected = []
    for lesson in store.catalogue.lessons_to_correct(boot_id):
        anchor = lesson.anchor
        if anchor.boot_id == boot_id:
            wall = boot_began + timedelta(microseconds=anchor.boottime_ns // MICROSECOND_NS)
            off = abs(wall - anchor.wall) >= CLOCK_TOLERANCE
            anchor = replace(anchor, wall=wall, synced=True) if off or not anchor.synced else anchor
        shifts = list(_shifts(store.catalogue.segments(lesson.id), boot_id, boot_began))
        labels = tuple(_labels(store.catalogue.labels(lesson.id, boot_id), boot_began))
        if shifts or labels or anchor != lesson.anchor:
            _correct(store, lesson, anchor, shifts, labels)
            corrected.append((lesson.id, anchor))
    return corrected


def _shifts(segments: list[SegmentRow], boot_id: str, boot_began: datetime) -> Iterator[_Shift]:
    for segment in segments:
        if segment.boot_id == boot_id:
            right = boot_began + timedelta(microseconds=segment.boottime_ns // MICROSECOND_NS)
            offset = right - segment.started
            if not segment.synced or abs(offset) >= CLOCK_TOLERANCE:
                yield _Shift(segment, offset)


def _labels(told: list[LabelRow], boot_began: datetime) -> Iterator[ClockLabel]:
    for label in told:
        right = boot_began + timedelta(microseconds=label.boottime_ns // MICROSECOND_NS)
        if not label.synced or abs(right - label.told) >= CLOCK_TOLERANCE:
            yield ClockLabel(sequence=label.sequence, time=right)


def _correct(
    store: Store, lesson: LessonRow, anchor: Anchor, shifts: list[_Shift], labels: tuple[ClockLabel, ...]
) -> None:
    """The files come first: whoever hears the event finds in them what the event says."""
    offset = _first_frame_offset(lesson, anchor, shifts)
    started = lesson.started + offset
    newest = {shift.segment.index: shift.corrected for shift in shifts}
    segments = [newest.get(segment.index, segment) for segment in store.catalogue.segments(lesson.id)]
    if store.folder(lesson.id).is_dir():
        content = ClockFile(
            lesson_id=lesson.id,
            started=started,
            clock=clock_state(segments[0].synced if segments else anchor.synced),
            segments=tuple(
                ClockSegment(index=one.index, started=one.started, clock=clock_state(one.synced)) for one in segments
            ),
            bookmarks=tuple(_bookmarks(store, lesson.id, labels)),
        )
        replace_file(store.disk, store.folder(lesson.id) / CLOCK_FILE, content.to_bytes())
        if lesson.state is LessonState.COMPLETED:
            store.write_playlist(lesson.id, ended=True, segments=segments)
    event = ClockCorrected(
        lesson_id=lesson.id,
        boot_id=store.boot.boot_id(),
        started=started,
        spans=tuple(_spans(shifts)),
        labels=labels,
        clock_file=relative_path(lesson.id, CLOCK_FILE),
    )
    store.catalogue.correct_clock(event, anchor, [shift.corrected for shift in shifts])
    log.warning("wall times corrected lesson=%s by_s=%.3f segments=%d", lesson.id, offset.total_seconds(), len(shifts))


def _bookmarks(store: Store, lesson_id: str, labels: tuple[ClockLabel, ...]) -> Iterator[BookmarkRecord]:
    right = {label.sequence: label.time for label in labels}
    for sequence, bookmark in store.catalogue.numbered_bookmarks(lesson_id):
        if sequence in right:
            yield bookmark.model_copy(update={"given": right[sequence], "clock": ClockState.SYNCED})
        else:
            yield bookmark


def _first_frame_offset(lesson: LessonRow, anchor: Anchor, shifts: list[_Shift]) -> timedelta:
    """How wrong the lesson's start is: as its first segment, or as the anchor where nothing else is known yet."""
    if shifts and shifts[0].segment.start_ns == 0:
        return shifts[0].offset
    return anchor.wall - lesson.anchor.wall if lesson.anchor.media_ns == 0 else timedelta()


def _spans(shifts: list[_Shift]) -> Iterator[ClockSpan]:
    """Runs of neighbours that were wrong alike: one correction says it for all."""
    runs: list[list[_Shift]] = []
    for shift in shifts:
        if runs and _alike(runs[-1][-1], shift):
            runs[-1].append(shift)
        else:
            runs.append([shift])
    for run in runs:
        first = run[0].corrected
        yield ClockSpan(
            first_index=first.index,
            last_index=run[-1].segment.index,
            start_ns=first.start_ns,
            started=first.started,
            offset_ns=run[0].offset // timedelta(microseconds=1) * MICROSECOND_NS,
        )


def _alike(early: _Shift, late: _Shift) -> bool:
    """Neighbours under one anchor. A label is cut to the microsecond, which may differ by one."""
    neighbours = late.segment.index == early.segment.index + 1
    same_anchor = late.segment.boottime_ns - early.segment.boottime_ns == late.segment.start_ns - early.segment.start_ns
    return neighbours and same_anchor and abs(late.offset - early.offset) <= timedelta(microseconds=2)
