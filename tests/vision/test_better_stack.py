"""What the watcher makes of a model: it confirms whom an outline suggests, and is asked only where it can teach."""

import math
from collections.abc import Callable

import pytest

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.body import Body
from followspot.domain.estimator import Estimator
from followspot.domain.geometry import Aim
from followspot.domain.sighting import Hint, Sighting
from followspot.domain.view import TrackingState
from followspot.vision.segmenter import Figure, Segmenter
from followspot.vision.watcher import Watcher
from framing.stage import HFOV_DEG, STATURE_M, analysis_frame, drawn_panorama, drawn_person, place

BODY, TILT_DEG, DISTANCE_M = Body(STATURE_M, 1.35), -2.0, 3.6
START_NS, STEP_NS = 10**12, 100_000_000

Sees = Callable[[float, float], Figure | None]


class Answering(Segmenter):
    """Stands in for the model file, which no test downloads; `sees` is told the place it is asked for."""

    def __init__(self, sees: Sees) -> None:
        self.sees, self.asked = sees, 0

    def find(self, frame: AnalysisFrame, x: float, top: float, height: float, reach: float) -> Figure | None:
        self.asked += 1
        return self.sees(x, top)


def film(model: Answering, pictures: int, marked_until: int = 0) -> tuple[list[Sighting], Estimator]:
    """Somebody walks to and fro before a fixed camera; her marker is heard in the first `marked_until` pictures."""
    room, person = drawn_panorama(5), drawn_person(55)
    watcher, estimator, told = Watcher(BODY, HFOV_DEG, segmenter=model), Estimator(BODY, 3.5, 1.0, 8.0), []
    for number in range(pictures):
        now_ns, azimuth = START_NS + number * STEP_NS, walk(number)
        picture = room.view(0.0, TILT_DEG)
        person.draw(picture, number / 10, azimuth, DISTANCE_M, 0.0, TILT_DEG)
        if number < marked_until:
            estimator.on_marker(now_ns, azimuth, 1.6, 0.9, now_ns)
        knowledge = estimator.knowledge()
        parked = knowledge.state(now_ns)[0] is TrackingState.PARKED
        hint = Hint(Aim(0.0, TILT_DEG), None if parked else knowledge.at(now_ns), knowledge.marked(now_ns))
        for sighting in watcher.look(analysis_frame(picture, now_ns), hint):
            told.append(sighting)
            estimator.on_sighting(sighting, now_ns)
    return told, estimator


def walk(number: int) -> float:
    return math.degrees(math.atan2(-1.4 + 2.8 * abs((number / 40) % 2 - 1), DISTANCE_M))


def test_whom_the_model_does_not_see_is_nobody():
    told, estimator = film(Answering(lambda _x, _top: None), 28)
    assert told == []
    assert estimator.knowledge().belief is None


def test_whom_it_confirms_is_believed_with_the_head_where_it_is():
    _, true_top, _ = place(0.0, DISTANCE_M, STATURE_M, 0.0, TILT_DEG)
    told, estimator = film(Answering(lambda x, _top: Figure(x, true_top)), 44)
    assert estimator.knowledge().belief is not None
    confirmed = [sighting.top_deg for sighting in told if sighting.top_deg is not None]
    rise_deg = math.degrees(math.atan((STATURE_M - 1.25) / DISTANCE_M))
    assert confirmed
    assert confirmed[0] == pytest.approx(rise_deg, abs=0.5)


def test_it_is_not_asked_while_marker_and_cues_agree_and_is_when_the_marker_falls_silent():
    model = Answering(lambda _x, _top: None)
    film(model, 20, marked_until=20)
    heard = model.asked
    model.asked = 0
    film(model, 36, marked_until=20)
    assert heard <= 4, "only before motion and looks are known"
    assert model.asked >= heard + 3
