"""With hindsight the teacher is better known than she was at the moment."""

import math
import random

import pytest

from followspot.control.planner import Prospect, Snapshot
from followspot.domain.body import Body
from followspot.domain.estimator import Estimator
from followspot.domain.geometry import PoseTrack
from followspot.domain.hindsight import Hindsight
from followspot.domain.view import TrackingState

S = 1_000_000_000
PERIOD_NS = S // 30


def azimuth(time_s):
    """She stands, walks for a second, stands."""
    return 12.0 * min(max(time_s - 1.0, 0.0), 1.0)


def told(silent=lambda _: False, until_s=3.0, jump=0.0):
    estimator, noise, filtered = Estimator(Body(1.7, 1.35), 3.5, 1.0, 8.0, remembered_s=3.0), random.Random(3), {}
    for n in range(round(until_s * 30)):
        time_ns = S + n * PERIOD_NS
        if silent(n / 30):
            continue
        at = azimuth(n / 30) + (jump if n / 30 > 2.0 else 0.0)
        estimator.on_marker(time_ns, at + noise.gauss(0, 0.8), 2.0, 0.9, time_ns)
        estimate = estimator.knowledge().at(time_ns)
        filtered[n] = estimate.chest.azimuth_deg
    return estimator.knowledge(), filtered


def rms(errors):
    return math.sqrt(sum(e * e for e in errors) / len(errors))


def test_it_halves_the_error():
    knowledge, filtered = told()
    hindsight = Hindsight.of(knowledge.past, knowledge.typical)
    frames = range(30, 75)
    smoothed = [hindsight.at(S + n * PERIOD_NS).chest.azimuth_deg - azimuth(n / 30) for n in frames]
    assert rms(smoothed) < 0.6 * rms([filtered[n] - azimuth(n / 30) for n in frames])


def test_a_drop_out_is_bridged():
    knowledge, _ = told(silent=lambda s: 1.2 < s < 1.8)
    hindsight = Hindsight.of(knowledge.past, knowledge.typical)
    assert max(abs(hindsight.at(S + n * PERIOD_NS).chest.azimuth_deg - azimuth(n / 30)) for n in range(36, 54)) < 1.5


def test_another_belief_is_not_smeared_over_the_one_before():
    knowledge, _ = told(jump=40.0)
    hindsight = Hindsight.of(knowledge.past, knowledge.typical)
    assert hindsight.at(S + round(1.9 * S)).chest.azimuth_deg == pytest.approx(azimuth(1.9), abs=2.0)
    assert hindsight.at(S + round(2.9 * S)).chest.azimuth_deg == pytest.approx(azimuth(2.9) + 40, abs=2.0)


def test_the_state_tells_what_is_known_now_of_then():
    knowledge, _ = told(silent=lambda s: 1.0 < s < 2.5)
    prospect = Prospect(Snapshot(knowledge, PoseTrack()), 4 * S)
    states = [prospect.state_at(S + round(s * S)) for s in (0.9, 1.3, 1.8, 2.2, 2.6)]
    tracking, coasting = TrackingState.TRACKING, TrackingState.COASTING
    assert states == [tracking, tracking, coasting, tracking, tracking]


def test_what_is_not_known_yet_is_expected_and_no_cause_for_doubt():
    knowledge, _ = told()
    now_ns = S + 3 * S
    prospect = Prospect(Snapshot(knowledge, PoseTrack()), now_ns)
    now, soon = prospect.estimate_at(now_ns), prospect.estimate_at(now_ns + S // 2)
    assert soon.azimuth_sigma_deg == now.azimuth_sigma_deg


def test_before_anybody_was_seen_nothing_is_known():
    estimator = Estimator(Body(1.7, 1.35), 3.5, 1.0, 8.0, remembered_s=3.0)
    prospect = Prospect(Snapshot(estimator.knowledge(), PoseTrack()), S)
    assert prospect.estimate_at(S) is None
    assert prospect.state_at(S) is TrackingState.PARKED
