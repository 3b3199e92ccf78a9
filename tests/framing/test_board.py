"""The teacher with the board in one picture, and the room towards the board for who stands at it."""

import random
from itertools import pairwise

import pytest

from followspot.domain.belief import Estimate
from followspot.domain.board import both
from followspot.domain.body import Body
from followspot.domain.composer import Composer
from followspot.domain.foresight import Foresight
from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.domain.shots import ShotName, shot
from followspot.domain.view import TrackingState
from followspot.domain.zones import Zone
from followspot.settings.models import Settings, ViewSettings
from framing.closed_loop import Walker, run_loop

BODY = Body(1.7, 1.35)
LENS = Lens(1920, 1080, 62.0)
BOARD = Zone(-14.0, 10.0, -4.0, 12.0)
TRACKING = TrackingState.TRACKING


class Seen:
    """She stands there, and the camera looks there."""

    def __init__(self, azimuth_deg, aim):
        self.known_ns, self._aim = 10**15, aim
        self._estimate = Estimate(Bearing(azimuth_deg, 2.0), 0.0, 4.0, 0.3, 0.02)

    def estimate_at(self, time_ns):
        return self._estimate

    def state_at(self, time_ns):
        return TRACKING

    def aim_at(self, time_ns):
        return self._aim


def filmed(name, azimuth_deg, aim, *, ahead):
    """What is shown of her after some seconds."""
    wanted, outlook = shot(name, (1280, 720), 1.6), Seen(azimuth_deg, aim)
    if ahead:
        foresight = Foresight(wanted, BODY, lookahead_s=0.7, board=BOARD)
        return [foresight.compose(LENS, aim, outlook, n * 33_333_333) for n in range(150)][-1]
    composer = Composer(wanted, BODY, board=BOARD)
    estimate = outlook.estimate_at(0)
    return [composer.compose(LENS, aim, estimate, TRACKING, n * 33_333_333) for n in range(300)][-1]


def holds(crop, x, y):
    return crop.x <= x <= crop.x + crop.width and crop.y <= y <= crop.y + crop.height


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("azimuth_deg", [-18.0, -5.0, 14.0])
def test_board_and_teacher_are_shown_together(azimuth_deg, ahead):
    aim = Aim((azimuth_deg - 2) / 2, 3.0)
    view = filmed(ShotName.TEACHER_AND_BOARD, azimuth_deg, aim, ahead=ahead)
    for azimuth in (BOARD.left_deg, BOARD.right_deg):
        for elevation in (BOARD.bottom_deg, BOARD.top_deg):
            assert holds(view.crop, *LENS.project(Bearing(azimuth, elevation), aim))
    assert holds(view.crop, view.box.x, view.box.y)
    assert holds(view.crop, view.box.x + view.box.width, view.box.y + view.box.height)


@pytest.mark.parametrize("ahead", [False, True])
def test_where_both_do_not_fit_she_is_shown_alone(ahead):
    aim = Aim(50.0, 3.0)
    view = filmed(ShotName.TEACHER_AND_BOARD, 50.0, aim, ahead=ahead)
    alone = filmed(ShotName.WAIST, 50.0, aim, ahead=ahead)
    assert view.crop == alone.crop


def test_on_the_way_nothing_jumps():
    estimates = [Estimate(Bearing(n / 10, 2.0), 0.0, 4.0, 0.3, 0.02) for n in range(600)]
    shares = [both(BOARD, LENS, one, BODY, 16 / 9, 1080.0) for one in estimates]
    assert shares[0].share == 1.0
    assert shares[-1].share == 0.0
    assert max(abs(a.share - b.share) for a, b in pairwise(shares)) < 0.05
    assert max(abs(a.height - b.height) for a, b in pairwise(shares)) < 10


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize(("azimuth_deg", "place"), [(-13.5, 1 / 3), (-2.0, 0.5), (9.5, 2 / 3), (40.0, 0.5)])
def test_who_stands_at_the_board_leaves_it_room(azimuth_deg, place, ahead):
    view = filmed(ShotName.WAIST, azimuth_deg, Aim(azimuth_deg, 0.0), ahead=ahead)
    assert (view.box.centre[0] - view.crop.x) / view.crop.width == pytest.approx(place, abs=0.07)


def test_the_motors_bring_both_into_the_picture():
    view = ViewSettings(
        shot=ShotName.TEACHER_AND_BOARD,
        board={"left_deg": -12.0, "right_deg": 4.0, "bottom_deg": 0.0, "top_deg": 10.0},
    )
    walker = Walker(random.Random(1), standing_only=True, x=1.2, z=3.4)
    run = run_loop(1, 8, settings=Settings(view=view), walker=walker, dropouts_per_minute=0)
    lens, last = Lens(1280, 720, 55.0), run.views[-1]
    aim = Aim(run.pans[-1], last.tilt_deg)
    assert holds(last.crop, *lens.project(Bearing(-12.0, 5.0), aim))
    assert holds(last.crop, *run.boxes[-1][:2])
