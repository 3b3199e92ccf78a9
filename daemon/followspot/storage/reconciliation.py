"""The way through all files and rows: short steps on the storage thread, long reads on another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from followspot.storage.reconcile import (
    Finding,
    FindingKind,
    Orphan,
    adopt_orphan,
    check_lesson,
    file_hash,
    hashed,
    look_at,
    unknown_folders,
)
from followspot.storage.refuge import bring_home, homeless, settle_in, sweep_fallback
from followspot.storage.store import Store, storage_error

T = TypeVar("T")


class OnStorageThread(Protocol):
    """Runs a call there, between two fragments of what is recorded; StorageError names what was being done."""

    async def __call__(self, doing: str, call: Callable[[], T]) -> T:
        """The call's result."""
        ...


async def reconcile(store: Store, run: OnStorageThread, *, read_all: bool) -> AsyncIterator[Finding]:
    """Every completed lesson, then every unknown folder. `read_all`: announced files are hashed, else measured."""
    await asyncio.to_thread(sweep_fallback, store)
    for lesson_id in await run("looking for lessons to bring home", partial(homeless, store)):
        yield await _home(store, run, lesson_id)
    after = ""
    while ids := await run("listing the lessons", partial(store.catalogue.completed_lessons, after, 1)):
        (after,) = ids
        for finding in await _checked(store, run, after, read_all=read_all):
            yield finding
    for name in await run(f"listing {store.media}", partial(unknown_folders, store)):
        for finding in await _adopted(store, run, name):
            yield finding


async def _home(store: Store, run: OnStorageThread, lesson_id: str) -> Finding:
    try:
        await asyncio.to_thread(bring_home, store, lesson_id)
    except OSError as error:
        raise storage_error(f"bringing the lesson {lesson_id} home to {store.media}", error) from error
    await run(f"bringing the lesson {lesson_id} home", partial(settle_in, store, lesson_id))
    await asyncio.to_thread(sweep_fallback, store)
    return Finding(FindingKind.REUNITED, lesson_id, f"went on in {store.fallback} and is home again")


async def _checked(store: Store, run: OnStorageThread, lesson_id: str, *, read_all: bool) -> list[Finding]:
    doing = f"checking the lesson {lesson_id}"
    if not read_all:
        return await run(doing, partial(check_lesson, store, lesson_id))
    here = await run(doing, partial(store.keeping.here, lesson_id))
    hashes = await asyncio.to_thread(_hashes, [store.folder(lesson_id) / one.file for one in here])
    return await run(doing, partial(check_lesson, store, lesson_id, hashes.__getitem__))


def _hashes(paths: list[Path]) -> dict[Path, str]:
    return {path: file_hash(path) for path in paths if path.exists()}


async def _adopted(store: Store, run: OnStorageThread, name: str) -> list[Finding]:
    seen = await run(f"looking at {store.folder(name)}", partial(look_at, store, name))
    if not isinstance(seen, Orphan):
        return [] if seen is None else [seen]
    hashes = await asyncio.to_thread(hashed, store, seen)
    adopt = partial(adopt_orphan, store, seen, hashes)
    return await run(f"adopting {store.folder(name)}", partial(store.reserve.lend, adopt))
