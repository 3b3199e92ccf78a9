"""The fallback folder: where a lesson goes on whose disk fails, and how it comes home (F1 to F7 in segments.md)."""

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from followspot.domain.ids import stamp_of
from followspot.domain.segments import FRAMING_FILE
from followspot.storage.disk import Disk, file_hash, is_full, make_private_folder
from followspot.storage.keeping import Presence
from followspot.storage.notices import MediaMoved
from followspot.storage.removal import remove_again
from followspot.storage.rows import LessonState
from followspot.storage.store import Store, storage_error

DRAFT_SUFFIX = ".moving"
LEFT_PREFIX = ".left-"
"""Before the name of a folder whose lesson is home: only to be removed."""
COPY_CHUNK_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


def may_take_refuge(store: Store, lesson_id: str, error: BaseException) -> bool:
    """Whether another place may help: not where the disk is full, and only once."""
    fails = isinstance(error, OSError) and not is_full(error)
    return store.fallback is not None and fails and not store.is_in_fallback(lesson_id)


def take_refuge(store: Store, lesson_id: str) -> Path:
    """Steps F1 and F2: the lesson's folder in the fallback root; what it has so far is away with the disk."""
    assert store.fallback is not None, "only where there is a fallback folder"
    store.fallback.parent.mkdir(parents=True, exist_ok=True)
    make_private_folder(store.fallback)
    store.reserve.require(store.fallback)
    folder = store.fallback / lesson_id
    store.disk.make_folder(folder)
    store.disk.sync_folder(store.fallback)
    with store.catalogue.announced():
        store.keeping.set_presence(store.keeping.here(lesson_id), Presence.AWAY, None)
    return folder


def moved_notice(store: Store, lesson_id: str, error: Exception) -> MediaMoved:
    """What a technician hears of it."""
    failure = storage_error(f"the lesson {lesson_id} in {store.media} cannot be written on", error)
    place = f"It goes on in {store.fallback}, and comes home when followspot starts with the disk in order"
    return MediaMoved(lesson_id, f"{failure}. {place}")


def homeless(store: Store) -> list[str]:
    """Lessons that have a part in the fallback folder, while there is a media disk to come home to.

    Those that are completed, and those that only a damaged database knew: at home they are found.
    """
    if store.fallback is None or not store.fallback.is_dir() or store.is_media_absent():
        return []
    names = sorted(path.name for path in store.fallback.iterdir() if stamp_of(path.name) is not None)
    lessons = ((name, store.catalogue.lesson(name)) for name in names)
    return [name for name, lesson in lessons if lesson is None or lesson.state is LessonState.COMPLETED]


def bring_home(store: Store, lesson_id: str) -> None:
    """Steps F4 and F5: copy its part to the media disk, durably. Long, on any thread: nothing of it changes now."""
    assert store.fallback is not None, "only where there is a fallback folder"
    source, home = store.fallback / lesson_id, store.media / lesson_id
    paths = sorted(source.iterdir())
    if store.disk.free_bytes(store.media) < sum(path.stat().st_size for path in paths) + store.spare_bytes:
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} for it and for retention.start_min of recording")
    make_private_folder(home)
    for path in paths:
        try:
            _copy(store.disk, path, home / path.name)
        except FileNotFoundError:
            if path.exists():
                raise
            store.disk.remove(_draft(home / path.name))  # deleted meanwhile, and told
    store.disk.sync_folder(home)
    store.disk.sync_folder(store.media)


def settle_in(store: Store, lesson_id: str) -> None:
    """Steps F6 and F7: from now on it lives at home. On the storage thread."""
    assert store.fallback is not None, "only where there is a fallback folder"
    left = store.fallback / f"{LEFT_PREFIX}{lesson_id}"
    store.disk.rename(store.fallback / lesson_id, left)
    store.disk.sync_folder(store.fallback)
    with store.catalogue.announced():
        store.keeping.bring_back(lesson_id)
    remove_again(store, lesson_id)
    if not any(stamp_of(path.name) for path in store.fallback.iterdir()):
        store.reserve.give_back(store.fallback)
    log.warning("the lesson is home again lesson=%s folder=%s", lesson_id, store.media)


def sweep_fallback(store: Store) -> None:
    """Remove what lessons have left behind that are home."""
    if store.fallback is not None and store.fallback.is_dir():
        for left in store.fallback.glob(f"{LEFT_PREFIX}*"):
            shutil.rmtree(left)


def _copy(disk: Disk, source: Path, target: Path) -> None:
    """A complete file under its name, or none. The framing track goes on behind what is at home already."""
    head = target if source.name == FRAMING_FILE and target.exists() else None
    if head is not None and _ends_with(head, source):
        return
    draft = _draft(target)
    disk.remove(draft)
    try:
        written = _write(disk, draft, [part for part in (head, source) if part is not None])
        if file_hash(draft) != written:
            raise OSError(errno.EIO, f"{draft} does not hold what was written", str(draft))
    except OSError:
        with suppress(OSError):  # a disk that refuses this keeps it for the next attempt to remove
            disk.remove(draft)
        raise
    disk.rename(draft, target)


def _write(disk: Disk, draft: Path, parts: Sequence[Path]) -> str:
    """The SHA-256 of what was written. It is read from the disk next, not from memory: that disk has failed before."""
    digest = hashlib.sha256()
    fd = disk.create(draft)
    try:
        for part in parts:
            with part.open("rb") as file:
                while chunk := file.read(COPY_CHUNK_BYTES):
                    digest.update(chunk)
                    disk.write(fd, chunk)
        disk.sync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        disk.close(fd)
    return digest.hexdigest()


def _draft(target: Path) -> Path:
    return target.with_name(target.name + DRAFT_SUFFIX)


def _ends_with(path: Path, tail: Path) -> bool:
    """Whether an earlier, interrupted home-coming has put `tail` there already."""
    content = tail.read_bytes()
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(content)), os.SEEK_SET)
        return file.read() == content
