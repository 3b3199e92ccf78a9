"""What a line alone needs for a lesson, and how the figures stand beside it."""

import pytest

from followspot_sim.bench import bell
from followspot_sim.bench.bell import LESSON_MIN, LINES_MBITS, MEDIA_MBITS


@pytest.mark.parametrize("rate_mbits", [0.5, *LINES_MBITS, MEDIA_MBITS, 100])
def test_the_bound_is_what_a_line_that_is_never_idle_needs(rate_mbits: float) -> None:
    free_min = 0.0
    for there_min in range(1, LESSON_MIN + 1):
        free_min = max(free_min, there_min) + MEDIA_MBITS / rate_mbits
    assert bell.line_min(rate_mbits) == pytest.approx(free_min - LESSON_MIN)


def test_each_measured_line_stands_beside_its_bound() -> None:
    made = bell.figures({1: 142.0, 2: 51.5, 5: 1.4})
    assert tuple(figure.name for figure in made) == bell.NAMES
    assert [round(figure.value) for figure in made] == [142, 140, 52, 48, 1, 1]
    assert made[2].detail["beyond_the_line_min"] == pytest.approx(3.34)
