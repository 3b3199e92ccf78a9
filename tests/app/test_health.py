"""When the watchdog is fed, and when not."""

import pytest

from followspot.app.health import Vitals, what_is_stuck

S = 1_000_000_000
NOW = 1000 * S
OPEN_TIMEOUT = 5 * S


def verdict(lesson=None, capture=None, encode=None, busy=None, unmoved=None) -> str | None:
    """The decision for ages in seconds."""
    values = (None if age is None else NOW - int(age * S) for age in (lesson, capture, encode, busy, unmoved))
    return what_is_stuck(Vitals(*values), NOW, OPEN_TIMEOUT)


@pytest.mark.parametrize(
    "ages",
    [
        {},
        {"capture": 500, "encode": 500},  # the lesson before
        {"lesson": 600, "capture": 0.1, "encode": 0.1},
        {"lesson": 600, "capture": 0.1, "encode": 0.1, "busy": 5},  # one slow sync
        {"lesson": 600, "capture": 6, "encode": 0.1},  # a camera that takes its time to open
        {"lesson": 2},  # a lesson that just began
        {"busy": 19},
        {"unmoved": 59},  # a long queue that is written out
    ],
)
def test_it_is_fed(ages):
    assert verdict(**ages) is None


@pytest.mark.parametrize(
    ("ages", "words"),
    [
        ({"busy": 25}, "the disk has not answered for 25 s"),
        ({"lesson": 600, "capture": 0.1, "encode": 0.1, "busy": 25}, "the disk has not answered for 25 s"),
        ({"unmoved": 61}, "the lesson has made no progress for 61 s"),
        ({"lesson": 600, "capture": 16, "encode": 0.1}, "capture has made no progress for 16 s"),
        ({"lesson": 600, "capture": 0.1, "encode": 11}, "encoding has made no progress for 11 s"),
        ({"lesson": 30, "encode": 0.1}, "capture has made no progress for 30 s"),
    ],
)
def test_it_starves(ages, words):
    assert verdict(**ages) == words
