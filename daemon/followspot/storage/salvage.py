"""Making the truth out of what an interruption left: after a crash, a failed disk or an overflow alike."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from followspot.domain.gaps import GapReason
from followspot.domain.rendition import RenditionName
from followspot.domain.segments import relative_path, segment_file
from followspot.storage.boxes import WholeMedia, walk
from followspot.storage.disk import file_hash
from followspot.storage.renditions import find_renditions, missing_of, trim_renditions
from followspot.storage.rows import LessonRow, LessonState, SegmentRow
from followspot.storage.soundfiles import find_sounds, remove_drafts
from followspot.storage.spool import PART_SUFFIX, trim_framing
from followspot.storage.store import Store

SEGMENT_NAME = re.compile(r"segment-(\d{5,})\.mp4")
PART_NAME = re.compile(r"segment-(\d{5,})\.mp4" + re.escape(PART_SUFFIX))

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A whole, named segment that the catalogue does not know yet."""

    index: int
    media: WholeMedia


def trim(store: Store, lesson_id: str) -> list[Found]:
    """Make every unfinished file a whole one, and find what is not catalogued. Quick: no media is read.

    A lesson whose folder is gone has nothing to find.
    """
    folder = store.folder(lesson_id)
    if not folder.is_dir():
        return []
    remove_drafts(store.disk, folder)
    parts = _numbered(folder, PART_NAME)
    for index, part in parts:
        _trim_part(store, part, folder / segment_file(index))
    if parts:
        store.disk.sync_folder(folder)
    trim_framing(store.disk, folder)
    known = {segment.index for segment in store.catalogue.segments(lesson_id)}
    new = [
        found for index, path in _numbered(folder, SEGMENT_NAME) if index not in known for found in _found(index, path)
    ]
    trim_renditions(store.disk, folder, {one.index: one.media.duration_ns for one in new})
    return new


def adopt(store: Store, lesson: LessonRow, found: list[Found]) -> list[str]:
    """Catalogue and announce what was found, in order; their paths. Reads every byte, for the hashes."""
    paths = []
    has_more = any(segment.renditions for segment in store.catalogue.segments(lesson.id)[-1:])
    for one in found:
        segment = _row(store, lesson, one)
        has_more = has_more or bool(segment.renditions)
        if has_more:
            _declare_missing(store, segment)
        store.catalogue.add_segment(segment, last=False)
        paths.append(relative_path(lesson.id, segment.file))
        log.warning("salvaged path=%s duration_s=%.2f", paths[-1], segment.duration_ns / 1e9)
    if found:
        store.write_playlist(lesson.id, ended=False)
    return paths


def _declare_missing(store: Store, segment: SegmentRow) -> None:
    """What an interruption took of a further picture that the lesson has."""
    file = next((one for one in segment.renditions if one.name is RenditionName.FULL), None)
    gap = missing_of(segment, file, RenditionName.FULL, GapReason.CRASH)
    if gap is not None:
        store.catalogue.add_gap(segment.lesson_id, gap)


def announce_pause(store: Store, lesson_id: str) -> None:
    """A pause was decided, and all that was recorded before it is catalogued: say where it stopped. Once."""
    lesson = store.catalogue.lesson(lesson_id)
    if lesson is not None and lesson.state is LessonState.PAUSING:
        _, end_ns = store.catalogue.next_place(lesson_id)
        store.catalogue.clip(lesson_id, end_ns)
        store.catalogue.announce_pause(lesson, end_ns)


def settle(store: Store, lesson_id: str) -> None:
    """Trim and adopt what a lesson that began has left unfinished."""
    lesson = store.catalogue.lesson(lesson_id)
    if lesson is not None:
        adopt(store, lesson, trim(store, lesson_id))


def _trim_part(store: Store, part: Path, target: Path) -> None:
    media = _measure(part)
    if media is None:
        log.warning("removed a segment without one whole fragment file=%s", part)
        store.disk.remove(part)
        return
    store.disk.truncate(part, media.whole_size)
    store.disk.rename(part, target)


def _found(index: int, path: Path) -> list[Found]:
    media = _measure(path)
    if media is None:
        log.error("left a file that is no segment of ours: look at it and remove it file=%s", path)
        return []
    return [Found(index, media)]


def _row(store: Store, lesson: LessonRow, found: Found) -> SegmentRow:
    path = store.folder(lesson.id) / segment_file(found.index)
    _, start_ns = store.catalogue.next_place(lesson.id)
    return SegmentRow(
        lesson_id=lesson.id,
        index=found.index,
        file=path.name,
        size=path.stat().st_size,
        sha256=file_hash(path),
        init_size=found.media.init_size,
        start_ns=start_ns,
        duration_ns=found.media.duration_ns,
        started=lesson.anchor.wall_at(start_ns),
        frames=found.media.frames,
        tracks=found.media.tracks,
        boot_id=lesson.anchor.boot_id,
        boottime_ns=lesson.anchor.boottime_at(start_ns),
        synced=lesson.anchor.synced,
        sounds=find_sounds(path.parent, found.index),
        renditions=find_renditions(path.parent, found.index),
    )


def _measure(path: Path) -> WholeMedia | None:
    with path.open("rb") as file:
        return walk(file, path.stat().st_size)


def _numbered(folder: Path, name: re.Pattern[str]) -> list[tuple[int, Path]]:
    matches = ((name.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in matches if match)
