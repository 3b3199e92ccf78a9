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
    RecorderEnded,
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
STOPPING_FOR_NEXT = replace(STOPPING, next_wanted=True)
ENDING = replace(IDLE, ending=True)
STOPPING_TO_END = replace(STOPPING, ending=True)

START, STOP, PRESS, SHUT_DOWN = StartAsked(), StopAsked(), ButtonPressed(), ShutDown()
WRITTEN, FULL, ENDED, CLOSED = FragmentWritten(), StorageBroke(EndReason.DISK_FULL), RecorderEnded(), LessonClosed()

END = (Action.DECIDE_END, Action.STOP_RECORDER)
Step = tuple[Session, tuple[Action, ...]]


WORN_OUT = Session(SessionState.RECORDING, MAX_RESTARTS)


def stopping(session: Session, reason: EndReason) -> Session:
    return replace(session, state=SessionState.STOPPING, reason=reason)


def running(session: Session, then: Step) -> dict[SessionEvent, Step]:
    return {
        START: (session, (Action.REFUSE_ALREADY_RECORDING,)),
        STOP: (stopping(session, EndReason.STOPPED), END),
        PRESS: (stopping(session, EndReason.STOPPED), END),
        SHUT_DOWN: (replace(stopping(session, EndReason.SHUTDOWN), ending=True), END),
        WRITTEN: (replace(session, state=SessionState.RECORDING), ()),
        FULL: (stopping(session, EndReason.DISK_FULL), END),
        ENDED: then,
        CLOSED: (session, ()),
    }


TABLE: dict[Session, dict[SessionEvent, Step]] = {
    IDLE: {
        START: (STARTING, (Action.START_RECORDER,)),
        STOP: (IDLE, (Action.REFUSE_NOT_RECORDING,)),
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
    STOPPING: {
        START: (STOPPING, (Action.REFUSE_STOPPING,)),
        STOP: (STOPPING, (Action.REFUSE_STOPPING,)),
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
