"""Files and rows held against each other, lesson by lesson. docs/segments.md numbers the steps (V1 to V6).

What takes long, reading whole files, is done by `hashed`, which belongs on another thread than the storage's.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from followspot.domain.events import LessonCompleted
from followspot.domain.ids import stamp_of
from followspot.domain.recording import Gap, RenditionFile, SoundFile, TrackInfo
from followspot.domain.rendition import RenditionName
from followspot.domain.retention import DeletionReason
from followspot.domain.segments import (
    MANIFEST_FILE,
    ClockState,
    Manifest,
    ManifestSegment,
    relative_path,
    segment_file,
    sound_file,
    whole_file,
)
from followspot.domain.sound import MicrophoneRole
from followspot.domain.statement import NO_DETAILS, LessonDetails
from followspot.storage.completion import complete
from followspot.storage.disk import DRAFT_SUFFIX, file_hash
from followspot.storage.keeping import Kept, Presence
from followspot.storage.recovery import INTERRUPTED
from followspot.storage.removal import remove_again, tell_gone
from followspot.storage.renditions import find_renditions
from followspot.storage.rows import Anchor, LessonRow, LessonState, SegmentRow, WholeKey
from followspot.storage.salvage import PART_NAME, SEGMENT_NAME, Found, trim
from followspot.storage.soundfiles import find_sounds
from followspot.storage.store import Store
from followspot.storage.whole import can_be_made_again, free_whole

UNKNOWN_BOOT = "unknown"
"""Of what was found without a row: no boot of this machine bears that name."""
ADOPTED_BY = "adopted"
"""Who started a lesson that was found without a row: nobody knows any more."""

NOT_THERE = "was announced and is not there any more"

ContentHash = Callable[[Path], str]
"""Gives the SHA-256 of a file that was read before."""

log = logging.getLogger(__name__)


class FindingKind(StrEnum):
    """What does not agree, and what became of it."""

    MISSING = "missing"
    """An announced file is not there: told by `segment.deleted`."""
    DAMAGED = "damaged"
    """An announced file is not what was announced: left as it is."""
    UNLISTED = "unlisted"
    """Media in a completed lesson that its manifest does not name: left as it is."""
    ADOPTED = "adopted"
    """A lesson without a row: catalogued and announced."""
    RETURNED = "returned"
    """A file that was told missing is here again: told by another `segment.ready`."""
    REMADE = "remade"
    """The lesson as one file is missing or damaged: told by `lesson.unavailable`, and made anew of its segments."""
    HOMELESS = "homeless"
    """A lesson that went on in the fallback folder could not come home: it stays there, whole, and is tried again."""
    REUNITED = "reunited"
    """A lesson that went on in the fallback folder is home again."""
    FOREIGN = "foreign"
    """A lesson of another box, or a folder that is none of ours: left as it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree. `path` is below the media root."""

    kind: FindingKind
    path: str
    text: str

    @property
    def is_loss(self) -> bool:
        """Whether media is lost or wrong."""
        return self.kind in (FindingKind.MISSING, FindingKind.DAMAGED)


class Announced(Protocol):
    """A file in a lesson's folder, as an event told of it."""

    @property
    def file(self) -> str:
        """Its name."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def sha256(self) -> str:
        """Of its content."""
        ...


@dataclass(frozen=True, slots=True)
class Orphan:
    """A lesson's folder without a row; `manifest` with its bytes, where it has a whole one."""

    lesson_id: str
    found: tuple[Found, ...]
    manifest: tuple[Manifest, bytes] | None


def check_lesson(store: Store, lesson_id: str, content_hash: ContentHash | None = None) -> list[Finding]:
    """Steps V1 to V3 for a completed lesson. Without `content_hash` only names and lengths are looked at."""
    if store.is_in_fallback(lesson_id):
        return []
    folder = store.folder(lesson_id)
    if folder.is_dir():
        store.keeping.bring_back(lesson_id)
    here = store.keeping.here(lesson_id)
    if not folder.is_dir():
        return _without_folder(store, here)
    remove_again(store, lesson_id)
    names = {path.name for path in folder.iterdir()}
    missing = [one for one in here if one.file not in names]
    findings = _tell_missing(store, missing)
    segments = store.catalogue.segments(lesson_id)
    present = {one.index for one in here if one.file in names}
    for segment in segments:
        if segment.index in present:
            findings += _damage(folder, lesson_id, segment, content_hash)
            findings += _beside_damage(folder, segment, content_hash)
    findings += _without_segment(store, lesson_id, names)
    for name in (None, *RenditionName):
        findings += _whole_damage(store, WholeKey(lesson_id, name), content_hash)
    listed = {segment.file for segment in segments}
    for name in sorted(names - listed):
        if SEGMENT_NAME.fullmatch(name) or PART_NAME.fullmatch(name):
            text = "is not in the lesson's manifest, which never changes: look at it and remove it"
            findings.append(Finding(FindingKind.UNLISTED, relative_path(lesson_id, name), text))
        elif name.endswith(DRAFT_SUFFIX):
            store.disk.remove(folder / name)
    return findings


