"""The path that is decided later than it is shown: calm, near where it should be, and at rest for small reasons."""

import numpy as np
import pytest

from followspot.domain.glide import Glide, Zones

AHEAD = 11
PACE = 0.45


def zones(middle, half, first):
    steps = first + np.arange(AHEAD)
    centre = np.array([middle(step) for step in steps])
    return Zones(centre - half, centre + half, np.ones(AHEAD))


def played(middle, half=1.0, steps=60):
    """The path at 30 pictures a second, three a step."""
    glide = Glide(PACE)
    glide.begin(0, zones(middle, half, 0))
    values = []
    for picture in range(3 * steps):
        while not glide.knows(picture / 3):
            glide.decide(zones(middle, half, glide.first_free))
        values.append(glide.at(picture / 3))
    return np.array(values)


def test_noise_within_the_zone_moves_nothing():
    noise = np.random.default_rng(1).uniform(-0.6, 0.6, 200)
    path = played(lambda step: noise[step])
    assert np.ptp(path[15:]) < 1e-9


def test_a_walk_is_followed_without_lag_and_begun_before_it_begins():
    path = played(lambda step: 2.0 * max(0, step - 20))
    walk = 2.0 * np.maximum(0, np.arange(len(path)) / 3 - 20)
    assert np.max(np.abs(path - walk)) < 3.0
    assert path[60] > path[30], "it starts before she does"
    steady = (path - walk)[120:]
    assert np.max(np.abs(steady)) < 1.0, "within the zone on the way"


def test_a_jump_becomes_one_soft_move_without_overshoot():
    path = played(lambda step: 0.0 if step < 30 else 20.0)
    assert np.min(path) > -1.0
    assert np.max(path) < 21.0
    assert np.max(np.abs(np.diff(path, 2))) < 0.2
    assert np.max(np.abs(np.diff(path, 3))) < 0.05
    assert np.ptp(path[-15:]) < 0.01, "and it comes to rest"


@pytest.mark.parametrize("far", [1e6, -1e6])
def test_absurd_targets_stay_finite(far):
    path = played(lambda step: far if step % 7 == 3 else 0.0)
    assert np.all(np.isfinite(path))


def test_where_it_begins_it_is_already_there():
    path = played(lambda step: 7.0 + 0.5 * step)
    assert abs(path[0] - 7.0) < 1.5
