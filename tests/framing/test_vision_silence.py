"""With the marker silent vision must hold a walking teacher; without vision she is lost."""

import os
from pathlib import Path

import numpy as np
import pytest

from framing.silence import walk_in_silence
from framing.stage import drawn_panorama, drawn_person, recorded_people, recorded_rooms

DATA = os.environ.get("FOLLOWSPOT_DATA")


@pytest.mark.parametrize("seed", range(4))
def test_a_drawn_teacher_is_held(seed):
    out = walk_in_silence(drawn_panorama(seed), drawn_person(seed + 50), seed)
    assert out.percentile(0.5) < 1.2
    assert out.percentile(0.95) < 4.0


def test_she_is_lost_without_vision():
    worst = [walk_in_silence(drawn_panorama(s), drawn_person(s), s, vision=False).percentile(0.95) for s in range(4)]
    assert min(worst) > 5.0


def test_a_short_dip_of_the_light_changes_nothing():
    dips = {96, 120, 150}
    out = walk_in_silence(drawn_panorama(1), drawn_person(51), 1, light=lambda n: 0.8 if n in dips else 1.0)
    assert out.percentile(0.95) < 4.0


def test_seated_students_do_not_take_her_away():
    out = walk_in_silence(drawn_panorama(2), drawn_person(52), 2, students=True)
    assert out.percentile(0.95) < 4.0


def test_pose_noise_is_taken_out():
    out = walk_in_silence(drawn_panorama(3), drawn_person(53), 3, pose_noise_deg=0.3)
    assert out.percentile(0.95) < 4.0


def test_a_standing_teacher_is_not_dragged_away():
    out = walk_in_silence(drawn_panorama(0), drawn_person(50), 0, stands=True)
    assert out.percentile(1.0) < 2.5


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="FOLLOWSPOT_DATA names no folder of recordings")
@pytest.mark.parametrize("seed", range(6))
def test_recorded_people_are_held_in_a_recorded_room(seed):
    people, rooms = recorded_people(Path(DATA)), recorded_rooms(Path(DATA))
    out = walk_in_silence(rooms[seed % len(rooms)], people[seed % len(people)], seed)
    assert out.percentile(0.5) < 1.5
    assert out.percentile(0.9) < 4.5
    assert 0.8 < np.median(out.distance_ratios) < 1.25
