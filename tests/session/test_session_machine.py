"""The session machine over every state and every event."""

from dataclasses import replace

import pytest

from followspot.domain.session import (
    MAX_RESTARTS,
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

IDLE = Session(SessionState.IDLE)
STARTING = Session(SessionState.STARTING)
RECORDING = Session(SessionState.RECORDING)
STOPPING = Session(SessionState.STOPPING, reason=EndReason.STOPPED)
PAUSED = Session(SessionState.PAUSED)
PAUSING = replace(PAUSED, draining=True)
PAUSING_TO_RESUME = replace(PAUSING, resume_wanted=True)
STOPPING_FOR_NEXT = replace(STOPPING, next_wanted=True)
ENDING = replace(IDLE, ending=True)
STOPPING_TO_END = replace(STOPPING, ending=True)

START, STOP, PRESS, SHUT_DOWN = StartAsked(), StopAsked(), ButtonPressed(), ShutDown()
PAUSE, RESUME, FOUND, EXPIRED = PauseAsked(), ResumeAsked(), PauseFound(), PauseExpired()
WRITTEN, FULL, ENDED, CLOSED = FragmentWritten(), StorageBroke(EndReason.DISK_FULL), RecorderEnded(), LessonClosed()

END_NOW = (Action.DECIDE_END, Action.CLOSE_LESSON)
END = (Action.DECIDE_END, Action.STOP_RECORDER)
Step = tuple[Session, tuple[Action, ...]]


WORN_OUT = Session(SessionState.RECORDING, MAX_RESTARTS)


def stopping(session: Session, reason: EndReason) -> Session:
    return replace(session, state=SessionState.STOPPING, reason=reason)


def running(session: Session, then: Step) -> dict[SessionEvent, Step]:
    return {
        START: (session, (Action.REFUSE_ALREADY_RECORDING,)),
        STOP: (stopping(session, EndReason.STOPPED), END),
        PAUSE: (
            replace(session, state=SessionState.PAUSED, draining=True),
            (Action.DECIDE_PAUSE, Action.STOP_RECORDER),
        ),
        RESUME: (session, (Action.REFUSE_NOT_PAUSED,)),
        FOUND: (session, ()),
        EXPIRED: (session, ()),
        PRESS: (stopping(session, EndReason.STOPPED), END),
        SHUT_DOWN: (replace(stopping(session, EndReason.SHUTDOWN), ending=True), END),
        WRITTEN: (replace(session, state=SessionState.RECORDING), ()),
        FULL: (stopping(session, EndReason.DISK_FULL), END),
        ENDED: then,
        CLOSED: (session, ()),
    }


def ended(reason: EndReason) -> Session:
    return Session(SessionState.STOPPING, reason=reason)


def paused(
    session: Session, pause: Step, resume: Step, then: Step, end: tuple[Action, ...]
) -> dict[SessionEvent, Step]:
    return {
        START: (session, (Action.REFUSE_PAUSED,)),
        STOP: (ended(EndReason.STOPPED), end),
        PAUSE: pause,
        RESUME: resume,
        FOUND: (session, ()),
        EXPIRED: (ended(EndReason.PAUSE_EXPIRED), end),
        PRESS: resume,
        SHUT_DOWN: (replace(ended(EndReason.SHUTDOWN), ending=True), end),
        WRITTEN: (session, ()),
        FULL: (ended(EndReason.DISK_FULL), end),
        ENDED: then,
        CLOSED: (session, ()),
    }


TABLE: dict[Session, dict[SessionEvent, Step]] = {
    IDLE: {
        START: (STARTING, (Action.START_RECORDER,)),
        STOP: (IDLE, (Action.REFUSE_NOT_RECORDING,)),
        PAUSE: (IDLE, (Action.REFUSE_NOT_RECORDING,)),
        RESUME: (IDLE, (Action.REFUSE_NOT_RECORDING,)),
        FOUND: (PAUSED, ()),
        EXPIRED: (IDLE, ()),
        PRESS: (STARTING, (Action.START_RECORDER,)),
        SHUT_DOWN: (ENDING, ()),
        WRITTEN: (IDLE, ()),
        FULL: (IDLE, ()),
        ENDED: (IDLE, ()),
        CLOSED: (IDLE, ()),
    },
    ENDING: {
        START: (ENDING, (Action.REFUSE_SHUTTING_DOWN,)),
        STOP: (ENDING, (Action.REFUSE_NOT_RECORDING,)),
        PAUSE: (ENDING, (Action.REFUSE_NOT_RECORDING,)),
        RESUME: (ENDING, (Action.REFUSE_NOT_RECORDING,)),
        FOUND: (ENDING, ()),
        EXPIRED: (ENDING, ()),
        PRESS: (ENDING, (Action.REFUSE_SHUTTING_DOWN,)),
        SHUT_DOWN: (ENDING, ()),
        WRITTEN: (ENDING, ()),
        FULL: (ENDING, ()),
        ENDED: (ENDING, ()),
        CLOSED: (ENDING, ()),
    },
    STARTING: running(STARTING, (Session(SessionState.STARTING, 1), (Action.RESTART_RECORDER,))),
    RECORDING: running(RECORDING, (Session(SessionState.STARTING, 1), (Action.RESTART_RECORDER,))),
    WORN_OUT: running(WORN_OUT, (stopping(WORN_OUT, EndReason.RECORDER_FAILED), (Action.CLOSE_LESSON,))),
    PAUSED: paused(PAUSED, (PAUSED, (Action.REFUSE_PAUSED,)), (STARTING, (Action.GO_ON,)), (PAUSED, ()), END_NOW),
    PAUSING: paused(
        PAUSING,
        (PAUSING, (Action.REFUSE_PAUSED,)),
        (PAUSING_TO_RESUME, ()),
        (PAUSED, (Action.SETTLE_PAUSE,)),
        (Action.DECIDE_END,),
    ),
    PAUSING_TO_RESUME: paused(
        PAUSING_TO_RESUME,
        (PAUSING, ()),
        (PAUSING_TO_RESUME, ()),
        (STARTING, (Action.GO_ON,)),
        (Action.DECIDE_END,),
    ),
    STOPPING: {
        START: (STOPPING, (Action.REFUSE_STOPPING,)),
        STOP: (STOPPING, (Action.REFUSE_STOPPING,)),
        PAUSE: (STOPPING, (Action.REFUSE_STOPPING,)),
        RESUME: (STOPPING, (Action.REFUSE_STOPPING,)),
        FOUND: (STOPPING, ()),
        EXPIRED: (STOPPING, ()),
        PRESS: (STOPPING_FOR_NEXT, ()),
        SHUT_DOWN: (STOPPING_TO_END, ()),
        WRITTEN: (STOPPING, ()),
        FULL: (STOPPING, ()),
        ENDED: (STOPPING, (Action.CLOSE_LESSON,)),
        CLOSED: (IDLE, ()),
    },
    STOPPING_FOR_NEXT: {
        START: (STOPPING_FOR_NEXT, (Action.REFUSE_STOPPING,)),
        STOP: (STOPPING_FOR_NEXT, (Action.REFUSE_STOPPING,)),
        PAUSE: (STOPPING_FOR_NEXT, (Action.REFUSE_STOPPING,)),
        RESUME: (STOPPING_FOR_NEXT, (Action.REFUSE_STOPPING,)),
        FOUND: (STOPPING_FOR_NEXT, ()),
        EXPIRED: (STOPPING_FOR_NEXT, ()),
        PRESS: (STOPPING, ()),
        SHUT_DOWN: (STOPPING_TO_END, ()),
        WRITTEN: (STOPPING_FOR_NEXT, ()),
        FULL: (STOPPING_FOR_NEXT, ()),
        ENDED: (STOPPING_FOR_NEXT, (Action.CLOSE_LESSON,)),
        CLOSED: (IDLE, (Action.START_NEXT,)),
    },
    STOPPING_TO_END: {
        START: (STOPPING_TO_END, (Action.REFUSE_SHUTTING_DOWN,)),
        STOP: (STOPPING_TO_END, (Action.REFUSE_STOPPING,)),
        PAUSE: (STOPPING_TO_END, (Action.REFUSE_STOPPING,)),
        RESUME: (STOPPING_TO_END, (Action.REFUSE_STOPPING,)),
        FOUND: (STOPPING_TO_END, ()),
        EXPIRED: (STOPPING_TO_END, ()),
        PRESS: (STOPPING_TO_END, (Action.REFUSE_SHUTTING_DOWN,)),
        SHUT_DOWN: (STOPPING_TO_END, ()),
        WRITTEN: (STOPPING_TO_END, ()),
        FULL: (STOPPING_TO_END, ()),
        ENDED: (STOPPING_TO_END, (Action.CLOSE_LESSON,)),
        CLOSED: (ENDING, ()),
    },
}


def test_the_table_has_every_state_and_every_event():
    kinds = {(session.state, type(event)) for session, events in TABLE.items() for event in events}
    assert kinds == {(state, kind) for state in SessionState for kind in SessionEvent.__args__}
    assert {len(events) for events in TABLE.values()} == {len(SessionEvent.__args__)}


@pytest.mark.parametrize(
    ("session", "event", "expected"),
    [(session, event, step) for session, events in TABLE.items() for event, step in events.items()],
    ids=str,
)
def test_each_step(session: Session, event: SessionEvent, expected: Step):
    assert transition(session, event) == expected


@pytest.mark.parametrize("event", [STOP, PRESS, FULL, SHUT_DOWN])
def test_the_first_reason_to_stop_is_kept(event: SessionEvent):
    session, _ = transition(RECORDING, event)
    reason = session.reason
    for later in (FULL, STOP, PRESS, SHUT_DOWN, ENDED):
        session, _ = transition(session, later)
    assert session.reason is reason
