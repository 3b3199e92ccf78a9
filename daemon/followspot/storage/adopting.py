"""Lessons without a row: what an unknown folder holds, and how it is put on record (docs/segments.md, V4 to V6).

What takes long, reading whole files, is done by `hashed`, which belongs on another thread than the storage's.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from followspot.domain.events import LessonCompleted
from followspot.domain.ids import stamp_of
from followspot.domain.recording import Gap, RenditionFile, SoundFile, TrackInfo
from followspot.domain.segments import (
    MANIFEST_FILE,
    ClockState,
    Manifest,
    ManifestSegment,
    relative_path,
    segment_file,
)
from followspot.domain.statement import NO_DETAILS, LessonDetails
from followspot.storage.completion import complete
from followspot.storage.disk import file_hash
from followspot.storage.reconcile import Finding, FindingKind
from followspot.storage.recovery import INTERRUPTED
from followspot.storage.renditions import find_renditions
from followspot.storage.rows import Anchor, LessonRow, LessonState, SegmentRow
from followspot.storage.salvage import Found, trim
from followspot.storage.soundfiles import find_sounds
from followspot.storage.store import Store

UNKNOWN_BOOT = "unknown"
"""Of what was found without a row: no boot of this machine bears that name."""
ADOPTED_BY = "adopted"
"""Who started a lesson that was found without a row: nobody knows any more."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A lesson's folder without a row; `manifest` with its bytes, where it has a whole one."""

    lesson_id: str
    found: tuple[Found, ...]
    manifest: tuple[Manifest, bytes] | None


def unknown_folders(store: Store) -> list[str]:
    """Step V4: folders in the media root that are no lesson on record."""
    names = sorted(path.name for path in store.media.iterdir() if path.is_dir())
    return [name for name in names if store.catalogue.lesson(name) is None]


def look_at(store: Store, name: str) -> Orphan | Finding | None:
    """Step V5: what an unknown folder holds; None for one that is not ours. Unfinished files are made whole."""
    started = stamp_of(name)
    if started is None or store.catalogue.lesson(name) is not None:
        return None
    manifest = _manifest(store.folder(name) / MANIFEST_FILE)
    if manifest is not None and (manifest[0].lesson_id, manifest[0].device_id) != (name, store.device_id):
        text = f"is a lesson of the box {manifest[0].device_id}: it is left as it is"
        return Finding(FindingKind.FOREIGN, name, text)
    found = trim(store, name)
    if not found:
        return Finding(FindingKind.FOREIGN, name, "has a lesson's name and no media: look at it and remove it")
    return Orphan(name, tuple(found), manifest)


def hashed(store: Store, orphan: Orphan) -> dict[int, str]:
    """The SHA-256 of each of its segments; reads every byte, on any thread."""
    folder = store.folder(orphan.lesson_id)
    return {one.index: file_hash(folder / segment_file(one.index)) for one in orphan.found}


def adopt_orphan(store: Store, orphan: Orphan, hashes: dict[int, str]) -> list[Finding]:
    """Step V6: catalogue and announce it, as its manifest says or, without one, as an interrupted lesson."""
    if orphan.manifest is None:
        return [_adopt_interrupted(store, orphan, hashes)]
    return _adopt_completed(store, orphan, hashes, *orphan.manifest)


def _manifest(path: Path) -> tuple[Manifest, bytes] | None:
    try:
        content = path.read_bytes()
        return Manifest.model_validate_json(content), content
    except (OSError, ValidationError):
        return None


def _lesson_row(lesson_id: str, anchor: Anchor, details: LessonDetails, width: int, height: int) -> LessonRow:
    return LessonRow(
        id=lesson_id,
        state=LessonState.RECORDING,
        reason=None,
        started=anchor.wall,
        started_by=ADOPTED_BY,
        width=width,
        height=height,
        anchor=anchor,
        details=details,
    )


