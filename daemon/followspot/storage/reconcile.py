"""Files and rows held against each other, lesson by lesson. docs/segments.md numbers the steps (V1 to V3)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from followspot.domain.rendition import RenditionName
from followspot.domain.retention import DeletionReason
from followspot.domain.segments import (
    relative_path,
    segment_file,
    sound_file,
    whole_file,
)
from followspot.domain.sound import MicrophoneRole
from followspot.storage.disk import DRAFT_SUFFIX
from followspot.storage.keeping import Kept, Presence
from followspot.storage.removal import remove_again, tell_gone
from followspot.storage.rows import SegmentRow, WholeKey
from followspot.storage.salvage import PART_NAME, SEGMENT_NAME
from followspot.storage.store import Store
from followspot.storage.whole import can_be_made_again, free_whole

NOT_THERE = "was announced and is not there any more"

ContentHash = Callable[[Path], str]
"""Gives the SHA-256 of a file that was read before."""


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
