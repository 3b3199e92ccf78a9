"""The outbox: order, marks, and many rows."""

import json
import resource
import sqlite3
import time

import pytest

from followspot.domain.alerts import AlertCode
from followspot.domain.errors import StorageError
from followspot.domain.events import AlertCleared, AlertRaised
from support.storagelab import Box, events, opened

ALERT = AlertRaised(code=AlertCode.DOCK_LOST, subject="dock", message="gone")
KIBIBYTES_PER_MEBIBYTE = 1024


async def test_events_wait_in_order_until_they_are_marked(box: Box) -> None:
    async with opened(box) as (storage, _):
        for _ in range(5):
            await storage.publish(ALERT)
        assert [e.sequence for e in await storage.pending(0, 3)] == [1, 2, 3]
        assert [e.sequence for e in await storage.pending(3, 100)] == [4, 5]
        await storage.mark_published([2, 4])
        assert [e.sequence for e in await storage.pending(0, 100)] == [1, 3, 5]


async def test_a_new_start_goes_on_counting_in_the_same_epoch_with_the_same_bytes(box: Box) -> None:
    async with opened(box) as (storage, _):
        await storage.publish(ALERT)
        first = await storage.pending(0, 10)
    async with opened(box) as (storage, _):
        assert await storage.pending(0, 10) == first
        await storage.publish(ALERT)
        before, after = await events(storage)
    assert (before["sequence"], after["sequence"]) == (1, 2)
    assert before["epoch"] == after["epoch"]
    assert before["id"] != after["id"]


async def test_what_was_told_to_be_wrong_is_known_after_a_restart(box: Box) -> None:
    async with opened(box) as (storage, _):
        await storage.publish(ALERT)
        await storage.publish(AlertRaised(code=AlertCode.DISK_LOW, subject="media", message="low"))
        await storage.publish(AlertCleared(code=AlertCode.DISK_LOW, subject="media"))
    async with opened(box) as (storage, _):
        assert await storage.told_alerts() == [("dock-lost", "dock")]


async def test_a_transaction_that_fails_leaves_no_hole(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(box) as (storage, _):
        await storage.publish(ALERT)
        with monkeypatch.context() as patch:
            patch.setattr(ALERT.__class__, "type", None)
            with pytest.raises(AttributeError):
                await storage.publish(None)  # type: ignore[arg-type]
        await storage.publish(ALERT)
        assert [e["sequence"] for e in await events(storage)] == [1, 2]


async def test_a_hundred_thousand_sent_events_cost_neither_memory_nor_time(box: Box) -> None:
    async with opened(box) as (storage, _):
        await storage.publish(ALERT)
    fill(box, rows=100_000)
    async with opened(box) as (storage, _):
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began_ns = time.monotonic_ns()
        for _ in range(200):
            assert [e.sequence for e in await storage.pending(0, 50)] == [1]
        assert (time.monotonic_ns() - began_ns) / 200 < 20_000_000
        await storage.publish(ALERT)
        assert (await storage.pending(1, 50))[0].sequence == 100_002
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert grown_kib < 8 * KIBIBYTES_PER_MEBIBYTE


def fill(box: Box, rows: int) -> None:
    """Put sent events behind the first."""
    with sqlite3.connect(box.root / "state" / "followspot.db") as connection:
        connection.executemany(
            "INSERT INTO outbox (sequence, id, topic, payload, published) VALUES (?, ?, 't', ?, 1)",
            ((n, str(n), json.dumps({"n": n}).encode()) for n in range(2, rows + 2)),
        )
        plan = connection.execute("EXPLAIN QUERY PLAN SELECT sequence FROM outbox WHERE published = 0 AND sequence > 0")
        assert "outbox_pending" in str(plan.fetchall())
    connection.close()


async def test_a_database_of_another_time_is_refused_in_plain_words(box: Box) -> None:
    async with opened(box):
        pass
    connection = sqlite3.connect(box.root / "state" / "followspot.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match=r"followspot\.db has schema version 99"):
        await box.storage().open()
