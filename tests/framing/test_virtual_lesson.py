"""Whole lessons in virtual time, over many people, walks and seeds: what one seed shows may be luck."""

import os

import numpy as np
import pytest

from framing.virtual_lesson import teach

DATA = os.environ.get("FOLLOWSPOT_DATA")
SECONDS = 12.0


@pytest.mark.parametrize("seed", range(2))
def test_a_drawn_teacher_stays_in_the_safe_area(seed):
    assert teach("--seed", str(seed), seconds=SECONDS).safe_share() >= 0.97


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="FOLLOWSPOT_DATA names no folder of recordings")
def test_real_people_stay_in_the_safe_area_whoever_they_are():
    lessons = {seed: teach("--data", DATA, "--seed", str(seed), seconds=SECONDS) for seed in range(1, 9)}
    shares = {seed: lesson.safe_share() for seed, lesson in lessons.items()}
    assert np.mean(list(shares.values())) >= 0.98, shares
    assert min(shares.values()) >= 0.9, shares
    for seed, lesson in lessons.items():
        ratios = [m / t.distance_m for m, t in zip(lesson.believed_m, lesson.truths, strict=True) if m]
        assert 0.8 < np.median(ratios) < 1.25, f"seed {seed}: she is believed {np.median(ratios):.2f} times as far"
