"""The parts of recorder and storage that the session needs."""

from typing import Protocol

from followspot.domain.recording import LessonPlan, Mark, SegmentSink


class LessonRecorder(Protocol):
    """The part of the recorder that the session needs. One RecorderStopped or RecorderFailed answers each start."""

    def start(self, plan: LessonPlan, sink: SegmentSink) -> None:
        """Begin; returns at once."""
        ...

    def stop(self) -> None:
        """Drain and end; returns at once."""
        ...


class LessonStore(Protocol):
    """The part of the storage that the session needs."""

    def lesson_sink(self, plan: LessonPlan, started_by: str) -> SegmentSink:
        """Where the lesson's media goes."""
        ...

    async def resume_plan(self, lesson_id: str) -> LessonPlan:
        """How the lesson goes on after a pause or a failed recorder, once all that went to its sink is on the disk."""
        ...

    def decide_pause(self, lesson_id: str, paused_by: str) -> None:
        """Put on record, durably, that the lesson is paused; returns at once."""
        ...

    async def settle_pause(self, lesson_id: str) -> None:
        """Announce where the paused lesson stopped, after all that went to its sink."""
        ...

    async def bookmark(self, lesson_id: str, mark: Mark) -> int | None:
        """Keep a bookmark, durably; its media time, None where no frame of the lesson was captured yet."""
        ...

    def decide_end(self, lesson_id: str, reason: str) -> None:
        """Put on record, durably, that the lesson ends and why; returns at once."""
        ...

    async def complete_lesson(self, lesson_id: str, reason: str) -> None:
        """Close the lesson, after all that went to its sink; without media there is nothing to close."""
        ...
