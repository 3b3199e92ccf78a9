"""Media time in nanoseconds and in ticks of a track says the same."""

from hypothesis import given
from hypothesis import strategies as st

from followspot.domain.segments import NANOSECONDS, nearest_tick


@given(st.integers(0, 90_000 * 86_400), st.sampled_from([1000, 12_800, 48_000, 90_000]))
def test_a_tick_rounded_down_to_nanoseconds_is_found_again(tick: int, timescale: int) -> None:
    assert nearest_tick(tick * NANOSECONDS // timescale, timescale) == tick
