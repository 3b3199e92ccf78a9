"""Shots by name: what each shows of the teacher, and the room in front of one who walks."""

import math
import random

import pytest

from followspot.domain.belief import Estimate
from followspot.domain.body import Body
from followspot.domain.composer import Composer
from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.domain.shots import LOOKS, ShotName, shot
from followspot.domain.view import TrackingState
from followspot.settings.models import Settings, ViewSettings
from framing.closed_loop import Walker, run_loop

BODY = Body(1.7, 1.35)
LENS = Lens(3840, 2160, 60.0)
FRAME_NS = 33_333_333
DISTANCE_M = 4.0


def filmed(name, rate_dps=0.0, seconds=8.0, **given):
    """The last view of a teacher who has walked at this rate for a while, through a lens with pixels to spare."""
    composer = Composer(shot(name, (1280, 720), 1.6, **given), BODY)
    start_deg = -rate_dps * seconds
    for frame in range(round(seconds * 30)):
        azimuth_deg = start_deg + rate_dps * frame / 30
        estimate = Estimate(Bearing(azimuth_deg, 2.0), rate_dps, DISTANCE_M, 0.3, 0.02)
        aim = Aim(azimuth_deg, 0.0)
        view = composer.compose(LENS, aim, estimate, TrackingState.TRACKING, frame * FRAME_NS)
    return view


@pytest.mark.parametrize("name", ShotName)
def test_a_shot_shows_what_its_name_says(name):
    view = filmed(name)
    look, box, crop = LOOKS[name], view.box, view.crop
    assert box.height / crop.height == pytest.approx(look.shot_share, rel=0.2)
    assert (box.y - crop.y) / crop.height == pytest.approx(look.headroom_share, abs=0.06)
    shown = (crop.y + crop.height - box.y) / (box.height / 0.25)
    least, most = {
        ShotName.FULL_BODY: (1.0, 1.3),
        ShotName.KNEES: (0.72, 1.0),
        ShotName.WAIST: (0.5, 0.72),
        ShotName.HEAD_AND_SHOULDERS: (0.25, 0.42),
        ShotName.TEACHER_AND_BOARD: (0.5, 0.72),  # no board is configured here
    }[name]
    assert least < shown < most


def test_a_share_that_is_given_stands_in_place_of_the_shots():
    view = filmed(ShotName.FULL_BODY, shot_share=0.5, headroom_share=0.2)
    assert view.box.height / view.crop.height == pytest.approx(0.5, rel=0.2)
    assert (view.box.y - view.crop.y) / view.crop.height == pytest.approx(0.2, abs=0.06)


def test_no_shot_is_enlarged_beyond_the_limit():
    crop = filmed(ShotName.HEAD_AND_SHOULDERS, shot_share=0.8).crop
    assert crop.height >= 720 / 1.6 - 1e-6


@pytest.mark.parametrize("rate_dps", [-15.0, 15.0])
def test_who_walks_has_room_in_front(rate_dps):
    without, led = filmed(ShotName.WAIST, rate_dps), filmed(ShotName.WAIST, rate_dps, lead_share=0.1)

    def ahead(view):
        return (view.crop.centre[0] - view.box.centre[0]) / view.crop.width * math.copysign(1, rate_dps)

    assert ahead(led) - ahead(without) > 0.05


def test_who_stands_is_in_the_middle_with_or_without_lead_room():
    view = filmed(ShotName.WAIST, lead_share=0.15)
    assert view.crop.centre[0] == pytest.approx(view.box.centre[0], abs=0.1 * view.crop.width)
    assert view.crop == filmed(ShotName.WAIST).crop


@pytest.mark.parametrize("name", [ShotName.FULL_BODY, ShotName.KNEES, ShotName.WAIST])
def test_every_shot_keeps_head_and_shoulders_within_its_edges(name):
    settings = Settings(view=ViewSettings(shot=name))
    for seed in range(3):
        run = run_loop(seed, seconds=30, settings=settings, walker=Walker(random.Random(seed)))
        inside = [_in_the_middle(run.views[i].crop, run.boxes[i]) for i in range(60, len(run.views))]
        assert sum(inside) / len(inside) > 0.97


def _in_the_middle(crop, box):
    dx, dy = 0.05 * crop.width, 0.05 * crop.height
    across = crop.x + dx <= box[0] and box[2] <= crop.x + crop.width - dx
    return across and crop.y + dy <= box[1] and box[3] <= crop.y + crop.height - dy
