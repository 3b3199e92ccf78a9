"""The end of a lesson: decided, then written, then announced."""

import hashlib
import logging

from followspot.domain.events import LessonCompleted
from followspot.domain.segments import (
    MANIFEST_FILE,
    Manifest,
    ManifestSegment,
    clock_state,
    gap_record,
    relative_path,
    rendition_record,
    sound_record,
    track_of,
)
from followspot.storage.disk import replace_file
from followspot.storage.rows import LessonRow, LessonState, SegmentRow
from followspot.storage.salvage import settle
from followspot.storage.store import Store

log = logging.getLogger(__name__)


def complete(store: Store, lesson_id: str, reason: str) -> None:
    """Complete a lesson that began; silent for one that never did or is completed already.

    One whose folder was deleted is completed without files; what was announced of it stays in its manifest.
    """
    store.catalogue.decide_end(lesson_id, reason)
    lesson = store.catalogue.lesson(lesson_id)
    if lesson is None or lesson.state is LessonState.COMPLETED:
        store.catalogue.forget_end(lesson_id)
        return
    store.require_folder(lesson_id)
    settle(store, lesson_id)
    _, end_ns = store.catalogue.next_place(lesson_id)
    store.catalogue.clip(lesson_id, end_ns)
    store.write_playlist(lesson_id, ended=True)
    store.write_bookmarks(lesson_id)
    segments = store.catalogue.segments(lesson_id)
    manifest = _manifest(store, lesson, lesson.reason or reason, segments)
    content = manifest.to_bytes()
    replace_file(store.disk, store.folder(lesson_id) / MANIFEST_FILE, content)
    store.catalogue.complete_lesson(
        LessonCompleted(
            lesson_id=lesson_id,
            reason=manifest.reason,
            duration_ns=manifest.duration_ns,
            segments=len(segments),
            size=sum(segment.size for segment in segments),
            frames=sum(segment.frames for segment in segments),
            manifest=relative_path(lesson_id, MANIFEST_FILE),
            manifest_sha256=hashlib.sha256(content).hexdigest(),
            gaps=manifest.gaps,
        )
    )
    log.info("lesson completed lesson=%s reason=%s segments=%d", lesson_id, manifest.reason, len(segments))


def _manifest(store: Store, lesson: LessonRow, reason: str, segments: list[SegmentRow]) -> Manifest:
    return Manifest(
        lesson_id=lesson.id,
        device_id=store.device_id,
        started=lesson.started,
        clock=clock_state(segments[0].synced if segments else lesson.anchor.synced),
        details=lesson.details,
        reason=reason,
        width=lesson.width,
        height=lesson.height,
        duration_ns=segments[-1].end_ns if segments else 0,
        tracks=tuple(track_of(track) for track in segments[0].tracks) if segments else (),
        segments=tuple(_manifest_segment(segment) for segment in segments),
        gaps=tuple(gap_record(gap) for gap in store.catalogue.gaps(lesson.id)),
        bookmarks=tuple(store.catalogue.bookmarks(lesson.id)),
    )


def _manifest_segment(segment: SegmentRow) -> ManifestSegment:
    return ManifestSegment(
        index=segment.index,
        file=segment.file,
        size=segment.size,
        sha256=segment.sha256,
        start_ns=segment.start_ns,
        duration_ns=segment.duration_ns,
        started=segment.started,
        clock=clock_state(segment.synced),
        boot_id=segment.boot_id,
        frames=segment.frames,
        sounds=tuple(sound_record(sound) for sound in segment.sounds),
        renditions=tuple(rendition_record(rendition) for rendition in segment.renditions),
    )
