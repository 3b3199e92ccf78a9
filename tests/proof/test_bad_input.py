"""What the framing does when its input is wrong: a defined reaction each, and motors that never run away."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from followspot.domain.sighting import Sighting, SightingKind
from followspot_rehearsal import record
from followspot_rehearsal.conditions import Conditions
from followspot_rehearsal.jobs import Job, prepared_for
from followspot_rehearsal.lesson import Disturbance, Lesson
from followspot_rehearsal.times import START_NS
from followspot_sim.proof import placing

LEAD_S, SECONDS = 3.0, 10.0
WRONG_S = (6.0, 9.0)
"""When the input is wrong, from the very beginning: in these seconds and the next the teacher walks."""
RUN_AWAY_DEG = 90.0
"""A camera that points so far beside her has run away: at full speed that is a second."""


@pytest.fixture(scope="module")
def room():
    return prepared_for(Job("lesson", 1, "followspot", ""))


def play(room, disturbance=None, conditions=None, seconds=SECONDS):
    lesson = Lesson(room, disturbance=disturbance or Disturbance(), conditions=conditions or Conditions())
    frames = lesson.run(seconds, LEAD_S)
    return record.series(record.task("lesson", "followspot", lesson.settings, room), frames)


def safe_share(series, from_s=0.0):
    return float(placing.safe(series)[round((from_s - LEAD_S) * 30) if from_s else 0 :].mean())


def off_deg(series):
    return float(np.abs(series.pan_deg - series.azimuth_deg).max())


def second(time_ns):
    return (time_ns - START_NS) / 1e9


def wrong(make):
    """`make` spoils what was sent in WRONG_S."""
    return lambda sent: make(sent) if WRONG_S[0] <= second(sent.time_ns) < WRONG_S[1] else sent


BACK_NS = 5_000_000_000


def test_bearings_that_are_no_numbers_or_absurd_change_nothing(room):
    spoilt = itertools.cycle(
        [
            {},
            {"azimuth_deg": math.nan},
            {},
            {"azimuth_deg": 1e9},
            {"elevation_deg": math.inf},
            {"quality": math.nan},
            {"azimuth_deg": 170.0, "quality": 1.0},
        ]
    )
    series = play(room, Disturbance(marker=lambda report: replace(report, **next(spoilt))))
    assert safe_share(series) >= 0.99
    assert off_deg(series) < 15


def test_a_marker_clock_that_runs_backwards_is_bridged_by_the_picture(room):
    series = play(room, Disturbance(marker=wrong(lambda r: replace(r, time_ns=r.time_ns - BACK_NS))))
    assert safe_share(series) >= 0.97


@pytest.mark.parametrize("spoil", [{"pan_deg": math.nan}, {"pan_rate_dps": math.inf}, "backwards"])
def test_without_a_pose_that_makes_sense_the_motors_rest_until_there_is_one(room, spoil):
    change = (
        (lambda p: replace(p, time_ns=p.time_ns - BACK_NS)) if spoil == "backwards" else (lambda p: replace(p, **spoil))
    )
    series = play(room, Disturbance(pose=wrong(change)))
    still = series.pan_deg[round((WRONG_S[0] + 1.5 - LEAD_S) * 30) : round((WRONG_S[1] - LEAD_S) * 30)]
    assert np.ptp(still) < 0.01
    assert safe_share(series, from_s=WRONG_S[1] + 1.5) >= 0.99


def test_a_pose_that_lies_by_ten_degrees_moves_the_camera_by_no_more(room):
    series = play(room, Disturbance(pose=wrong(lambda p: replace(p, pan_deg=p.pan_deg + 10.0))))
    assert off_deg(series) < 20
    assert safe_share(series, from_s=WRONG_S[1] + 2.0) >= 0.99


@pytest.mark.parametrize("told", [lambda pan: 5.0, lambda pan: -pan], ids=["stands still", "runs the other way"])
def test_a_pose_that_does_not_follow_stops_the_motor_before_it_runs_away(room, told, caplog):
    def spoil(pose):
        return (
            replace(pose, pan_deg=told(pose.pan_deg), pan_rate_dps=0.0) if second(pose.time_ns) > WRONG_S[0] else pose
        )

    series = play(room, Disturbance(pose=spoil), seconds=20.0)
    assert off_deg(series) < RUN_AWAY_DEG
    assert np.ptp(series.pan_deg[-150:]) < 5
    assert [r.message for r in caplog.records if "does not turn as it is told" in r.message]


@pytest.mark.parametrize("lens_error", [0.9, 1.1])
def test_a_lens_configured_wrongly_by_a_tenth_loses_nobody(room, lens_error):
    assert safe_share(play(room, conditions=Conditions(lens_error=lens_error))) >= 0.97


def test_swapped_markers_are_followed_and_left_again_within_a_second_and_a_half(room):
    swapped = wrong(lambda r: replace(r, azimuth_deg=-30.0, elevation_deg=0.0, quality=0.9))
    series = play(room, Disturbance(marker=swapped))
    assert off_deg(series) < RUN_AWAY_DEG
    assert safe_share(series, from_s=WRONG_S[1] + 2.0) >= 0.97


@pytest.mark.parametrize(
    "box",
    [{"distance_m": 0.0}, {"distance_m": -1.0}, {"top_deg": math.nan}, {"sigma_deg": 0.0}, {"azimuth_deg": math.inf}],
)
def test_a_box_of_zero_size_is_no_sighting(room, box):
    def seen(lesson, now_ns):
        if now_ns % 100_000_000 == 0:
            flat = Sighting(now_ns, SightingKind.PERSON, 0.9, -20.0, 1.0, 5.0, 3.0)
            lesson.framing.on_sighting(replace(flat, **box))

    series = play(room, Disturbance(also=seen), seconds=6.0)
    assert safe_share(series) >= 0.99


@pytest.mark.parametrize("marked", [True, False])
def test_an_image_that_never_changes_leads_nowhere(room, marked):
    kept = []

    def frozen(picture):
        kept.append(picture)
        return kept[min(len(kept), 60) - 1]

    def marker(report):
        return report if marked or second(report.time_ns) < WRONG_S[0] else replace(report, quality=0.0)

    series = play(room, Disturbance(picture=frozen, marker=marker))
    if marked:
        assert safe_share(series) >= 0.99
    else:
        assert np.abs(np.diff(series.pan_deg)).sum() < RUN_AWAY_DEG
        assert np.ptp(series.pan_deg[-60:]) < 0.1
