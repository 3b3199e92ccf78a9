"""The estimator alone: late, false and missing measurements."""

import math
import random

import pytest

from followspot.domain.body import Body
from followspot.domain.estimator import Estimator
from followspot.domain.sighting import Sighting, SightingKind
from followspot.domain.view import TrackingState

T0 = 10**12
MS = 1_000_000


def make() -> Estimator:
    return Estimator(Body(1.70, 1.35), 3.5, 1.0, 8.0)


def feed(estimator, first_ms, last_ms, azimuth, seed=0, sigma=0.8, step_ms=33):
    rng = random.Random(seed)
    for ms in range(first_ms, last_ms, step_ms):
        at = T0 + ms * MS
        estimator.on_marker(at, azimuth(ms / 1000) + rng.gauss(0, sigma), 1.0 + rng.gauss(0, sigma), 1.0, at)


def seen(ms, azimuth, confidence=0.8, kind=SightingKind.APPEARANCE, **heights):
    return Sighting(T0 + ms * MS, kind, confidence, azimuth, 1.0, **heights)


def at(estimator, ms):
    return estimator.knowledge().at(T0 + ms * MS)


def state(estimator, ms):
    return estimator.knowledge().state(T0 + ms * MS)[0]


def test_nothing_is_known_at_first():
    assert at(make(), 0) is None
    assert state(make(), 0) is TrackingState.PARKED


def test_a_steady_walk_is_followed_with_its_rate():
    estimator = make()
    feed(estimator, 0, 3000, lambda s: 15 * s)
    assert at(estimator, 3000).chest.azimuth_deg == pytest.approx(45, abs=1.5)
    assert at(estimator, 3000).rate_dps == pytest.approx(15, abs=5)


def test_it_is_better_than_the_marker_for_one_who_stands():
    estimator, errors = make(), []
    rng = random.Random(1)
    for n in range(600):
        now = T0 + n * 33 * MS
        estimator.on_marker(now, 10 + rng.gauss(0, 0.8), 1.0, 1.0, now)
        errors.append(at(estimator, n * 33).chest.azimuth_deg - 10)
    assert math.sqrt(sum(e * e for e in errors[60:]) / 540) < 0.55


def test_states_follow_the_silence():
    estimator = make()
    feed(estimator, 0, 1000, lambda s: 5.0)
    assert state(estimator, 1100) is TrackingState.TRACKING
    assert state(estimator, 2000) is TrackingState.COASTING
    assert state(estimator, 5000) is TrackingState.SEARCHING
    assert state(estimator, 10_000) is TrackingState.PARKED


def test_coasting_comes_to_rest_and_grows_unsure():
    estimator = make()
    feed(estimator, 0, 3000, lambda s: 15 * s)
    soon, later, last = (at(estimator, ms) for ms in (3200, 6000, 9000))
    assert soon.azimuth_sigma_deg < later.azimuth_sigma_deg < last.azimuth_sigma_deg
    assert abs(last.rate_dps) < 2
    assert last.chest.azimuth_deg < 45 + 2.5 * 15


def test_a_late_measurement_counts_as_if_it_had_come_in_time():
    in_time, late = make(), make()
    for estimator in (in_time, late):
        feed(estimator, 0, 990, lambda s: 0.0)
    in_time.on_sighting(seen(1000, 3.0), T0 + 1000 * MS)
    for estimator in (in_time, late):
        feed(estimator, 1010, 1200, lambda s: 0.0)
    late.on_sighting(seen(1000, 3.0), T0 + 1200 * MS)
    assert at(late, 1200).chest.azimuth_deg == pytest.approx(at(in_time, 1200).chest.azimuth_deg, abs=1e-9)


def test_single_outliers_are_set_aside_and_a_lasting_change_is_believed():
    estimator = make()
    feed(estimator, 0, 2000, lambda s: 0.0)
    estimator.on_marker(T0 + 2010 * MS, 60.0, 1.0, 1.0, T0 + 2010 * MS)
    assert abs(at(estimator, 2010).chest.azimuth_deg) < 2
    feed(estimator, 2040, 2900, lambda s: 60.0)
    assert at(estimator, 2900).chest.azimuth_deg == pytest.approx(60, abs=2)


def test_sightings_never_outvote_a_marker_that_speaks():
    estimator = make()
    feed(estimator, 0, 1000, lambda s: 0.0)
    for ms in range(1000, 4000, 100):
        feed(estimator, ms, ms + 90, lambda s: 0.0, seed=ms)
        estimator.on_sighting(seen(ms, 30.0), T0 + (ms + 90) * MS)
    assert abs(at(estimator, 4000).chest.azimuth_deg) < 2


def test_sightings_carry_a_silent_marker():
    estimator = make()
    feed(estimator, 0, 1000, lambda s: 15 * s)
    for ms in range(1000, 4000, 100):
        estimator.on_sighting(seen(ms, 15 * ms / 1000 if ms < 2500 else 37.5), T0 + (ms + 60) * MS)
    assert at(estimator, 4000).chest.azimuth_deg == pytest.approx(37.5, abs=1.5)
    assert state(estimator, 4000) is TrackingState.TRACKING


