"""The disk budget's marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot.domain.retention import Budget, Rung, Space, bytes_per_minute

BUDGET = Budget(warn_min=180, free_min=240, start_min=15, end_min=3, bytes_per_min=1000)


@pytest.mark.parametrize(
    ("minutes", "rung"),
    [(180, Rung.PLENTY), (179.9, Rung.LOW), (15, Rung.LOW), (14.9, Rung.NO_NEW_LESSON), (2.9, Rung.FINISH)],
)
def test_each_mark(minutes: float, rung: Rung):
    assert BUDGET.rung(Space(round(minutes * 1000))) is rung
    assert BUDGET.rung(Space(0, round(minutes * 1000))) is rung, "what can be deleted at once is room"


def test_a_rung_is_left_upwards_only_with_room_to_spare():
    assert BUDGET.next_rung(Rung.PLENTY, Space(179_000)) is Rung.LOW
    assert BUDGET.next_rung(Rung.LOW, Space(190_000)) is Rung.LOW
    assert BUDGET.next_rung(Rung.LOW, Space(201_000)) is Rung.PLENTY


@given(st.lists(st.integers(0, 300_000), min_size=1))
def test_no_rung_is_ever_too_high(sizes: list[int]):
    rung = Rung.PLENTY
    for size in sizes:
        rung = BUDGET.next_rung(rung, Space(size))
        assert rung >= BUDGET.rung(Space(size))


def test_what_must_be_freed():
    assert BUDGET.to_free(240_000) == 0
    assert BUDGET.to_free(100_000) == 140_000


def test_an_hour_at_the_default_rates_is_just_below_two_gigabytes():
    assert 1.8e9 < 60 * bytes_per_minute(4000, 96) < 1.95e9
