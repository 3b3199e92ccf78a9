"""The way through all files and rows: short steps on the storage thread, long reads on another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from followspot.domain.errors import StorageError
from followspot.storage.adopting import Orphan, adopt_orphan, hashed, look_at, unknown_folders
from followspot.storage.disk import file_hash
from followspot.storage.reconcile import Finding, FindingKind, announced_files, check_lesson
from followspot.storage.refuge import bring_home, homeless, settle_in, sweep_fallback
from followspot.storage.returning import came_back, take_back
from followspot.storage.store import Store, storage_error

T = TypeVar("T")


class OnStorageThread(Protocol):
    """Runs a call there, between two fragments of what is recorded; StorageError names what was being done."""

    async def __call__(self, doing: str, call: Callable[[], T]) -> T:
        """The call's result."""
        ...


async def reconcile(store: Store, run: OnStorageThread, *, read_all: bool) -> AsyncIterator[Finding]:
    """Every completed lesson, then every unknown folder. `read_all`: announced files are hashed, else measured."""
    async for finding in come_home(store, run):
        yield finding
    after = ""
    while ids := await run("listing the lessons", partial(store.catalogue.completed_lessons, after, 1)):
        (after,) = ids
        for finding in await _checked(store, run, after, read_all=read_all):
            yield finding
    for name in await run(f"listing {store.media}", partial(unknown_folders, store)):
        for finding in await _adopted(store, run, name):
            yield finding


async def come_home(store: Store, run: OnStorageThread) -> AsyncIterator[Finding]:
    """Every lesson in the fallback folder that can come home. One that cannot keeps no other from it."""
    await asyncio.to_thread(sweep_fallback, store)
    for lesson_id in await run("looking for lessons to bring home", partial(homeless, store)):
        yield await _home(store, run, lesson_id)


async def _home(store: Store, run: OnStorageThread, lesson_id: str) -> Finding:
    doing = f"bringing the lesson {lesson_id} home to {store.media}"
    try:
        await asyncio.to_thread(bring_home, store, lesson_id)
        await run(doing, partial(settle_in, store, lesson_id))
        await asyncio.to_thread(sweep_fallback, store)
    except OSError as error:
        return _stays(store, lesson_id, storage_error(doing, error))
    except StorageError as error:
        return _stays(store, lesson_id, error)
    return Finding(FindingKind.REUNITED, lesson_id, f"went on in {store.fallback} and is home again")


def _stays(store: Store, lesson_id: str, error: StorageError) -> Finding:
    return Finding(FindingKind.HOMELESS, lesson_id, f"stays in {store.fallback} and is tried again: {error}")


async def _checked(store: Store, run: OnStorageThread, lesson_id: str, *, read_all: bool) -> list[Finding]:
    doing = f"checking the lesson {lesson_id}"
    findings = []
    if back := await run(doing, partial(came_back, store, lesson_id)):
        hashes = await asyncio.to_thread(_hashes, back)
        findings = await run(doing, partial(take_back, store, lesson_id, hashes))
    if not read_all:
        return findings + await run(doing, partial(check_lesson, store, lesson_id))
    paths = await run(doing, partial(announced_files, store, lesson_id))
    hashes = await asyncio.to_thread(_hashes, paths)
    return findings + await run(doing, partial(check_lesson, store, lesson_id, hashes.__getitem__))


def _hashes(paths: list[Path]) -> dict[Path, str]:
    return {path: file_hash(path) for path in paths if path.exists()}


async def _adopted(store: Store, run: OnStorageThread, name: str) -> list[Finding]:
    seen = await run(f"looking at {store.folder(name)}", partial(look_at, store, name))
    if not isinstance(seen, Orphan):
        return [] if seen is None else [seen]
    hashes = await asyncio.to_thread(hashed, store, seen)
    adopt = partial(adopt_orphan, store, seen, hashes)
    return await run(f"adopting {store.folder(name)}", partial(store.reserve.lend, adopt))
