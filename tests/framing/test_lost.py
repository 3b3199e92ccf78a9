"""A teacher who is lost: hold, ease out, go home; and when she comes back, no whip."""

import math
from itertools import pairwise

import pytest

from followspot.domain.view import TrackingState
from framing.closed_loop import SENSOR, run_loop

FRAME_S = 0.035
GONE_S, BACK_S, END_S = 6.0, 22.0, 30.0


@pytest.fixture(scope="module")
def run():
    """She stands 35 degrees to the right, is gone from one moment on, and comes back where she was."""
    return run_loop(
        1, END_S, standing=True, start_deg=35.0, dropouts_per_minute=0, absent=lambda s: GONE_S <= s < BACK_S
    )


def frames(run, start_s, end_s):
    return range(round(start_s / FRAME_S), min(round(end_s / FRAME_S), len(run.views)))


def looks_at(run, index):
    """Where the middle of the picture looks, degrees."""
    focal = SENSOR[0] / 2 / math.tan(math.radians(55) / 2)
    return run.pans[index] + math.degrees(math.atan((run.views[index].crop.centre[0] - SENSOR[0] / 2) / focal))


def test_at_first_the_picture_is_held(run):
    before, *after = [looks_at(run, i) for i in frames(run, GONE_S, GONE_S + 7.5)]
    assert max(abs(azimuth - before) for azimuth in after) < 4.5
    pans = [run.pans[i] for i in frames(run, GONE_S + 3, GONE_S + 7.5)]
    assert max(pans) - min(pans) < 0.1, "once the last known motion is forgotten the motors rest"


def test_it_eases_out_to_the_widest_view_before_the_time_out(run):
    heights = [run.views[i].crop.height for i in frames(run, GONE_S, GONE_S + 8)]
    steps = [after / before for before, after in pairwise(heights)]
    assert heights[0] < 0.75 * SENSOR[1]
    assert heights[-1] > 0.97 * SENSOR[1]
    assert max(steps) < 1.03, "less than 3 % a frame"
    assert min(steps) > 0.995, "and not back"


def test_after_the_time_out_the_camera_goes_home_slowly(run):
    span = frames(run, GONE_S + 8, BACK_S - 0.5)
    pans = [run.pans[i] for i in span]
    assert run.views[span[-1]].state is TrackingState.PARKED
    assert abs(pans[-1]) < 2.0
    assert max(abs(after - before) for before, after in pairwise(pans)) / FRAME_S < 13.0


def test_it_comes_back_without_a_whip(run):
    span = frames(run, BACK_S - 0.5, END_S)
    looks = [looks_at(run, i) for i in span]
    assert max(abs(after - before) for before, after in pairwise(looks)) / FRAME_S < 40.0
    assert all(run.safe(i) for i in frames(run, BACK_S + 4, END_S))


def test_one_who_runs_away_on_her_return_is_still_caught():
    run = run_loop(3, 30.0, dropouts_per_minute=0, absent=lambda s: 4 <= s < 14)
    late = frames(run, 19, 30)
    assert sum(run.safe(i) for i in late) / len(late) > 0.95
