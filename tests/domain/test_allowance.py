"""An allowance: a burst, then a rate, and full again after a rest."""

from followspot.domain.allowance import Allowance

SECOND_NS = 10**9


def test_a_burst_is_followed_by_the_rate() -> None:
    allowance = Allowance(3, SECOND_NS)
    assert [allowance.take(1, 5) for _ in range(4)] == [True, True, True, False]
    assert not allowance.take(1, 5 + SECOND_NS - 1)
    assert allowance.take(1, 5 + SECOND_NS)
    assert not allowance.take(1, 5 + SECOND_NS)


def test_what_is_too_much_takes_nothing() -> None:
    allowance = Allowance(3, SECOND_NS)
    assert not allowance.take(4, 0)
    assert allowance.take(3, 0)


def test_a_rest_saves_no_more_than_a_burst() -> None:
    allowance = Allowance(3, SECOND_NS)
    assert allowance.take(3, 0)
    assert [allowance.take(3, 1000 * SECOND_NS), allowance.take(1, 1000 * SECOND_NS)] == [True, False]
