"""The start: what an interrupted run left is made whole, and one lesson may go on. docs/segments.md lists the steps."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from followspot.domain.errors import StorageError
from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.domain.segments import relative_path, segment_file
from followspot.storage.completion import complete
from followspot.storage.disk import DiskErrors
from followspot.storage.rows import LessonRow, LessonState
from followspot.storage.salvage import Found, adopt, announce_pause, trim
from followspot.storage.store import Store

INTERRUPTED = "interrupted"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the start found. Paths are relative to the media root.

    `resume`: the lesson to go on with now, or, when it was `paused`, to wait with for whoever resumes it; who does not
    want that completes it. `salvaged`: whole segments that
    were not announced yet, and will be. `missing`: announced segments of unfinished lessons that are not there.
    `damaged_database`: the file name in the state folder of a database that was set aside for a new one. Lessons that
    only it knew are found by the reconciliation. `muted`: the teacher had muted her marker.
    """

    resume: LessonPlan | None = None
    salvaged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    damaged_database: str | None = None
    paused: bool = False
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Resumption:
    """When a lesson goes on, or stays paused, and the size of picture it must have: another one would not join.

    `size` None: the camera alone knows it.
    """

    within_ns: int
    paused_within_ns: int
    size: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _Interrupted:
    lesson: LessonRow
    found: list[Found]
    can_go_on: bool = True


def recover(store: Store, resumption: Resumption) -> tuple[Recovery, Callable[[], None]]:
    """The quick part (steps R1 to R5), and the slow part (R6, R7), to be run before anything else is stored."""
    _remove_empty_folders(store)
    interrupted = [_trimmed(store, lesson) for lesson in store.catalogue.open_lessons()]
    last = interrupted[-1] if interrupted else None
    paused = last is not None and last.lesson.state.is_paused
    resume = _resumable(store, last, resumption) if last is not None else None
    salvaged = [relative_path(one.lesson.id, segment_file(found.index)) for one in interrupted for found in one.found]
    recovery = Recovery(resume, tuple(salvaged), tuple(_missing(store, interrupted)), paused=paused)
    return recovery, lambda: _finish(store, interrupted, resume)


def _remove_empty_folders(store: Store) -> None:
    """A lesson's folder is made before it is on record: an empty one without a row never was a lesson."""
    folders: list[Path] = []
    for root in (store.media, store.fallback):
        with suppress(OSError):  # a disk that cannot be used, and a fallback folder that was never needed
            folders += () if root is None else root.iterdir()
    for folder in folders:
        if folder.is_dir() and store.catalogue.lesson(folder.name) is None and not any(folder.iterdir()):
            with suppress(OSError):  # not ours to remove, such as lost+found
                store.disk.remove_folder(folder)


def _trimmed(store: Store, lesson: LessonRow) -> _Interrupted:
    try:
        return _Interrupted(lesson, trim(store, lesson.id), store.folder(lesson.id).is_dir())
    except OSError as error:
        log.error("cannot salvage now, it is tried again while idle lesson=%s: %s", lesson.id, error)
        return _Interrupted(lesson, [], can_go_on=False)


def _resumable(store: Store, last: _Interrupted, resumption: Resumption) -> LessonPlan | None:
    lesson = last.lesson
    if not last.can_go_on or not (lesson.state is LessonState.RECORDING or lesson.state.is_paused):
        return None
    if lesson.anchor.boot_id != store.boot.boot_id():
        return None
    if resumption.size not in (None, (lesson.width, lesson.height)):
        log.warning("the lesson does not go on: the configured picture has another size lesson=%s", lesson.id)
        return None
    index, end_ns = store.catalogue.next_place(lesson.id)
    if last.found:
        index = max(found.index for found in last.found) + 1
        end_ns += sum(found.media.duration_ns for found in last.found)
    elapsed_ns = max(0, store.boot.boottime_ns() - lesson.anchor.boottime_at(end_ns))
    if elapsed_ns >= (resumption.paused_within_ns if lesson.state.is_paused else resumption.within_ns):
        return None
    how = "stays paused" if lesson.state.is_paused else "goes on"
    log.warning("the lesson %s lesson=%s missing_s=%.1f", how, lesson.id, elapsed_ns / 1e9)
    return LessonPlan(lesson.id, index, end_ns, GapReason.PAUSE if lesson.state.is_paused else GapReason.CRASH)


def _missing(store: Store, interrupted: list[_Interrupted]) -> list[str]:
    paths = [
        relative_path(one.lesson.id, segment.file)
        for one in interrupted
        for segment in store.keeping.here(one.lesson.id)
    ]
    roots = [store.media, *([] if store.fallback is None else [store.fallback])]
    return [path for path in paths if not any(_exists(root / path) for root in roots)]


def _exists(path: Path) -> bool:
    """A disk that does not answer has lost nothing yet."""
    try:
        return path.exists()
    except OSError:
        return True


def _finish(store: Store, interrupted: list[_Interrupted], resume: LessonPlan | None) -> None:
    for one in interrupted:
        try:
            if resume is not None and one.lesson.id == resume.lesson_id:
                adopt(store, one.lesson, one.found)
                announce_pause(store, one.lesson.id)
            else:
                store.reserve.lend(partial(complete, store, one.lesson.id, INTERRUPTED))
        except (*DiskErrors, StorageError) as error:
            log.error("cannot settle now, it is tried again while idle lesson=%s: %s", one.lesson.id, error)
