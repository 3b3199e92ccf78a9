"""A lesson as one file: announced (docs/segments.md, J3 to J5) and freed (docs/retention.md, W1 to W3)."""

import logging
from collections.abc import Callable, Iterator

from followspot.domain.events import EventData, LessonAvailable, LessonUnavailable
from followspot.domain.rendition import RenditionName
from followspot.domain.retention import DeletionReason
from followspot.domain.segments import relative_path, whole_file
from followspot.storage.rows import WholeFile, WholeKey
from followspot.storage.spool import PART_SUFFIX
from followspot.storage.store import Store

WHOLE_NAMES = tuple(f"{whole_file(name)}{suffix}" for name in (None, *RenditionName) for suffix in ("", PART_SUFFIX))

log = logging.getLogger(__name__)


def announce_whole(store: Store, whole: WholeFile) -> None:
    """Steps J3 to J5: an interrupted run may have named the file already.

    Silent where segments were deleted since: then the same media again must not stay.
    """
    folder = store.folder(whole.lesson_id)
    target = folder / whole.file
    part = target.with_name(target.name + PART_SUFFIX)
    if not store.has_segments(whole.key) or not (part.exists() or target.exists()):
        drop_whole(store, whole.key)
        return
    if part.exists():
        store.disk.rename(part, target)
    store.disk.sync_folder(folder)
    path = relative_path(whole.lesson_id, whole.file)
    with store.catalogue.announced() as tell:
        store.wholes.add(whole)
        tell(
            LessonAvailable(
                lesson_id=whole.lesson_id,
                path=path,
                size=whole.size,
                sha256=whole.sha256,
                duration_ns=whole.duration_ns,
                rendition=whole.rendition,
            )
        )
    log.info("lesson available path=%s size=%d", path, whole.size)


def drop_whole(store: Store, key: WholeKey) -> None:
    """Leave nothing of a lesson as one file that is not announced."""
    folder, whole = store.folder(key.lesson_id), whole_file(key.rendition)
    if folder.is_dir():
        for name in (whole, f"{whole}{PART_SUFFIX}"):
            store.disk.remove(folder / name)  # W1
        store.disk.sync_folder(folder)  # W2


def free_whole(store: Store, key: WholeKey, reason: DeletionReason) -> None:
    """Steps W1 to W3. Interrupted before W3, the next start's reconciliation does that."""
    drop_whole(store, key)
    with store.catalogue.announced() as tell:
        tell_whole_gone(store, key, reason, tell)


def tell_whole_gone(store: Store, key: WholeKey, reason: DeletionReason, tell: Callable[[EventData], object]) -> None:
    """Step W3, within a transaction of the caller's: what was announced is not there any more."""
    whole = store.wholes.of(key)
    if whole is None:
        return
    store.wholes.remove(key)
    path = relative_path(key.lesson_id, whole.file)
    tell(
        LessonUnavailable(
            lesson_id=key.lesson_id,
            path=path,
            size=whole.size,
            sha256=whole.sha256,
            reason=reason,
            rendition=key.rendition,
        )
    )
    log.info("lesson no longer one file path=%s reason=%s", path, reason)


def spare_wholes(store: Store) -> Iterator[WholeFile]:
    """One files that can be made again, the oldest first. Ask on only as far as is needed: each asks for files."""
    whole = store.wholes.after(WholeKey(""))
    while whole is not None:
        if can_be_made_again(store, whole.key):
            yield whole
        whole = store.wholes.after(whole.key)


def can_be_made_again(store: Store, key: WholeKey) -> bool:
    """Whether every segment is on the disk as it was announced: else the one file may be the only copy of something."""
    here = store.keeping.here(key.lesson_id)
    count, _ = store.catalogue.next_place(key.lesson_id)
    folder = store.folder(key.lesson_id)
    sizes = {one.file: one.size for one in here}
    for further in store.catalogue.renditions(key.lesson_id).values() if key.rendition is not None else ():
        sizes |= {one.file: one.size for one in further if one.name is key.rendition}
    try:
        return len(here) == count and all((folder / file).stat().st_size == size for file, size in sizes.items())
    except FileNotFoundError:
        return False
