"""The session machine: when a lesson runs, pure. `control.session` carries its actions out.

A lesson: idle, starting (asked for, nothing on the disk yet), recording (frames reach the disk), paused (the camera
is closed, the lesson waits), stopping (its end is on record, the recorder drains, then the lesson is closed), idle.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

MAX_RESTARTS = 2
"""A recorder that fails a third time within one lesson will not be mended by trying."""


class SessionState(StrEnum):
    """Where the session stands."""

    IDLE = "idle"
    STARTING = "starting"
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPING = "stopping"


class EndReason(StrEnum):
    """Why a lesson ended: the `reason` of its manifest and of `lesson.completed`."""

    STOPPED = "stopped"
    """A person asked for it."""
    SHUTDOWN = "shutdown"
    """The daemon was asked to end."""
    DISK_FULL = "disk-full"
    DISK_FAILED = "disk-failed"
    RECORDER_FAILED = "recorder-failed"
    PAUSE_EXPIRED = "pause-expired"
    """Nobody went on with a paused lesson."""


@dataclass(frozen=True, slots=True)
class StartAsked:
    """A command or a recovered lesson wants a recording."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A command wants the lesson closed."""


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """A command wants nothing recorded for a while."""


@dataclass(frozen=True, slots=True)
class ResumeAsked:
    """A command wants a paused lesson to go on."""


@dataclass(frozen=True, slots=True)
class PauseFound:
    """A recovered lesson was paused when the daemon ended: it waits as it did."""


@dataclass(frozen=True, slots=True)
class PauseExpired:
    """A pause has lasted longer than anybody's break."""


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """Start or stop, whichever it is not; a paused lesson goes on, as a lost one is the worse mistake.

    While a lesson is closed: begin the next then, or, pressed again, do not.
    """


@dataclass(frozen=True, slots=True)
class ShutDown:
    """The daemon ends: close the lesson, and begin none any more."""


@dataclass(frozen=True, slots=True)
class FragmentWritten:
    """Media of this lesson is safe on the disk."""


@dataclass(frozen=True, slots=True)
class StorageBroke:
    """The disk takes no more."""

    reason: EndReason


@dataclass(frozen=True, slots=True)
class RecorderEnded:
    """The recorder has handed over all it had: unasked, it is a failure."""


@dataclass(frozen=True, slots=True)
class LessonClosed:
    """The storage is done with the lesson."""


SessionEvent = (
    StartAsked
    | StopAsked
    | PauseAsked
    | ResumeAsked
    | PauseFound
    | PauseExpired
    | ButtonPressed
    | ShutDown
    | FragmentWritten
    | StorageBroke
    | RecorderEnded
    | LessonClosed
)


class Action(StrEnum):
    """What the shell has to do, in the order given."""

    START_RECORDER = "start-recorder"
    RESTART_RECORDER = "restart-recorder"
    """The same lesson goes on after what reached the disk; what is missing is declared."""
    DECIDE_PAUSE = "decide-pause"
    """Put on record that the lesson is paused: whatever happens to the daemon now, nobody is filmed."""
    SETTLE_PAUSE = "settle-pause"
    """Nothing of the lesson is under way any more: announce where it stopped."""
    GO_ON = "go-on"
    """The paused lesson goes on after what reached the disk; what is missing is declared."""
    DECIDE_END = "decide-end"
    """Put on record that the lesson ends: whatever happens to the daemon now, it is not resumed."""
    STOP_RECORDER = "stop-recorder"
    CLOSE_LESSON = "close-lesson"
    START_NEXT = "start-next"
    """Begin the lesson that a button asked for meanwhile."""
    REFUSE_ALREADY_RECORDING = "already-recording"
    REFUSE_NOT_RECORDING = "not-recording"
    REFUSE_PAUSED = "paused"
    REFUSE_NOT_PAUSED = "not-paused"
    REFUSE_STOPPING = "still-stopping"
    REFUSE_SHUTTING_DOWN = "shutting-down"


@dataclass(frozen=True, slots=True)
class Session:
    """The machine's whole memory.

    `restarts` counts the lesson's recorders that failed; `draining`: paused, and the recorder still hands over;
    `resume_wanted`: go on as soon as it has; `reason` is there while stopping; `next_wanted`: a button asked for
    another lesson meanwhile; `ending`: the daemon shuts down.
    """

    state: SessionState = SessionState.IDLE
    restarts: int = 0
    draining: bool = False
    resume_wanted: bool = False
    reason: EndReason | None = None
    next_wanted: bool = False
    ending: bool = False


Step = tuple[Session, tuple[Action, ...]]


