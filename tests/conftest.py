"""What every test gets: no leaked thread or child, and the folder of real recordings where there is one."""

import asyncio
import os
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.programs import require_program

pytest_plugins = ["support.dock_option", "support.stages"]

# A busy machine makes no property wrong: neither slow examples nor slow generation are failures.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

LINGER_S = 2.0
"""A thread that was told to end may need a moment; one that is still there after this was leaked."""

REAL_TIME = {"classroom", "dock", "dock_ble", "dock_c", "dock_kit", "docks_other", "media"}
"""Folders whose tests hold devices to their times: like the scenarios they run one after the other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what must have the machine for itself."""
    for item in items:
        if item.path.parent.name in REAL_TIME or item.get_closest_marker("scenario"):
            item.add_marker("realtime")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI everything is installed, so a skip is a failure there; only what needs or forbids root may be skipped."""
    report = yield
    if report.skipped and os.environ.get("CI") and "root" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, and in CI nothing may be: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """A test that leaves a thread running fails."""
    before = set(threading.enumerate())
    yield
    give_up = time.monotonic() + LINGER_S
    while leaked := [t for t in threading.enumerate() if t not in before and t.is_alive() and not _is_pool(t)]:
        if time.monotonic() > give_up:
            pytest.fail(f"threads left running: {[t.name for t in leaked]}")
        time.sleep(0.02)


def _is_pool(thread: threading.Thread) -> bool:
    # asyncio's default executor is shut down with its loop, after this fixture.
    return thread.name.startswith("asyncio_")


@pytest.fixture(autouse=True)
def no_leaked_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An asynchronous test that leaves a task running when its loop is closed fails."""
    leaked: list[str] = []
    cancel_all = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

    def note_and_cancel(loop: asyncio.AbstractEventLoop) -> None:
        leaked.extend(t.get_name() for t in asyncio.all_tasks(loop))
        cancel_all(loop)

    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", note_and_cancel)
    yield
    assert not leaked, f"tasks left running: {leaked}"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real recordings named by FOLLOWSPOT_DATA; skips without it."""
    folder = os.environ.get("FOLLOWSPOT_DATA", "")
    if not folder or not (Path(folder) / "index.json").is_file():
        pytest.skip("no real recordings: FOLLOWSPOT_DATA names no folder with an index.json")
    return Path(folder)


@pytest.fixture(scope="session")
def ffprobe() -> str:
    """ffprobe from Debian's ffmpeg."""
    return require_program("ffprobe")


@pytest.fixture(scope="session")
def mosquitto() -> str:
    """The mosquitto broker."""
    return require_program("mosquitto")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A headless-capable Chromium."""
    return require_program("chromium")
