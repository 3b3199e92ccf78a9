"""The watchdog is fed while a lesson makes progress."""

from types import SimpleNamespace

import pytest

from followspot.app.health import LESSON_LIMIT_NS
from followspot.app.heartbeat import Heartbeat
from followspot.control.session import SessionStatus
from followspot.domain.session import SessionState
from followspot.media.recorder import RecorderProgress
from followspot.settings.models import Settings

S = 1_000_000_000
SLOWLY = LESSON_LIMIT_NS + 5 * S


class Surroundings:
    """Clock, notifier and daemon in one, with hands to move them."""

    def __init__(self) -> None:
        self.now_ns = 100 * S
        self.fed = 0
        self.frames = 0
        self.settings = Settings()
        self.alerts = SimpleNamespace(active=())
        self.session = SimpleNamespace(status=SessionStatus(), moved_ns=0, check_lamp=lambda: None)
        self.recorder = SimpleNamespace(progress=lambda: RecorderProgress(self.now_ns, self.now_ns, self.frames, 0))
        self.storage = SimpleNamespace(progress=lambda: SimpleNamespace(busy_since_ns=None))
        self.heartbeat = Heartbeat(self, self, self, None)

    def monotonic_ns(self) -> int:
        return self.now_ns

    def publish_state(self) -> None:
        pass

    def check_disk(self) -> None:
        pass

    def status(self, _text: str) -> None:
        pass

    def feed_watchdog(self) -> None:
        self.fed += 1

    def goes_to(self, state: SessionState) -> None:
        self.session.status, self.session.moved_ns = SessionStatus(state, "lesson-1"), self.now_ns

    def is_fed_after(self, wait_ns: int) -> bool:
        self.now_ns += wait_ns
        fed = self.fed
        self.heartbeat._beat()
        return self.fed > fed


@pytest.fixture
def box() -> Surroundings:
    return Surroundings()


def test_a_lesson_may_wait_for_a_camera_for_ever(box):
    box.goes_to(SessionState.STARTING)
    assert box.is_fed_after(0)
    assert box.is_fed_after(100 * SLOWLY)
    box.frames = 1
    assert box.is_fed_after(S), "the first picture is new"
    assert not box.is_fed_after(SLOWLY)


@pytest.mark.parametrize("state", [SessionState.RECORDING, SessionState.STOPPING])
def test_a_lesson_that_stands_still_starves_the_watchdog(box, state):
    box.goes_to(state)
    assert box.is_fed_after(0)
    box.session.moved_ns = box.now_ns + 20 * S
    assert box.is_fed_after(SLOWLY)
    assert not box.is_fed_after(SLOWLY)
    box.goes_to(SessionState.IDLE)
    assert box.is_fed_after(0)
    assert box.is_fed_after(SLOWLY)


def test_a_paused_lesson_may_wait_for_its_teacher(box):
    box.frames = 100
    box.goes_to(SessionState.PAUSED)
    assert box.is_fed_after(0)
    assert box.is_fed_after(100 * SLOWLY)
