"""What the pipeline acknowledges is held against the catalogue, noted, and told to everyone, in one transaction."""

import hashlib

from followspot.domain.acknowledgement import (
    Acknowledgement,
    IncompleteStoreError,
    StoredFile,
    StoredSegment,
    UnknownMediaError,
    WrongHashError,
)
from followspot.domain.allowance import Allowance
from followspot.domain.commands import BusyError
from followspot.domain.events import EventData, LessonStored, SegmentStored
from followspot.domain.recording import RenditionFile
from followspot.domain.segments import MANIFEST_FILE
from followspot.storage.keeping import MANIFEST_INDEX, Copy
from followspot.storage.rows import LessonRow, LessonState
from followspot.storage.store import Store

MOVES_AT_ONCE = 1000
MOVE_PERIOD_NS = 24 * 3600 * 1_000_000_000 // MOVES_AT_ONCE
"""Files that are said to be elsewhere now, each an event: about what a day of lessons makes by itself, and no more."""


def moves_allowed() -> Allowance:
    """How many files may be acknowledged at another place than before."""
    return Allowance(MOVES_AT_ONCE, MOVE_PERIOD_NS)


def acknowledge(store: Store, said: Acknowledgement, moves: Allowance) -> int:
    """Note it durably; how many files are newly stored, or stored elsewhere than before.

    Raises UnknownMediaError, WrongHashError, IncompleteStoreError, or BusyError beyond the `moves` allowed; then
    nothing of it counts.
    """
    lesson = store.catalogue.lesson(said.lesson_id)
    if lesson is None:
        raise UnknownMediaError(f"no lesson {said.lesson_id} is on record here")
    _check_segments(store, said)
    if said.manifest is not None:
        _check_manifest(store, lesson, said.manifest)
    changed: list[tuple[int, StoredFile]] = [
        (one.index, one) for one in said.segments if _is_news(store, said, one.index, one)
    ]
    if said.manifest is not None and _is_news(store, said, MANIFEST_INDEX, said.manifest):
        changed.append((MANIFEST_INDEX, said.manifest))
    if not changed:
        return 0
    moved = sum(store.keeping.copy(said.lesson_id, index) is not None for index, _ in changed)
    if moved and not moves.take(moved, store.clock.monotonic_ns()):
        raise BusyError("more files than in a day of lessons were said to be elsewhere now: the rest later")
    with store.catalogue.announced() as tell:
        was_whole = store.keeping.is_stored_whole(said.lesson_id)
        for index, file in changed:
            copy = Copy(said.store, file.key, file.sha256)
            store.keeping.set_copy(said.lesson_id, index, copy, store.clock.utc_now())
            if index != MANIFEST_INDEX:
                tell(_segment_stored(said, index, file))
        if not was_whole and store.keeping.is_stored_whole(said.lesson_id):
            tell(_lesson_stored(store, said.lesson_id))
    return len(changed)


def _check_segments(store: Store, said: Acknowledgement) -> None:
    known = store.catalogue.hashes(said.lesson_id)
    further = store.catalogue.renditions(said.lesson_id)
    for segment in said.segments:
        sha256 = known.get(segment.index)
        if sha256 is None:
            raise UnknownMediaError(f"the lesson {said.lesson_id} has no segment {segment.index} on record here")
        _compare(f"segment {segment.index} of the lesson {said.lesson_id}", sha256, segment)
        _check_further(store, said.lesson_id, segment, further.get(segment.index, ()))


def _check_further(store: Store, lesson_id: str, segment: StoredSegment, renditions: tuple[RenditionFile, ...]) -> None:
    """A further picture that is here would be deleted with its segment: it must be stored too."""
    for one in renditions:
        if one.sha256 not in segment.beside and (store.folder(lesson_id) / one.file).exists():
            raise IncompleteStoreError(
                f"segment {segment.index} of the lesson {lesson_id} has the {one.name} picture {one.file} as well: "
                f"store it, and quote its SHA-256 {one.sha256} in beside"
            )


def _check_manifest(store: Store, lesson: LessonRow, manifest: StoredFile) -> None:
    if lesson.state is not LessonState.COMPLETED:
        raise UnknownMediaError(f"the lesson {lesson.id} is not completed: it has no manifest yet")
    try:
        content = (store.folder(lesson.id) / MANIFEST_FILE).read_bytes()
    except FileNotFoundError as error:
        raise UnknownMediaError(f"the manifest of the lesson {lesson.id} is not here any more") from error
    _compare(f"the manifest of the lesson {lesson.id}", hashlib.sha256(content).hexdigest(), manifest)


def _compare(what: str, sha256: str, file: StoredFile) -> None:
    if file.sha256 != sha256:
        raise WrongHashError(f"{what} has the SHA-256 {sha256}, but {file.key} was stored with {file.sha256}")


def _is_news(store: Store, said: Acknowledgement, index: int, file: StoredFile) -> bool:
    return store.keeping.copy(said.lesson_id, index) != Copy(said.store, file.key, file.sha256)


def _segment_stored(said: Acknowledgement, index: int, file: StoredFile) -> EventData:
    return SegmentStored(lesson_id=said.lesson_id, index=index, sha256=file.sha256, store=said.store, key=file.key)


def _lesson_stored(store: Store, lesson_id: str) -> EventData:
    manifest = store.keeping.copy(lesson_id, MANIFEST_INDEX)
    assert manifest is not None, "a lesson that is stored whole has a stored manifest"
    return LessonStored(
        lesson_id=lesson_id,
        segments=len(store.catalogue.hashes(lesson_id)),
        manifest_sha256=manifest.sha256,
        store=manifest.store,
        key=manifest.key,
    )
