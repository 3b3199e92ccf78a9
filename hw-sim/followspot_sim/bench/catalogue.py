"""`catalogue_segment_growth` and `catalogue_acknowledge_growth`: what a full catalogue adds to work on one segment.

A box that has nothing to do but these, with 1, 1,000 and 100,000 segments on record and on its disk: how long it takes
from a segment's last frame, encoded, to PUBACK of its event, and from an acknowledgement to its answer. The figures
are the medians beside 100,000 over those beside one; what they are in milliseconds is in the detail.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sized
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from followspot_sim.bench import announcing, lesson
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.stage import Message, Stage, StageOptions
from followspot_sim.stage.theatre import Tables

SEGMENT, ACKNOWLEDGE = "catalogue_segment_growth", "catalogue_acknowledge_growth"
BUDGET = 1.5
"""Growth with the number would be hundreds of times; half as much again is a disk that others use, too."""
SIZES = (1, 1_000, 100_000)
PER_LESSON = 100
FILE_BYTES = 1000
SHA256 = "a" * 64
SEGMENT_S = 2.0
SHORTEST_S = 24.0
"""A dozen segments: their median is no accident."""
ACKNOWLEDGEMENTS = 50
RECONCILE_TIMEOUT_S = 300.0
ANSWER_TIMEOUT_S = 10.0
ANSWERS = "followspot/bench/answers"
ADD_LESSON = """
INSERT INTO lessons (id, state, reason, started, started_by, width, height, anchor_media_ns, anchor_wall,
    anchor_boot_id, anchor_boottime_ns) VALUES (?, 'completed', 'stopped', ?, 'bench', 2, 2, 0, ?, '', 0)
"""
ADD_SEGMENT = """
INSERT INTO segments (lesson_id, "index", file, size, sha256, init_size, start_ns, duration_ns, started, frames, tracks)
    VALUES (?, ?, ?, ?, ?, 1, ?, 1, ?, 1, '[]')
"""
ACKNOWLEDGE_ALL = """
UPDATE keeping SET store = 'bench', key = 'bench', sha256 = ?, acknowledged_ms = ?, acknowledged_boot_id = '',
    acknowledged_boottime_ns = 0
"""


def measure(options: BenchOptions) -> list[Figure]:
    """One lesson and ACKNOWLEDGEMENTS beside each number of segments."""
    segments: dict[int, float] = {}
    acknowledged: dict[int, float] = {}
    for size in SIZES:
        segments[size], acknowledged[size] = _beside(size, options)
    return [_growth(SEGMENT, segments), _growth(ACKNOWLEDGE, acknowledged)]


def _growth(name: str, medians_ms: dict[int, float]) -> Figure:
    detail = {"median_ms": {str(size): round(ms, 2) for size, ms in medians_ms.items()}}
    return Figure(name, round(medians_ms[SIZES[-1]] / medians_ms[SIZES[0]], 2), "ratio", BUDGET, detail)


def _beside(size: int, options: BenchOptions) -> tuple[float, float]:
    """Medians in milliseconds: a segment's way to PUBACK, and an acknowledgement's answer."""
    tables: Tables = {"log": {"level": "DEBUG"}, "recording": {"one_file": False}}
    with Stage(StageOptions(options.folder / f"beside-{size}", tables=tables, segment_s=SEGMENT_S)) as stage:
        stage.start_broker()
        stage.start_simulator()
        stage.write_config()
        stage.start_daemon()
        stage.stop_daemon()
        fill(stage.folder / "state" / "followspot.db", stage.media, size, datetime.now(UTC))  # noqa: TID251
        log = stage.folder / "daemon.log"
        log.rename(log.with_name("filling.log"))
        stage.start_daemon()
        reconciled = partial(_says, log, "files and catalogue were compared")
        stage.wait_for("files and catalogue to be compared", reconciled, RECONCILE_TIMEOUT_S)
        answers_ms = _acknowledge(stage)
        lesson.record(stage, partial(time.sleep, max(SHORTEST_S, options.seconds)))
        return median(announcing.delays_ms(log)), median(answers_ms)


def _has_more(things: Sized, number: int) -> bool:
    return len(things) > number


def _says(log: Path, text: str) -> bool:
    return text in log.read_text(errors="replace")


def _acknowledge(stage: Stage) -> list[float]:
    """How long each answer took, milliseconds. The same segment is stored elsewhere each time: that is news."""
    answered_s: list[float] = []

    def note(message: Message) -> None:
        if message.topic == ANSWERS:
            answered_s.append(time.monotonic())

    stage.listener.on_message = note
    took_ms = []
    for number in range(ACKNOWLEDGEMENTS):
        segments = [{"index": 0, "sha256": SHA256, "key": f"place-{number}"}]
        said = json.dumps({"lesson_id": _lesson_id(0), "store": "bench", "segments": segments}).encode()
        asked_s = time.monotonic()
        stage.listener.publish("followspot/v1/stage/ack", said, response_topic=ANSWERS)
        stage.wait_for("the answer", partial(_has_more, answered_s, number), ANSWER_TIMEOUT_S)
        took_ms.append((answered_s[number] - asked_s) * 1000)
    return took_ms


def fill(database: Path, media: Path, size: int, now: datetime) -> None:
    """Completed lessons with so many segments in all, on record and on the disk; the first lesson has one.

    The pipeline has acknowledged them just now, so that nothing is deleted.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        for number, count in enumerate(_lengths(size)):
            folder = media / _lesson_id(number)
            folder.mkdir()
            for index in range(count):
                with (folder / _file(index)).open("wb") as file:
                    file.truncate(FILE_BYTES)
            connection.execute(ADD_LESSON, (_lesson_id(number), now.isoformat(), now.isoformat()))
            connection.executemany(ADD_SEGMENT, _segments(number, count, now))
        connection.execute(ACKNOWLEDGE_ALL, (SHA256, int(now.timestamp() * 1000)))


def _lengths(size: int) -> Iterator[int]:
    yield 1
    for first in range(1, size, PER_LESSON):
        yield min(PER_LESSON, size - first)


def _segments(number: int, count: int, now: datetime) -> Iterator[tuple[object, ...]]:
    for index in range(count):
        yield _lesson_id(number), index, _file(index), FILE_BYTES, SHA256, index, now.isoformat()


def _lesson_id(number: int) -> str:
    return f"0100{number:04d}-0000-7000-8000-000000000000"


def _file(index: int) -> str:
    return f"segment-{index:05d}.mp4"