def transition(session: Session, event: SessionEvent) -> Step:
    """The next session and what to do. What does not matter in a state changes nothing and asks for nothing."""
    if isinstance(event, ShutDown):
        return _shutting_down(session)
    match session.state:
        case SessionState.IDLE:
            return _when_idle(session, event)
        case SessionState.STARTING | SessionState.RECORDING:
            return _when_running(session, event)
        case SessionState.PAUSED:
            return _when_paused(session, event)
        case SessionState.STOPPING:
            return _when_stopping(session, event)


def _shutting_down(session: Session) -> Step:
    ending = replace(session, next_wanted=False, ending=True)
    if session.state in (SessionState.STARTING, SessionState.RECORDING):
        return _stopped(ending, EndReason.SHUTDOWN)
    if session.state is SessionState.PAUSED:
        return _ended_in_pause(ending, EndReason.SHUTDOWN)
    return ending, ()


def _when_idle(session: Session, event: SessionEvent) -> Step:
    match event:
        case StartAsked() | ButtonPressed() if session.ending:
            return session, (Action.REFUSE_SHUTTING_DOWN,)
        case StartAsked() | ButtonPressed():
            return Session(SessionState.STARTING), (Action.START_RECORDER,)
        case PauseFound() if not session.ending:
            return Session(SessionState.PAUSED), ()
        case StopAsked() | PauseAsked() | ResumeAsked():
            return session, (Action.REFUSE_NOT_RECORDING,)
        case _:
            return session, ()


def _when_running(session: Session, event: SessionEvent) -> Step:
    match event:
        case StartAsked():
            return session, (Action.REFUSE_ALREADY_RECORDING,)
        case FragmentWritten():
            return replace(session, state=SessionState.RECORDING), ()
        case StopAsked() | ButtonPressed():
            return _stopped(session, EndReason.STOPPED)
        case PauseAsked():
            paused = replace(session, state=SessionState.PAUSED, draining=True)
            return paused, (Action.DECIDE_PAUSE, Action.STOP_RECORDER)
        case ResumeAsked():
            return session, (Action.REFUSE_NOT_PAUSED,)
        case StorageBroke(reason):
            return _stopped(session, reason)
        case RecorderEnded() if session.restarts < MAX_RESTARTS:
            return Session(SessionState.STARTING, session.restarts + 1), (Action.RESTART_RECORDER,)
        case RecorderEnded():
            ended = replace(session, state=SessionState.STOPPING, reason=EndReason.RECORDER_FAILED)
            return ended, (Action.CLOSE_LESSON,)
        case _:
            return session, ()


def _stopped(session: Session, reason: EndReason) -> Step:
    stopping = replace(session, state=SessionState.STOPPING, reason=reason)
    return stopping, (Action.DECIDE_END, Action.STOP_RECORDER)


def _when_paused(session: Session, event: SessionEvent) -> Step:
    match event:
        case StartAsked():
            return session, (Action.REFUSE_PAUSED,)
        case PauseAsked() if session.resume_wanted:
            return replace(session, resume_wanted=False), ()
        case PauseAsked():
            return session, (Action.REFUSE_PAUSED,)
        case ResumeAsked() | ButtonPressed() if session.draining:
            return replace(session, resume_wanted=True), ()
        case ResumeAsked() | ButtonPressed():
            return _going_on(session)
        case RecorderEnded() if session.resume_wanted:
            return _going_on(session)
        case RecorderEnded() if session.draining:
            return replace(session, draining=False), (Action.SETTLE_PAUSE,)
        case StopAsked():
            return _ended_in_pause(session, EndReason.STOPPED)
        case PauseExpired():
            return _ended_in_pause(session, EndReason.PAUSE_EXPIRED)
        case StorageBroke(reason):
            return _ended_in_pause(session, reason)
        case _:
            return session, ()


def _going_on(session: Session) -> Step:
    return Session(SessionState.STARTING, session.restarts), (Action.GO_ON,)


def _ended_in_pause(session: Session, reason: EndReason) -> Step:
    """A recorder that still drains closes the lesson when it has ended."""
    stopping = Session(SessionState.STOPPING, session.restarts, reason=reason, ending=session.ending)
    return stopping, (Action.DECIDE_END,) if session.draining else (Action.DECIDE_END, Action.CLOSE_LESSON)


def _when_stopping(session: Session, event: SessionEvent) -> Step:
    match event:
        case StartAsked() | ButtonPressed() if session.ending:
            return session, (Action.REFUSE_SHUTTING_DOWN,)
        case ButtonPressed():
            return replace(session, next_wanted=not session.next_wanted), ()
        case StartAsked() | StopAsked() | PauseAsked() | ResumeAsked():
            return session, (Action.REFUSE_STOPPING,)
        case RecorderEnded():
            return session, (Action.CLOSE_LESSON,)
        case LessonClosed():
            following = Session(ending=session.ending)
            return following, (Action.START_NEXT,) if session.next_wanted else ()
        case _:
            return session, ()
