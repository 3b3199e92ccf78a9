"""Deleting segments' files: put on record first, announced last. docs/retention.md numbers the steps (D1 to D4)."""

import logging
from collections.abc import Sequence
from pathlib import Path

from followspot.domain.errors import StorageError
from followspot.domain.events import SegmentDeleted
from followspot.domain.rendition import RenditionName
from followspot.domain.retention import DeletionReason
from followspot.domain.segments import (
    RENDITION_PREFIX,
    SEGMENT_PREFIX,
    playlist_file,
    relative_path,
    segment_file,
    sound_file,
    whole_file,
)
from followspot.domain.sound import MicrophoneRole
from followspot.storage.keeping import Kept, Presence
from followspot.storage.rows import WholeKey
from followspot.storage.spool import PART_SUFFIX
from followspot.storage.store import Store
from followspot.storage.whole import WHOLE_NAMES, tell_whole_gone

log = logging.getLogger(__name__)


def remove(store: Store, segments: Sequence[Kept], reason: DeletionReason) -> None:
    """Delete these files, durably, and say so. Interrupted anywhere, `finish_removals` goes on with it."""
    segments = _without_away(store, segments)
    if not segments:
        return
    with store.catalogue.announced():
        store.keeping.set_presence(segments, Presence.LEAVING, reason)  # D1
    _unlink(store, segments)
    tell_gone(store, [(one, reason) for one in segments])


def finish_removals(store: Store, limit: int) -> int:
    """Go on with what an interruption or a failing disk left half deleted; how many there were."""
    begun = store.keeping.leaving(limit)
    leaving = _without_away(store, begun)
    if leaving:
        _unlink(store, leaving)
        tell_gone(store, [(one, one.reason or DeletionReason.MISSING) for one in leaving])
    return len(begun)


def remove_again(store: Store, lesson_id: str) -> None:
    """Unlink what is on record as deleted and is there all the same, such as a copy that came home with its lesson."""
    gone = [
        one for one in store.keeping.of_lesson(lesson_id, Presence.GONE) if one.reason is not DeletionReason.MISSING
    ]
    names = [name for one in gone for name in _names(one)]
    if gone:
        names += WHOLE_NAMES
    folder = store.folder(lesson_id)
    if back := [name for name in names if (folder / name).exists()]:
        for name in back:
            store.disk.remove(folder / name)
        store.disk.sync_folder(folder)
        log.warning("deleted again lesson=%s files=%s", lesson_id, ", ".join(back))


def _without_away(store: Store, segments: Sequence[Kept]) -> list[Kept]:
    """Those whose disk is mounted. StorageError while there is none; behind another disk they are put down as away."""
    away = [one for one in segments if _is_away(store, one)]
    if away and not any(store.media.iterdir()):
        raise StorageError(f"{store.media} is empty: is its disk mounted? Nothing is deleted until it is back")
    if away:
        with store.catalogue.announced():
            store.keeping.set_presence(away, Presence.AWAY, None)
    return [one for one in segments if one not in away]


def _is_away(store: Store, one: Kept) -> bool:
    """A lesson that moved has what it recorded before on the disk that it left."""
    folder = store.folder(one.lesson_id)
    if store.is_in_fallback(one.lesson_id):
        return not (folder / one.file).exists()
    return not folder.is_dir() and store.is_media_absent()


def _unlink(store: Store, segments: Sequence[Kept]) -> None:
    for lesson_id in sorted({one.lesson_id for one in segments}):
        folder = store.folder(lesson_id)
        if not folder.is_dir():
            continue
        for name in WHOLE_NAMES:  # joined from the segments: the same media again
            store.disk.remove(folder / name)
        _unlink_renditions(store, folder, [one for one in segments if one.lesson_id == lesson_id])
        for one in segments:
            if one.lesson_id == lesson_id:
                for name in _names(one):
                    store.disk.remove(folder / name)  # D2
        if store.is_spent(lesson_id):
            for path in sorted(folder.glob(f"{SEGMENT_PREFIX}*")):
                store.disk.remove(path)
        store.disk.sync_folder(folder)  # D3


def _unlink_renditions(store: Store, folder: Path, segments: Sequence[Kept]) -> None:
    """What was rendered from these segments is the same media again; what is left of a rendition plays no more."""
    for rendition in sorted(folder.glob(f"{RENDITION_PREFIX}*")):
        for name in (playlist_file(), *(name for one in segments for name in (one.file, f"{one.file}{PART_SUFFIX}"))):
            store.disk.remove(rendition / name)
        store.disk.sync_folder(rendition)


def _names(one: Kept) -> tuple[str, ...]:
    """All files of a segment, itself last: while it is there, its deletion is not done."""
    sounds = [sound_file(one.index, role) for role in MicrophoneRole]
    further = [segment_file(one.index, name) for name in RenditionName]
    return (*sounds, *further, *(f"{name}{PART_SUFFIX}" for name in further), f"{one.file}{PART_SUFFIX}", one.file)


def tell_gone(store: Store, segments: Sequence[tuple[Kept, DeletionReason]]) -> None:
    """Step D4: these files are not on the disk any more."""
    with store.catalogue.announced() as tell:  # D4
        for one, reason in segments:
            store.keeping.set_presence([one], Presence.GONE, reason)
            tell(
                SegmentDeleted(
                    lesson_id=one.lesson_id,
                    index=one.index,
                    path=relative_path(one.lesson_id, one.file),
                    size=one.size,
                    sha256=one.sha256,
                    reason=reason,
                    stored=one.stored,
                )
            )
        for lesson_id, why in {one.lesson_id: why for one, why in segments}.items():
            for name in (None, *RenditionName):
                if not (store.folder(lesson_id) / whole_file(name)).exists():
                    tell_whole_gone(store, WholeKey(lesson_id, name), why, tell)
    for one, reason in segments:
        log.info("deleted path=%s reason=%s stored=%s", relative_path(one.lesson_id, one.file), reason, one.stored)
