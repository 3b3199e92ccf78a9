"""`outbox_drain_ms_per_event` and `outbox_queued_mb`: a box that was without a broker for weeks finds one.

The outbox of a daemon that stood still is filled; then it is started beside a broker. Timed is from the first event at
a subscriber to the last. Memory is the most that was ever resident, against the same start with few events queued.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.bench.usage import peak_resident_mb
from followspot_sim.stage import Message, Stage, StageOptions

DRAIN, QUEUED = "outbox_drain_ms_per_event", "outbox_queued_mb"
DRAIN_BUDGET_MS, QUEUED_BUDGET_MB = 1.0, 16.0
FEW, MANY = 1000, 100_000
EVENT_BYTES = 900
"""What a segment.ready takes."""
TIMEOUT_S = 300.0


def measure(options: BenchOptions) -> list[Figure]:
    """Empty a short queue and a long one."""
    few_mb, _ = _drain(options.folder / "queue-short", FEW)
    many_mb, rate = _drain(options.folder / "queue-long", MANY)
    return [
        Figure(DRAIN, round(1000 / rate, 4), "ms", DRAIN_BUDGET_MS, {"events": MANY, "events_per_s": round(rate)}),
        Figure(QUEUED, round(many_mb - few_mb, 1), "MB", QUEUED_BUDGET_MB, {"resident_mb": [few_mb, many_mb]}),
    ]


class _Arrivals:
    """When the queued events came at the subscriber."""

    def __init__(self, stage: Stage) -> None:
        self.seen: set[str] = set()
        self.first_s = self.last_s = 0.0
        stage.listener.on_message = self._note

    def _note(self, message: Message) -> None:
        if isinstance(message.payload, dict) and str(message.payload.get("id", "")).startswith("queued-"):
            self.last_s = time.monotonic()
            self.first_s = self.first_s or self.last_s
            self.seen.add(message.payload["id"])


def _drain(folder: Path, count: int) -> tuple[float, float]:
    """The most resident memory, MB, and how many events came a second."""
    with Stage(StageOptions(folder)) as stage:
        stage.folder.mkdir(parents=True, exist_ok=True)
        stage.write_config({"mqtt": {"host": ""}})
        stage.start_daemon()
        stage.stop_daemon()
        _fill(stage.folder / "state" / "followspot.db", count)
        stage.start_broker()
        arrivals = _Arrivals(stage)
        stage.write_config()
        stage.start_daemon()
        stage.wait_for("the queue to be empty", lambda: len(arrivals.seen) == count, TIMEOUT_S)
        assert stage.daemon is not None, "the daemon is not running"
        return peak_resident_mb(stage.daemon.pid), count / (arrivals.last_s - arrivals.first_s)


def _fill(database: Path, count: int) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        (newest,) = connection.execute("SELECT COALESCE(MAX(sequence), 0) FROM outbox").fetchone()
        connection.executemany(
            "INSERT INTO outbox (sequence, id, topic, payload) VALUES (?, ?, ?, ?)", _rows(newest + 1, count)
        )


def _rows(first: int, count: int) -> Iterator[tuple[int, str, str, bytes]]:
    for sequence in range(first, first + count):
        name = f"queued-{sequence}"
        payload = json.dumps({"id": name, "sequence": str(sequence), "data": "x" * EVENT_BYTES}).encode()
        yield sequence, name, "followspot/v1/stage/event/queued", payload
