"""The top of the head is where the teacher begins, whatever size she is believed to have."""

import numpy as np
import pytest

from followspot.domain.view import Rect
from followspot.vision.head import head_top


def likeness(top_row: int) -> np.ndarray:
    """A map at half size: nothing known but a body from `top_row` (of the full picture) down."""
    picture = np.full((90, 160), 100, np.uint8)
    picture[top_row // 2 :, 70:90] = 230
    return picture


@pytest.mark.parametrize("believed", [44, 60, 76])
def test_it_is_found_though_expected_elsewhere(believed):
    bust = Rect(140, believed, 40, 37)
    assert head_top(likeness(60), bust, 160.0) == pytest.approx(60, abs=2)


def test_nothing_is_told_without_contrast():
    assert head_top(np.full((90, 160), 128, np.uint8), Rect(140, 60, 40, 37), 160.0) is None


def test_nothing_is_told_off_the_picture():
    assert head_top(likeness(60), Rect(140, -200, 40, 37), 160.0) is None
    assert head_top(likeness(60), Rect(600, 60, 40, 37), 620.0) is None
