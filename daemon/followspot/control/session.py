"""The session machine's shell: carries its actions out and tells where the lesson stands. Lives on the loop."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from followspot.control.ports import LessonRecorder, LessonStore
from followspot.control.refusals import NotRecordingError, StillStoppingError, refuse
from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.errors import CommandRefusedError, DiskFullError, StorageError
from followspot.domain.ids import uuid7
from followspot.domain.recording import LessonPlan, Mark
from followspot.domain.session import (
    Action,
    ButtonPressed,
    EndReason,
    FragmentWritten,
    LessonClosed,
    PauseAsked,
    PauseExpired,
    PauseFound,
    RecorderEnded,
    ResumeAsked,
    Session,
    SessionEvent,
    SessionState,
    ShutDown,
    StartAsked,
    StopAsked,
    StorageBroke,
    transition,
)
from followspot.domain.statement import NO_DETAILS, LessonDetails
from followspot.media.notices import CameraLost, CameraOpened, MediaNotice, RecorderFailed, RecorderStopped
from followspot.storage.notices import DiskOverflow, FragmentDurable, MediaMoved, StorageFailed, StorageNotice

ON_DISK_FOR_NS = 5_000_000_000
"""Fragments come every 2 s at most and a slow card takes a second or two to sync one: after this, none is coming."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """Where the lesson stands. `on_disk`: pictures of it reached the disk just now, the one truth for every lamp."""

    state: SessionState = SessionState.IDLE
    lesson_id: str | None = None
    started_by: str | None = None
    on_disk: bool = False

    @property
    def active(self) -> bool:
        """Whether a lesson is wanted: the teacher is to be followed."""
        return self.state in (SessionState.STARTING, SessionState.RECORDING)

    @property
    def under_way(self) -> bool:
        """Whether a lesson is on, be it paused."""
        return self.active or self.state is SessionState.PAUSED


class SessionLoop:
    """Starts, stops and closes lessons. Tells `on_status` each change of its status once; it must not raise."""

    def __init__(
        self,
        clock: Clock,
        recorder: LessonRecorder,
        store: LessonStore,
        alerts: AlertRegistry,
        on_status: Callable[[SessionStatus], None],
        pause_limit_ns: int,
        check_room: Callable[[], None] = lambda: None,
    ) -> None:
        """A lesson that is paused for longer than `pause_limit_ns` is completed; `check_room` raises a
        CommandRefusedError when no new lesson may begin."""
        self._clock = clock
        self._recorder = recorder
        self._store = store
        self._alerts = alerts
        self._on_status = on_status
        self._check_room = check_room
        self._pause_limit_ns = pause_limit_ns
        self._session = Session()
        self._status = SessionStatus()
        self._plan: LessonPlan | None = None
        self._started_by = ""
        self._next_by = ""
        """Whose press the lesson after this one is."""
        self._asked_by = ""
        """Who asked for what is being done."""
        self._last_fragment_ns: int | None = None
        self._camera_lost = False
        self._going_on = False
        """The storage is asked how the lesson goes on: what it still tells is of the recorder before."""
        self._moved_ns = clock.monotonic_ns()
        self._restarting: asyncio.Task[None] | None = None
        self._pausing: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def status(self) -> SessionStatus:
        """Where the lesson stands now."""
        return self._status

    @property
    def moved_ns(self) -> int:
        """When the lesson last made progress: another state, or media on the disk."""
        return self._moved_ns

    def start(self, source: str, plan: LessonPlan | None = None, details: LessonDetails = NO_DETAILS) -> str:
        """Begin a lesson of which `details` are known, or go on with the one that `plan` describes; its id.

        `source` names who asked. Raises AlreadyRecordingError, StillStoppingError, ShuttingDownError, or what the room
        on the disk forbids.
        """
        self._asked(StartAsked(), source, plan, details)
        assert self._plan is not None, "an accepted start has a plan"
        return self._plan.lesson_id

    def stop(self, source: str) -> str:
        """End the lesson; its id. It is closed some moments later.

        Raises NotRecordingError or StillStoppingError.
        """
        return self._asked_of_lesson(StopAsked(), source)

    def pause(self, source: str) -> str:
        """Record nothing for a while, with the camera closed; the lesson's id.

        Raises NotRecordingError, PausedError or StillStoppingError.
        """
        return self._asked_of_lesson(PauseAsked(), source)

    def resume(self, source: str) -> str:
        """Go on with the paused lesson; its id.

        Raises NotRecordingError, NotPausedError or StillStoppingError.
        """
        return self._asked_of_lesson(ResumeAsked(), source)

    def toggle_pause(self, source: str) -> None:
        """A button wants a pause, or its end. There is nobody to answer to, so a refusal goes to the journal."""
        paused = self._session.state is SessionState.PAUSED and not self._session.resume_wanted
        self._pressed(ResumeAsked() if paused else PauseAsked(), source)

    def stay_paused(self, source: str, plan: LessonPlan) -> None:
        """Take up a recovered lesson that was paused, and wait."""
        self._plan, self._started_by = plan, source
        self._idle.clear()
        self._feed(PauseFound())

    async def bookmark(self, tag: str, text: str, source: str) -> tuple[str, int]:
        """Mark this moment, durably; the lesson's id and the moment's media time.

        Raises NotRecordingError, StillStoppingError or StorageError.
        """
        mark = Mark(self._clock.monotonic_ns(), tag, text, source)
        if self._session.state is SessionState.STOPPING:
            raise StillStoppingError("the lesson is being closed: it takes no bookmark any more")
        media_ns = None if self._plan is None else await self._store.bookmark(self._plan.lesson_id, mark)
        if self._plan is None or media_ns is None:
            raise NotRecordingError("nothing is recorded that a bookmark could be set in")
        _log.info("bookmark source=%s lesson=%s media_s=%.3f", source, self._plan.lesson_id, media_ns / 1e9)
        return self._plan.lesson_id, media_ns

    def press(self, source: str) -> None:
        """A button was pressed. There is nobody to answer to, so a refusal goes to the journal."""
        self._pressed(ButtonPressed(), source)

    async def shut_down(self) -> None:
        """Close the lesson, if any, because the daemon ends, and begin none any more; returns when it is closed."""
        self._feed(ShutDown())
        await self._idle.wait()

    def on_media_notice(self, notice: MediaNotice) -> None:
        """What the recorder tells, on the loop."""
        match notice:
            case CameraLost():
                self._camera_lost = True
                self._tell()
            case CameraOpened():
                self._camera_lost = False
                self._tell()
            case RecorderStopped() | RecorderFailed():
                self._feed(RecorderEnded())

    def on_storage_notice(self, notice: StorageNotice) -> None:
        """What the storage tells, on the loop."""
        if self._plan is None:
            return
        match notice:
            case FragmentDurable(lesson_id=self._plan.lesson_id) if not self._going_on:
                self._last_fragment_ns = self._moved_ns = self._clock.monotonic_ns()
                self._feed(FragmentWritten())
            case DiskOverflow(lesson_id=self._plan.lesson_id) | MediaMoved(lesson_id=self._plan.lesson_id):
                self._last_fragment_ns = None
                self._tell()
            case StorageFailed(lesson_id=self._plan.lesson_id, full=full):
                self._feed(StorageBroke(EndReason.DISK_FULL if full else EndReason.DISK_FAILED))

    def end_for_room(self) -> None:
        """End the lesson, if any, while the disk has room for its last segment."""
        self._feed(StorageBroke(EndReason.DISK_FULL))

    def check_lamp(self) -> None:
        """Look whether media still reaches the disk, and how long a pause lasts; to be called about once a second."""
        paused = self._session.state is SessionState.PAUSED
        if paused and self._clock.monotonic_ns() - self._moved_ns > self._pause_limit_ns:
            _log.warning("nobody went on with the paused lesson: it is completed lesson=%s", self._lesson_id)
            self._feed(PauseExpired())
        self._tell()

    @property
    def _lesson_id(self) -> str | None:
        return None if self._plan is None else self._plan.lesson_id

    def _pressed(self, event: ButtonPressed | PauseAsked | ResumeAsked, source: str) -> None:
        try:
            self._asked(event, source)
        except CommandRefusedError as refusal:
            _log.info("button ignored source=%s code=%s: %s", source, refusal.code, refusal)

    def _asked_of_lesson(self, event: StopAsked | PauseAsked | ResumeAsked, source: str) -> str:
        self._asked(event, source)
        assert self._plan is not None, "what is accepted has a lesson"
        return self._plan.lesson_id

    def _asked(
        self,
        event: StartAsked | StopAsked | PauseAsked | ResumeAsked | ButtonPressed,
        source: str,
        plan: LessonPlan | None = None,
        details: LessonDetails = NO_DETAILS,
    ) -> None:
        following, actions = transition(self._session, event)
        refuse(actions)
        if Action.START_RECORDER in actions:
            if plan is None:
                self._check_room()
            self._plan = plan or LessonPlan(str(uuid7(self._clock.utc_now())), details=details)
            self._started_by, self._last_fragment_ns, self._camera_lost = source, None, False
        self._next_by = self._asked_by = source
        wanted = " next lesson wanted" if following.next_wanted else ""
        _log.info("asked source=%s lesson=%s state=%s%s", source, self._lesson_id, following.state, wanted)
        self._apply(following, actions)

    def _feed(self, event: SessionEvent) -> None:
        self._apply(*transition(self._session, event))

    def _apply(self, following: Session, actions: tuple[Action, ...]) -> None:
        if following != self._session:
            self._moved_ns = self._clock.monotonic_ns()
        if following.state is not self._session.state:
            _log.info("session %s lesson=%s", following.state, self._lesson_id)
        self._session = following
        if following.state is SessionState.IDLE:
            self._plan = None
            self._idle.set()
        for action in actions:
            self._do(action)
        self._tell()

    def _do(self, action: Action) -> None:
        if action is Action.START_NEXT:
            self._tell()
            self.press(self._next_by)
            return
        assert self._plan is not None, "the machine acts only on a lesson"
        match action:
            case Action.START_RECORDER:
                self._idle.clear()
                self._start_recorder(self._plan, self._started_by)
            case Action.RESTART_RECORDER:
                self._going_on = True
                restart = self._go_on(self._plan.lesson_id, self._started_by)
                self._restarting = asyncio.create_task(restart, name="restart-recorder")
            case Action.DECIDE_PAUSE:
                self._store.decide_pause(self._plan.lesson_id, self._asked_by)
            case Action.SETTLE_PAUSE:
                pause = self._settle_pause(self._plan.lesson_id)
                self._pausing = asyncio.create_task(pause, name="pause-lesson")
            case Action.GO_ON:
                self._going_on = True
                resume = self._go_on(self._plan.lesson_id, self._asked_by)
                self._restarting = asyncio.create_task(resume, name="resume-lesson")
            case Action.DECIDE_END:
                self._store.decide_end(self._plan.lesson_id, self._reason)
            case Action.STOP_RECORDER:
                self._recorder.stop()
            case Action.CLOSE_LESSON:
                close = self._close(self._plan.lesson_id, self._reason)
                self._closing = asyncio.create_task(close, name="close-lesson")

    @property
    def _reason(self) -> EndReason:
        assert self._session.reason is not None, "a lesson ends for a reason"
        return self._session.reason

    def _start_recorder(self, plan: LessonPlan, wanted_by: str) -> None:
        try:
            self._recorder.start(plan, self._store.lesson_sink(plan, wanted_by))
        except Exception as error:  # noqa: BLE001 - whatever it is, the lesson ends in order
            _log.exception("the recorder did not start lesson=%s", plan.lesson_id)
            self._raise(AlertCode.RECORDER_FAILED, "recorder", f"the recorder did not start: {error}")
            self._feed(RecorderEnded())

    async def _go_on(self, lesson_id: str, wanted_by: str) -> None:
        """Go on with the lesson, unless it was to end or to wait meanwhile."""
        self._recorder.stop()
        plan: LessonPlan | None = None
        try:
            details = self._plan.details if self._plan is not None else NO_DETAILS
            plan = replace(await self._store.resume_plan(lesson_id), details=details)
        except Exception:  # noqa: BLE001 - whatever it is, the lesson ends in order
            _log.exception("the lesson cannot go on lesson=%s", lesson_id)
        self._going_on = False
        if plan is None or self._session.state is not SessionState.STARTING:
            self._feed(RecorderEnded())
            return
        self._plan, self._last_fragment_ns, self._camera_lost = plan, None, False
        _log.info("the lesson goes on after its cut lesson=%s segment=%d cut=%s", lesson_id, plan.first_index, plan.cut)
        self._start_recorder(plan, wanted_by)

    async def _settle_pause(self, lesson_id: str) -> None:
        """Whatever happens, the lesson ends in order."""
        try:
            await self._store.settle_pause(lesson_id)
        except Exception as error:  # noqa: BLE001 - see above
            _log.exception("the pause could not be put on record lesson=%s", lesson_id)
            full = isinstance(error, DiskFullError)
            self._feed(StorageBroke(EndReason.DISK_FULL if full else EndReason.DISK_FAILED))

    async def _close(self, lesson_id: str, reason: EndReason) -> None:
        """Whatever happens, the next lesson can begin."""
        try:
            await self._store.complete_lesson(lesson_id, reason)
        except Exception as error:  # noqa: BLE001 - see above; a program's fault is told with its traceback
            unforeseen = not isinstance(error, StorageError)
            _log.error("the lesson could not be closed lesson=%s: %s", lesson_id, error, exc_info=unforeseen)
            message = (
                f"the lesson {lesson_id} could not be closed: {error}. What is on the disk stays; it is tried again"
            )
            self._raise(AlertCode.LESSON_NOT_CLOSED, lesson_id, message)
        self._feed(LessonClosed())

    def _raise(self, code: AlertCode, subject: str, message: str) -> None:
        self._alerts.raise_alert(code, subject, message, self._clock.monotonic_ns())

    def _tell(self) -> None:
        status = self._status_now()
        if status != self._status:
            self._status = status
            self._on_status(status)

    def _status_now(self) -> SessionStatus:
        state = self._session.state
        if state is SessionState.IDLE:
            return SessionStatus()
        on_disk = state is SessionState.RECORDING and not self._camera_lost and self._is_fresh()
        return SessionStatus(state, self._lesson_id, self._started_by, on_disk)

    def _is_fresh(self) -> bool:
        last = self._last_fragment_ns
        return last is not None and self._clock.monotonic_ns() - last <= ON_DISK_FOR_NS
