"""The session machine: when a lesson runs, pure. `control.session` carries its actions out.

A lesson: idle, starting (asked for, nothing on the disk yet), recording (frames reach the disk), stopping
(the recorder drains, then the lesson is closed), idle.
"""

from dataclasses import dataclass
from enum import StrEnum


class SessionState(StrEnum):
    """Where the session stands."""

    IDLE = "idle"
    STARTING = "starting"
    RECORDING = "recording"
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


@dataclass(frozen=True, slots=True)
class StartAsked:
    """A person, a button or a recovered lesson wants a recording."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A person, a button or the end of the daemon wants the lesson closed."""

    reason: EndReason = EndReason.STOPPED


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


SessionEvent = StartAsked | StopAsked | FragmentWritten | StorageBroke | RecorderEnded | LessonClosed


class Action(StrEnum):
    """What the shell has to do, in the order given."""

    START_RECORDER = "start-recorder"
    STOP_RECORDER = "stop-recorder"
    CLOSE_LESSON = "close-lesson"
    REFUSE_ALREADY_RECORDING = "already-recording"
    REFUSE_NOT_RECORDING = "not-recording"
    REFUSE_STOPPING = "still-stopping"


@dataclass(frozen=True, slots=True)
class Session:
    """The machine's whole memory; `reason` is there while stopping."""

    state: SessionState = SessionState.IDLE
    reason: EndReason | None = None


Step = tuple[Session, tuple[Action, ...]]

_IDLE = Session()


def transition(session: Session, event: SessionEvent) -> Step:
    """The next session and what to do. What does not matter in a state changes nothing and asks for nothing."""
    match session.state:
        case SessionState.IDLE:
            return _when_idle(session, event)
        case SessionState.STARTING | SessionState.RECORDING:
            return _when_running(session, event)
        case SessionState.STOPPING:
            return _when_stopping(session, event)


def _when_idle(session: Session, event: SessionEvent) -> Step:
    match event:
        case StartAsked():
            return Session(SessionState.STARTING), (Action.START_RECORDER,)
        case StopAsked():
            return session, (Action.REFUSE_NOT_RECORDING,)
        case _:
            return session, ()


def _when_running(session: Session, event: SessionEvent) -> Step:
    match event:
        case StartAsked():
            return session, (Action.REFUSE_ALREADY_RECORDING,)
        case FragmentWritten():
            return Session(SessionState.RECORDING), ()
        case StopAsked(reason) | StorageBroke(reason):
            return Session(SessionState.STOPPING, reason), (Action.STOP_RECORDER,)
        case RecorderEnded():
            return Session(SessionState.STOPPING, EndReason.RECORDER_FAILED), (Action.CLOSE_LESSON,)
        case LessonClosed():
            return session, ()


def _when_stopping(session: Session, event: SessionEvent) -> Step:
    match event:
        case StartAsked() | StopAsked():
            return session, (Action.REFUSE_STOPPING,)
        case RecorderEnded():
            return session, (Action.CLOSE_LESSON,)
        case LessonClosed():
            return _IDLE, ()
        case FragmentWritten() | StorageBroke():
            return session, ()
