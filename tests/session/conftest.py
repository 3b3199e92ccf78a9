"""The session loop among stand-ins for recorder and storage that the tests drive."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from followspot.control.session import SessionLoop, SessionStatus
from followspot.domain.alerts import AlertRegistry
from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan, Mark
from followspot.media.notices import RecorderStopped
from followspot.storage.notices import FragmentDurable

PAUSE_LIMIT_NS = 7200 * 10**9


class HandClock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def monotonic_ns(self) -> int:
        return self.now_ns

    def utc_now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Bench:
    """The loop under test, what it did, and the hands that move it."""

    clock: HandClock = field(default_factory=HandClock)
    did: list[str] = field(default_factory=list)
    plans: list[LessonPlan] = field(default_factory=list)
    statuses: list[SessionStatus] = field(default_factory=list)
    alerts: AlertRegistry = field(default_factory=AlertRegistry)
    close_fault: Exception | None = None
    start_fault: Exception | None = None
    pause_fault: Exception | None = None
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.disk_answers = asyncio.Event()
        self.disk_answers.set()
        self.loop = SessionLoop(self.clock, self, self, self.alerts, self.statuses.append, PAUSE_LIMIT_NS)

    # the recorder
    def start(self, plan, sink):
        assert sink == f"sink {plan.lesson_id}"
        self.plans.append(plan)
        self.did.append("recorder starts")
        if self.start_fault is not None:
            raise self.start_fault

    def stop(self):
        self.did.append("recorder stops")

    # the storage
    def lesson_sink(self, plan, started_by):
        self.did.append(f"sink by {started_by}")
        return f"sink {plan.lesson_id}"

    async def resume_plan(self, lesson_id):
        self.did.append("settled")
        await self.disk_answers.wait()
        return LessonPlan(lesson_id, len(self.plans), 10 * len(self.plans), GapReason.RECORDER_FAILED)

    def decide_pause(self, lesson_id, paused_by):
        assert lesson_id == self.plans[-1].lesson_id
        self.did.append(f"pause decided by {paused_by}")

    async def settle_pause(self, lesson_id):
        self.did.append("pause settled")
        if self.pause_fault is not None:
            raise self.pause_fault

    async def bookmark(self, lesson_id, mark):
        self.marks.append(mark)
        return mark.given_ns if self.loop.status.on_disk else None

    def decide_end(self, lesson_id, reason):
        assert lesson_id == self.plans[-1].lesson_id
        self.did.append(f"end decided: {reason}")

    async def complete_lesson(self, lesson_id, reason):
        assert lesson_id == self.plans[-1].lesson_id
        self.did.append(f"closed: {reason}")
        if self.close_fault is not None:
            raise self.close_fault

    # the hands
    def fragment(self, lesson_id: str | None = None) -> None:
        self.loop.on_storage_notice(FragmentDurable(lesson_id or self.plans[-1].lesson_id, 0))

    async def drained(self) -> None:
        self.loop.on_media_notice(RecorderStopped(media_end_ns=0, frames=0))
        await self.settled()

    async def settled(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def bench() -> Bench:
    return Bench()