def test_sightings_alone_find_the_teacher_after_they_agreed_for_a_while():
    estimator = make()
    estimator.on_sighting(seen(0, 12.0), T0)
    assert at(estimator, 0) is None
    for ms in range(100, 900, 100):
        estimator.on_sighting(seen(ms, 12.0, top_deg=7.0, distance_m=3.0), T0 + ms * MS)
    estimate = at(estimator, 900)
    assert estimate.chest.azimuth_deg == pytest.approx(12, abs=0.5)
    assert estimate.distance_m == pytest.approx(3.0, rel=0.1)


def test_the_apparent_size_tells_the_distance():
    estimator = make()
    feed(estimator, 0, 1000, lambda s: 0.0, sigma=0.3)
    for ms in range(1000, 3000, 100):
        feed(estimator, ms, ms + 90, lambda s: 0.0, sigma=0.3, seed=ms)
        estimator.on_sighting(seen(ms, 0.0, distance_m=2.6), T0 + (ms + 90) * MS)
    assert at(estimator, 3000).distance_m == pytest.approx(2.6, rel=0.1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e9])
def test_absurd_values_are_counted_and_ignored(bad):
    estimator = make()
    feed(estimator, 0, 1000, lambda s: 0.0)
    before = at(estimator, 1000)
    now = T0 + 1000 * MS
    estimator.on_marker(now, bad, 0.0, 1.0, now)
    estimator.on_marker(now, 0.0, bad, 1.0, now)
    estimator.on_sighting(seen(1000, bad), now)
    assert estimator.ignored == 3
    assert at(estimator, 1000) == before


def test_times_from_elsewhere_are_ignored():
    estimator = make()
    feed(estimator, 0, 1000, lambda s: 0.0)
    now = T0 + 1000 * MS
    estimator.on_marker(now + 10**12, 0.0, 0.0, 1.0, now)
    estimator.on_marker(now - 10**10, 0.0, 0.0, 1.0, now)
    assert estimator.ignored == 2


def test_a_clock_that_runs_backwards_begins_anew():
    estimator = make()
    feed(estimator, 100_000, 101_000, lambda s: 0.0)
    feed(estimator, 0, 1000, lambda s: 30.0)
    assert at(estimator, 1000).chest.azimuth_deg == pytest.approx(30, abs=1.5)
    assert state(estimator, 1000) is TrackingState.TRACKING


def test_azimuth_wraps_round_the_back():
    estimator = make()
    feed(estimator, 0, 2000, lambda s: 175 + 5 * s)
    azimuth = at(estimator, 2000).chest.azimuth_deg
    assert abs((azimuth - 185 + 180) % 360 - 180) < 2


def test_a_marker_report_without_quality_says_nothing():
    estimator = make()
    estimator.on_marker(T0, 0.0, 0.0, 0.0, T0)
    assert at(estimator, 0) is None
    assert estimator.ignored == 0


def badge(ms, azimuth, distance_m=3.0):
    return seen(ms, azimuth, 1.0, SightingKind.BADGE, distance_m=distance_m, distance_sigma=0.06, chest_deg=2.0)


def test_a_badge_says_at_once_who_where_and_how_far():
    estimator = make()
    estimator.on_sighting(badge(0, 12.0, 5.5), T0)
    assert at(estimator, 0).chest.azimuth_deg == pytest.approx(12.0)
    assert at(estimator, 0).distance_m == pytest.approx(5.5, rel=0.06)
    assert at(estimator, 0).chest.elevation_deg == pytest.approx(2.0, abs=0.1)
    assert estimator.knowledge().state(T0) == (TrackingState.TRACKING, "badge")
    assert estimator.knowledge().marked(T0), "looks are learned from whom the badge names"


def test_three_badges_outvote_a_belief_that_rests_on_the_picture():
    estimator = make()
    for n in range(20):
        estimator.on_sighting(seen(n * 100, -20.0), T0 + n * 100 * MS)
    for n in range(20, 23):
        estimator.on_sighting(badge(n * 100, 25.0), T0 + n * 100 * MS)
    assert at(estimator, 2200).chest.azimuth_deg == pytest.approx(25.0, abs=0.5)


@pytest.mark.parametrize("wrong", [{"distance_m": 0.0}, {"distance_sigma": 0.0}, {"chest_deg": math.nan}])
def test_a_badge_that_cannot_be_is_ignored(wrong):
    estimator = make()
    heights = {"distance_m": 3.0, "distance_sigma": 0.06, "chest_deg": 2.0, **wrong}
    estimator.on_sighting(seen(0, 12.0, 1.0, SightingKind.BADGE, **heights), T0)
    assert at(estimator, 0) is None
    assert estimator.ignored == 1
