"""A card that writes 2 MB/s and takes 3 s for every sync, in its own time: media arrives while the disk is busy.

A hundredth of the real sizes. Whatever takes the disk's time moves the clock, and what the recorder would have given
meanwhile is given: nothing here depends on how fast this machine is.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from followspot.domain.recording import LessonPlan, SegmentEnd, SegmentSink
from followspot.storage import DiskOverflow
from followspot.storage.disk import Disk
from support.storagelab import LESSON, Box, RealClock, events, opened, origin, tracks

SECOND_NS = 1_000_000_000
FRAGMENT_NS, FRAGMENT_BYTES = SECOND_NS // 2, 2560
"""Half a second at 4 Mbit/s, a hundredth of it."""
FRAGMENTS = 120
"""In a segment of a minute."""
QUEUE_BYTES = 64 * 1024 * 1024 // 100
SYNC_NS = 3 * SECOND_NS


class CardClock(RealClock):
    """Time as the card spends it."""

    def __init__(self) -> None:
        self.now_ns = SECOND_NS

    def monotonic_ns(self) -> int:
        return self.now_ns


class SlowCard(Disk):
    """A disk that takes its time, in which the recorder goes on."""

    def __init__(self, clock: CardClock, bytes_per_s: float) -> None:
        self.clock, self.bytes_per_s = clock, bytes_per_s
        self.syncs = 0
        self.recorder: Iterator[int] | None = None
        self.due_ns = 0

    def write(self, fd: int, data: bytes) -> None:
        super().write(fd, data)
        self.spend(int(len(data) / self.bytes_per_s * SECOND_NS))

    def sync(self, fd: int) -> None:
        self.syncs += 1
        self.spend(SYNC_NS)

    def sync_folder(self, folder: Path) -> None:
        self.spend(SYNC_NS)

    def spend(self, duration_ns: int) -> None:
        """Let time pass; what is recorded in it is given. On the storage thread."""
        self.clock.now_ns += duration_ns
        while self.recorder is not None and self.due_ns <= self.clock.now_ns:
            following = next(self.recorder, None)
            if following is None:
                self.recorder = None
            else:
                self.due_ns = following


def box(*kinds: bytes, size: int = FRAGMENT_BYTES) -> bytes:
    """Boxes of these kinds, in all `size` bytes."""
    rest = size - 8 * len(kinds)
    return b"".join(struct.pack(">I4s", 8 + (rest if kind == kinds[-1] else 0), kind) for kind in kinds) + bytes(rest)


def recording(sink: SegmentSink, clock: CardClock, segments: int) -> Iterator[int]:
    """A recorder: does what is due, and says when the next is."""
    begin_ns = clock.now_ns
    for index in range(segments):
        start_ns = index * FRAGMENTS * FRAGMENT_NS
        sink.open_segment(index, start_ns)
        for n in range(FRAGMENTS):
            yield begin_ns + start_ns + (n + 1) * FRAGMENT_NS
            sink.write_fragment(index, box(b"ftyp", b"moof", b"mdat") if n == 0 else box(b"moof", b"mdat"))
        duration_ns = FRAGMENTS * FRAGMENT_NS
        sink.finish_segment(SegmentEnd(index, start_ns, duration_ns, 900, index == segments - 1, tracks()))


async def record(folder: Path, bytes_per_s: float, segments: int) -> tuple[Box, SlowCard, list[dict]]:
    clock = CardClock()
    card = SlowCard(clock, bytes_per_s)
    made = Box(folder, disk=card, clock=clock, queue_limit_bytes=QUEUE_BYTES)
    made.on_outbox = lambda: card.spend(SYNC_NS)  # the database's own sync
    async with opened(made) as (storage, _):
        await storage.pending(0, 1)
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin(clock))

        def start() -> None:
            card.recorder = recording(sink, clock, segments)
            card.due_ns = next(card.recorder)

        await storage._worker.run(start)
        while card.recorder is not None:
            await storage._worker.run(lambda: card.spend(FRAGMENT_NS))
        await storage.complete_lesson(LESSON, "stopped")
        return made, card, await events(storage)


async def test_a_card_that_takes_three_seconds_for_a_sync_costs_no_frame(tmp_path: Path) -> None:
    made, card, told = await record(tmp_path, 20_000, segments=10)
    assert not made.told(DiskOverflow)
    ready = [one["data"] for one in told if one["type"] == "segment.ready"]
    assert len(ready) == 10
    assert [one["size"] for one in ready] == [FRAGMENTS * FRAGMENT_BYTES] * 10
    assert not [one for one in told if one["type"] == "gap"]
    assert card.syncs > 10 * FRAGMENTS / 14, "every seven seconds at least"


async def test_a_card_that_cannot_keep_up_at_all_is_a_declared_gap(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    made, _, told = await record(tmp_path, 2_000, segments=10)
    assert made.told(DiskOverflow)
    kept = sum(one["data"]["duration_ns"] for one in told if one["type"] == "segment.ready")
    missing = sum(one["data"]["missing_ns"] for one in told if one["type"] == "gap")
    assert kept > 0
    assert missing > 0
    assert kept + missing == 10 * FRAGMENTS * FRAGMENT_NS
    assert told[-1]["type"] == "lesson.completed"