def announced_files(store: Store, lesson_id: str) -> list[Path]:
    """Every file that was told of in a completed lesson, here or not: segments, what is beside them, the one files."""
    folder, segments = store.folder(lesson_id), store.catalogue.segments(lesson_id)
    names = [name for one in segments for name in (one.file, *(beside.file for beside in _beside(one)))]
    wholes = [store.wholes.of(WholeKey(lesson_id, name)) for name in (None, *RenditionName)]
    return [folder / name for name in (*names, *(whole.file for whole in wholes if whole is not None))]


def _without_segment(store: Store, lesson_id: str, names: set[str]) -> list[Finding]:
    """Voices, or the lesson as one file, whose segments something else took away: nothing of ours deletes them."""
    gone = store.keeping.of_lesson(lesson_id, Presence.GONE)
    left = [sound_file(one.index, role) for one in gone for role in MicrophoneRole]
    left += [segment_file(one.index, name) for one in gone for name in RenditionName]
    if gone and store.is_spent(lesson_id):
        left += [whole_file(), *(whole_file(name) for name in RenditionName)]
    text = "is left of segments that are gone: nothing deletes it, look at it and remove it"
    return [
        Finding(FindingKind.UNLISTED, relative_path(lesson_id, name), text) for name in sorted(names.intersection(left))
    ]


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


def _without_folder(store: Store, here: list[Kept]) -> list[Finding]:
    """Deleted, unless it may lie on another disk than the one that is mounted, if any."""
    if not store.is_media_absent():
        return _tell_missing(store, here)
    if here and any(store.media.iterdir()):
        with store.catalogue.announced():
            store.keeping.set_presence(here, Presence.AWAY, None)
    return []


def _tell_missing(store: Store, missing: list[Kept]) -> list[Finding]:
    if missing:
        tell_gone(store, [(one, DeletionReason.MISSING) for one in missing])
    return [Finding(FindingKind.MISSING, relative_path(one.lesson_id, one.file), NOT_THERE) for one in missing]


def _damage(folder: Path, lesson_id: str, told: Announced, content_hash: ContentHash | None) -> list[Finding]:
    path = folder / told.file
    size = path.stat().st_size
    if size != told.size:
        text = f"has {size} bytes, {told.size} were announced"
    elif content_hash is not None and content_hash(path) != told.sha256:
        text = "has another content than was announced"
    else:
        return []
    return [Finding(FindingKind.DAMAGED, relative_path(lesson_id, told.file), text)]


def _beside(segment: SegmentRow) -> list[Announced]:
    """What was announced with the segment."""
    return [*segment.sounds, *segment.renditions]


def _beside_damage(folder: Path, segment: SegmentRow, content_hash: ContentHash | None) -> list[Finding]:
    """The single microphones' sound and the further pictures beside a segment that is here."""
    findings = []
    for one in _beside(segment):
        if (folder / one.file).exists():
            findings += _damage(folder, segment.lesson_id, one, content_hash)
        else:
            path = relative_path(segment.lesson_id, one.file)
            findings.append(Finding(FindingKind.MISSING, path, NOT_THERE))
    return findings


def _whole_damage(store: Store, key: WholeKey, content_hash: ContentHash | None) -> list[Finding]:
    """The lesson as one file, where it is announced: what can be made again is, and else told and left."""
    whole = store.wholes.of(key)
    if whole is None:
        return []
    lesson_id = key.lesson_id
    folder, path = store.folder(lesson_id), relative_path(lesson_id, whole.file)
    wrong = _damage(folder, lesson_id, whole, content_hash) if (folder / whole.file).exists() else None
    if wrong == []:
        return []
    if can_be_made_again(store, key):
        free_whole(store, key, DeletionReason.MISSING)
        text = NOT_THERE if wrong is None else wrong[0].text
        return [Finding(FindingKind.REMADE, path, f"{text}: it is made again of its segments")]
    if wrong is None:
        free_whole(store, key, DeletionReason.MISSING)
    return wrong or []


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
