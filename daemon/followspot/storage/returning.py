"""Files that were told missing and are there again: a disk that was exchanged, a folder that was put back."""

from collections.abc import Mapping
from pathlib import Path

from followspot.domain.retention import DeletionReason
from followspot.domain.segments import relative_path
from followspot.storage.keeping import Kept, Presence
from followspot.storage.reconcile import Finding, FindingKind
from followspot.storage.records import segment_ready
from followspot.storage.store import Store


def came_back(store: Store, lesson_id: str) -> list[Path]:
    """Such files of a lesson in their announced length: to be read, on any thread, before they are believed."""
    if store.is_in_fallback(lesson_id):
        return []
    folder = store.folder(lesson_id)
    paths = [(folder / one.file, one.size) for one in _missed(store, lesson_id)]
    return [path for path, size in paths if path.exists() and path.stat().st_size == size]


def take_back(store: Store, lesson_id: str, hashes: Mapping[Path, str]) -> list[Finding]:
    """Those that are as they were announced are here again, and announced anew: whoever uploads has given them up."""
    folder = store.folder(lesson_id)
    back = {one.index: one for one in _missed(store, lesson_id) if hashes.get(folder / one.file) == one.sha256}
    if not back:
        return []
    segments = store.catalogue.segments(lesson_id)
    with store.catalogue.announced() as tell:
        store.keeping.set_presence(back.values(), Presence.HERE, None)
        for segment in segments:
            if segment.index in back:
                tell(segment_ready(segment, last=segment is segments[-1]))
    text = "was told missing, is here again as it was announced, and is announced anew"
    return [Finding(FindingKind.RETURNED, relative_path(lesson_id, one.file), text) for one in back.values()]


def _missed(store: Store, lesson_id: str) -> list[Kept]:
    gone = store.keeping.of_lesson(lesson_id, Presence.GONE)
    return [one for one in gone if one.reason is DeletionReason.MISSING]