def _adopt_interrupted(store: Store, orphan: Orphan, hashes: dict[int, str]) -> Finding:
    started = stamp_of(orphan.lesson_id)
    assert started is not None, "an orphan has a lesson's name"
    video = next(track for track in orphan.found[0].media.tracks if track.kind == "video")
    anchor = Anchor(0, started, UNKNOWN_BOOT, 0, synced=False)
    lesson = _lesson_row(orphan.lesson_id, anchor, NO_DETAILS, video.width or 0, video.height or 0)
    start_ns = 0
    with store.catalogue.announced():
        store.catalogue.begin_lesson(lesson)
        for one in orphan.found:
            segment = _segment_row(store, lesson, one, hashes[one.index], start_ns)
            store.catalogue.add_segment(segment, last=False)
            start_ns = segment.end_ns
    complete(store, orphan.lesson_id, INTERRUPTED)
    return _adopted(orphan.lesson_id, len(orphan.found), "it has no manifest, and is completed as interrupted")


def _adopt_completed(
    store: Store, orphan: Orphan, hashes: dict[int, str], manifest: Manifest, content: bytes
) -> list[Finding]:
    """Only files that are as the manifest says are announced."""
    boot_id = manifest.segments[0].boot_id if manifest.segments else UNKNOWN_BOOT
    anchor = Anchor(0, manifest.started, boot_id, 0, synced=manifest.clock is ClockState.SYNCED)
    lesson = _lesson_row(orphan.lesson_id, anchor, manifest.details, manifest.width, manifest.height)
    tracks = tuple(TrackInfo(**track.model_dump()) for track in manifest.tracks)
    folder = store.folder(orphan.lesson_id)
    whole = [one for one in manifest.segments if hashes.get(one.index) == one.sha256]
    init_sizes = {one.index: one.media.init_size for one in orphan.found}
    with store.catalogue.announced():
        store.catalogue.begin_lesson(lesson)
        for one in whole:
            row = SegmentRow(
                lesson_id=orphan.lesson_id,
                init_size=init_sizes[one.index],
                tracks=tracks,
                sounds=tuple(SoundFile(**sound.model_dump()) for sound in one.sounds if (folder / sound.file).exists()),
                renditions=_as_stated(folder, one),
                boottime_ns=0,
                synced=one.clock is ClockState.SYNCED,
                **one.model_dump(exclude={"sounds", "renditions", "clock"}),
            )
            store.catalogue.add_segment(row, last=one == manifest.segments[-1])
        for gap in manifest.gaps:
            store.catalogue.add_gap(orphan.lesson_id, Gap(**gap.model_dump()))
        for bookmark in manifest.bookmarks:
            store.catalogue.add_bookmark(orphan.lesson_id, bookmark)
        store.catalogue.decide_end(orphan.lesson_id, manifest.reason)
        store.catalogue.complete_lesson(_completed(manifest, content))
    lost = [one for one in manifest.segments if one not in whole]
    return [
        _adopted(orphan.lesson_id, len(whole), "as its manifest says"),
        *(_lost(orphan.lesson_id, one.file, present=one.index in hashes) for one in lost),
    ]


def _as_stated(folder: Path, one: ManifestSegment) -> tuple[RenditionFile, ...]:
    """Those further pictures of a segment that are what its manifest says."""
    stated = {further.sha256 for further in one.renditions}
    return tuple(found for found in find_renditions(folder, one.index) if found.sha256 in stated)


def _completed(manifest: Manifest, content: bytes) -> LessonCompleted:
    return LessonCompleted(
        lesson_id=manifest.lesson_id,
        reason=manifest.reason,
        duration_ns=manifest.duration_ns,
        segments=len(manifest.segments),
        size=sum(one.size for one in manifest.segments),
        frames=sum(one.frames for one in manifest.segments),
        manifest=relative_path(manifest.lesson_id, MANIFEST_FILE),
        manifest_sha256=hashlib.sha256(content).hexdigest(),
        gaps=manifest.gaps,
    )


def _segment_row(store: Store, lesson: LessonRow, found: Found, sha256: str, start_ns: int) -> SegmentRow:
    path = store.folder(lesson.id) / segment_file(found.index)
    return SegmentRow(
        lesson_id=lesson.id,
        index=found.index,
        file=path.name,
        size=path.stat().st_size,
        sha256=sha256,
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


def _adopted(lesson_id: str, segments: int, text: str) -> Finding:
    return Finding(FindingKind.ADOPTED, lesson_id, f"was not on record; {segments} segments are announced: {text}")


def _lost(lesson_id: str, file: str, *, present: bool) -> Finding:
    kind = FindingKind.DAMAGED if present else FindingKind.MISSING
    text = "is not what the manifest says" if present else "is in the manifest and is not there"
    return Finding(kind, relative_path(lesson_id, file), text)
