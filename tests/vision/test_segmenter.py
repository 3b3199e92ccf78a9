"""What is made of the model's mask: the head of one person near the expected column."""

import numpy as np
import pytest

from followspot.vision.segmenter import SIZE, nearest

HEIGHT, REACH = 260.0, 30.0


def person(mask: np.ndarray, x: int, top: int) -> np.ndarray:
    mask[top : top + 36, x - 14 : x + 14] = 1
    mask[top + 36 :, x - 40 : x + 40] = 1
    return mask


def empty() -> np.ndarray:
    return np.zeros((SIZE[1], SIZE[0]), np.uint8)


def test_the_head_is_measured_not_the_arms():
    mask = person(empty(), 120, 40)
    mask[90:100, 120:230] = 1
    assert nearest(mask, 128, REACH, HEIGHT) == (pytest.approx(120.0), 40.0)


def test_of_several_the_nearest_counts():
    mask = person(person(empty(), 120, 40), 215, 30)
    assert nearest(mask, 128, REACH, HEIGHT)[0] == pytest.approx(120.0)
    assert nearest(mask, 210, REACH, HEIGHT)[0] == pytest.approx(215.0)


def test_nobody_near_is_nobody():
    assert nearest(empty(), 128, REACH, HEIGHT) is None
    assert nearest(person(empty(), 60, 40), 128, REACH, HEIGHT) is None


def test_two_who_cannot_be_told_apart_are_nobody():
    mask = person(empty(), 100, 40)
    mask[40:76, 100:170] = 1
    assert nearest(mask, 128, REACH, HEIGHT) is None


def test_a_scrap_is_nobody():
    mask = empty()
    mask[60:80, 120:140] = 1
    assert nearest(mask, 128, REACH, HEIGHT) is None
