"""The session machine over every state and every event."""

import pytest

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

IDLE = Session(SessionState.IDLE)
STARTING = Session(SessionState.STARTING)
RECORDING = Session(SessionState.RECORDING)
STOPPING = Session(SessionState.STOPPING, EndReason.STOPPED)

START, STOP, SHUT_DOWN = StartAsked(), StopAsked(), StopAsked(EndReason.SHUTDOWN)
WRITTEN, FULL, ENDED, CLOSED = FragmentWritten(), StorageBroke(EndReason.DISK_FULL), RecorderEnded(), LessonClosed()


def stopping(reason: EndReason) -> Session:
    return Session(SessionState.STOPPING, reason)


TABLE: dict[tuple[Session, SessionEvent], tuple[Session, tuple[Action, ...]]] = {
    (IDLE, START): (STARTING, (Action.START_RECORDER,)),
    (IDLE, STOP): (IDLE, (Action.REFUSE_NOT_RECORDING,)),
    (IDLE, SHUT_DOWN): (IDLE, (Action.REFUSE_NOT_RECORDING,)),
    (IDLE, WRITTEN): (IDLE, ()),
    (IDLE, FULL): (IDLE, ()),
    (IDLE, ENDED): (IDLE, ()),
    (IDLE, CLOSED): (IDLE, ()),
    (STARTING, START): (STARTING, (Action.REFUSE_ALREADY_RECORDING,)),
    (STARTING, STOP): (stopping(EndReason.STOPPED), (Action.STOP_RECORDER,)),
    (STARTING, SHUT_DOWN): (stopping(EndReason.SHUTDOWN), (Action.STOP_RECORDER,)),
    (STARTING, WRITTEN): (RECORDING, ()),
    (STARTING, FULL): (stopping(EndReason.DISK_FULL), (Action.STOP_RECORDER,)),
    (STARTING, ENDED): (stopping(EndReason.RECORDER_FAILED), (Action.CLOSE_LESSON,)),
    (STARTING, CLOSED): (STARTING, ()),
    (RECORDING, START): (RECORDING, (Action.REFUSE_ALREADY_RECORDING,)),
    (RECORDING, STOP): (stopping(EndReason.STOPPED), (Action.STOP_RECORDER,)),
    (RECORDING, SHUT_DOWN): (stopping(EndReason.SHUTDOWN), (Action.STOP_RECORDER,)),
    (RECORDING, WRITTEN): (RECORDING, ()),
    (RECORDING, FULL): (stopping(EndReason.DISK_FULL), (Action.STOP_RECORDER,)),
    (RECORDING, ENDED): (stopping(EndReason.RECORDER_FAILED), (Action.CLOSE_LESSON,)),
    (RECORDING, CLOSED): (RECORDING, ()),
    (STOPPING, START): (STOPPING, (Action.REFUSE_STOPPING,)),
    (STOPPING, STOP): (STOPPING, (Action.REFUSE_STOPPING,)),
    (STOPPING, SHUT_DOWN): (STOPPING, (Action.REFUSE_STOPPING,)),
    (STOPPING, WRITTEN): (STOPPING, ()),
    (STOPPING, FULL): (STOPPING, ()),
    (STOPPING, ENDED): (STOPPING, (Action.CLOSE_LESSON,)),
    (STOPPING, CLOSED): (IDLE, ()),
}


def test_the_table_has_every_state_and_every_event():
    kinds = {(session.state, type(event)) for session, event in TABLE}
    assert kinds == {(state, kind) for state in SessionState for kind in SessionEvent.__args__}


@pytest.mark.parametrize(("session", "event"), TABLE, ids=lambda v: v.state if isinstance(v, Session) else str(v))
def test_each_step(session: Session, event: SessionEvent):
    assert transition(session, event) == TABLE[session, event]


@pytest.mark.parametrize("reason", EndReason)
def test_the_first_reason_to_stop_is_kept(reason: EndReason):
    session, _ = transition(RECORDING, StopAsked(reason))
    for event in (FULL, STOP, SHUT_DOWN, ENDED):
        session, _ = transition(session, event)
    assert session.reason is reason
