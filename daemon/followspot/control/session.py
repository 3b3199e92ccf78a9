"""The session machine's shell: carries its actions out and tells where the lesson stands. Lives on the loop."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from followspot.domain.clock import Clock
from followspot.domain.errors import CommandRefusedError, StorageError
from followspot.domain.ids import uuid7
from followspot.domain.recording import LessonPlan, SegmentSink
from followspot.domain.session import (
    Action,
    EndReason,
    FragmentWritten,
    LessonClosed,
    RecorderEnded,
    Session,
    SessionEvent,
    SessionState,
    StartAsked,
    StopAsked,
    StorageBroke,
    transition,
)
from followspot.media.notices import MediaNotice, RecorderFailed, RecorderStopped
from followspot.storage.notices import FragmentDurable, StorageFailed, StorageNotice

ON_DISK_FOR_NS = 5_000_000_000
"""Fragments come every 2 s at most and a slow card takes a second or two to sync one: after this, none is coming."""

_log = logging.getLogger(__name__)


class AlreadyRecordingError(CommandRefusedError):
    """A lesson is on."""

    code: ClassVar[str] = "already-recording"


class NotRecordingError(CommandRefusedError):
    """No lesson is on."""

    code: ClassVar[str] = "not-recording"


class StillStoppingError(CommandRefusedError):
    """The lesson before is still being closed."""

    code: ClassVar[str] = "still-stopping"


_REFUSALS: dict[Action, tuple[type[CommandRefusedError], str]] = {
    Action.REFUSE_ALREADY_RECORDING: (AlreadyRecordingError, "a lesson is being recorded already: stop it first"),
    Action.REFUSE_NOT_RECORDING: (NotRecordingError, "no lesson is being recorded"),
    Action.REFUSE_STOPPING: (StillStoppingError, "the lesson is being closed: try again in a moment"),
}


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

    async def complete_lesson(self, lesson_id: str, reason: str) -> None:
        """Close the lesson, after all that went to its sink; without media there is nothing to close."""
        ...


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """Where the lesson stands. `on_disk`: media of it reached the disk just now, the one truth for every lamp."""

    state: SessionState = SessionState.IDLE
    lesson_id: str | None = None
    started_by: str | None = None
    on_disk: bool = False

    @property
    def active(self) -> bool:
        """Whether a lesson is wanted: the teacher is to be followed."""
        return self.state in (SessionState.STARTING, SessionState.RECORDING)


class SessionLoop:
    """Starts, stops and closes lessons. Tells `on_status` each change of its status once."""

    def __init__(
        self, clock: Clock, recorder: LessonRecorder, store: LessonStore, on_status: Callable[[SessionStatus], None]
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._store = store
        self._on_status = on_status
        self._session = Session()
        self._status = SessionStatus()
        self._plan: LessonPlan | None = None
        self._started_by: str | None = None
        self._last_fragment_ns: int | None = None
        self._closing: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def status(self) -> SessionStatus:
        """Where the lesson stands now."""
        return self._status

    def start(self, source: str, plan: LessonPlan | None = None) -> str:
        """Begin a lesson, or go on with the one that `plan` describes; its id. `source` names who asked.

        Raises AlreadyRecordingError or StillStoppingError.
        """
        if not self._status.active:
            plan = plan or LessonPlan(str(uuid7(self._clock.utc_now())))
        self._asked(StartAsked(), source, plan)
        assert self._plan is not None, "an accepted start has a plan"
        return self._plan.lesson_id

    def stop(self, source: str, reason: EndReason = EndReason.STOPPED) -> str:
        """End the lesson; its id. It is closed some moments later.

        Raises NotRecordingError or StillStoppingError.
        """
        self._asked(StopAsked(reason), source)
        assert self._plan is not None, "an accepted stop has a lesson"
        return self._plan.lesson_id

    def toggle(self, source: str) -> None:
        """A button was pressed: start or stop. There is nobody to answer to, so a refusal goes to the journal."""
        try:
            if self._status.active:
                self.stop(source)
            else:
                self.start(source)
        except CommandRefusedError as refusal:
            _log.info("button ignored source=%s code=%s: %s", source, refusal.code, refusal)

    async def shut_down(self) -> None:
        """Close the lesson, if any, because the daemon ends; returns when it is closed."""
        if self._status.active:
            self.stop("daemon", EndReason.SHUTDOWN)
        await self._idle.wait()

    def on_media_notice(self, notice: MediaNotice) -> None:
        """What the recorder tells, on the loop."""
        if isinstance(notice, RecorderStopped | RecorderFailed):
            self._feed(RecorderEnded())

    def on_storage_notice(self, notice: StorageNotice) -> None:
        """What the storage tells, on the loop."""
        if self._plan is None:
            return
        match notice:
            case FragmentDurable(lesson_id=self._plan.lesson_id):
                self._last_fragment_ns = self._clock.monotonic_ns()
                self._feed(FragmentWritten())
            case StorageFailed(lesson_id=self._plan.lesson_id, full=full):
                self._feed(StorageBroke(EndReason.DISK_FULL if full else EndReason.DISK_FAILED))

    def check_lamp(self) -> None:
        """Look whether media still reaches the disk; to be called about once a second."""
        self._tell()

    @property
    def _lesson_id(self) -> str | None:
        return None if self._plan is None else self._plan.lesson_id

    def _asked(self, event: StartAsked | StopAsked, source: str, plan: LessonPlan | None = None) -> None:
        following, actions = transition(self._session, event)
        for action in actions:
            if action in _REFUSALS:
                refusal, text = _REFUSALS[action]
                raise refusal(text)
        if plan is not None:
            self._plan, self._started_by, self._last_fragment_ns = plan, source, None
        _log.info("%s source=%s lesson=%s", "start" if plan else "stop", source, self._lesson_id)
        self._apply(following, actions)

    def _feed(self, event: SessionEvent) -> None:
        self._apply(*transition(self._session, event))

    def _apply(self, following: Session, actions: tuple[Action, ...]) -> None:
        if following.state is not self._session.state:
            _log.info("session %s lesson=%s", following.state, self._lesson_id)
        self._session = following
        for action in actions:
            self._do(action)
        self._tell()

    def _do(self, action: Action) -> None:
        assert self._plan is not None, "the machine acts only on a lesson"
        match action:
            case Action.START_RECORDER:
                self._idle.clear()
                sink = self._store.lesson_sink(self._plan, self._started_by or "")
                self._recorder.start(self._plan, sink)
            case Action.STOP_RECORDER:
                self._recorder.stop()
            case Action.CLOSE_LESSON:
                self._closing = asyncio.create_task(self._close(self._plan.lesson_id), name="close-lesson")

    async def _close(self, lesson_id: str) -> None:
        reason = self._session.reason or EndReason.STOPPED
        try:
            await self._store.complete_lesson(lesson_id, reason)
        except StorageError as error:
            _log.error("lesson could not be closed, the next start will try again lesson=%s: %s", lesson_id, error)
        self._feed(LessonClosed())
        self._plan = self._started_by = self._last_fragment_ns = None
        self._idle.set()

    def _tell(self) -> None:
        status = self._status_now()
        if status != self._status:
            self._status = status
            self._on_status(status)

    def _status_now(self) -> SessionStatus:
        state = self._session.state
        if state is SessionState.IDLE:
            return SessionStatus()
        on_disk = state is SessionState.RECORDING and self._is_fresh()
        return SessionStatus(state, self._lesson_id, self._started_by, on_disk)

    def _is_fresh(self) -> bool:
        last = self._last_fragment_ns
        return last is not None and self._clock.monotonic_ns() - last <= ON_DISK_FOR_NS
