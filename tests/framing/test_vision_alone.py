"""A camera without a dock and without a marker: vision finds who moves."""

import json
import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from followspot.domain.estimator import Estimator
from followspot.domain.geometry import Aim, Lens
from followspot.domain.sighting import Hint
from followspot.domain.view import TrackingState
from followspot.vision.watcher import Watcher
from framing.silence import BODY, START_NS
from framing.stage import HFOV_DEG, analysis_frame, drawn_panorama, drawn_person

DATA = os.environ.get("FOLLOWSPOT_DATA")
FIXED = Aim(0.0, 0.0)


class Watched:
    """Watcher and estimator on a fixed camera."""

    def __init__(self) -> None:
        self.watcher = Watcher(BODY, HFOV_DEG)
        self.estimator = Estimator(BODY, 3.5, 1.0, 8.0)

    def show(self, picture: np.ndarray, now_ns: int):
        knowledge = self.estimator.knowledge()
        state, _ = knowledge.state(now_ns)
        estimate = knowledge.at(now_ns) if state is not TrackingState.PARKED else None
        hint = Hint(FIXED, estimate, knowledge.marked(now_ns))
        for sighting in self.watcher.look(analysis_frame(picture, now_ns), hint):
            self.estimator.on_sighting(sighting, now_ns)
        return self.estimator.knowledge().at(now_ns)


def test_an_empty_room_holds_nobody():
    watched, room = Watched(), drawn_panorama(4).view(0.0, 0.0)
    rng = np.random.default_rng(0)
    for n in range(60):
        noisy = np.clip(room + rng.normal(0, 3, room.shape), 0, 255).astype(np.uint8)
        assert watched.show(noisy, START_NS + n * 100_000_000) is None


def test_somebody_who_walks_in_is_found():
    watched, room, person = Watched(), drawn_panorama(5), drawn_person(55)
    errors = []
    for n in range(80):
        x = -1.4 + 2.8 * abs((n / 40) % 2 - 1)
        azimuth = math.degrees(math.atan2(x, 3.6))
        picture = room.view(0.0, -2.0)
        person.draw(picture, n / 10, azimuth, math.hypot(x, 3.6), 0.0, -2.0)
        estimate = watched.show(picture, START_NS + n * 100_000_000)
        if estimate is not None:
            errors.append(abs(estimate.chest.azimuth_deg - azimuth))
    assert len(errors) > 20
    assert np.median(errors) < 2.5


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="FOLLOWSPOT_DATA names no folder of recordings")
def test_people_of_the_raw_recording_are_found_and_held():
    data = Path(DATA)
    person = json.loads((data / "index.json").read_text())["people"][0]
    truth = json.loads((data / person["truth"]).read_text())
    video, watched, errors, due = cv2.VideoCapture(str(data / person["video"])), Watched(), [], 0
    for number in range(450):
        ok, picture = video.read()
        assert ok
        rows, columns = picture.shape[:2]
        now_ns = START_NS + round(number * 1e9 / truth["rate_hz"])
        estimate = watched.show(picture, now_ns)
        box = truth["boxes"].get(str(number))
        if box is None or box[3] < 0.6 * rows:
            continue
        due += 1
        if estimate is not None:
            lens = Lens(columns, rows, HFOV_DEG)
            true = lens.unproject(box[0] + box[2] / 2, box[1] + box[3] / 4, FIXED).azimuth_deg
            errors.append(abs(estimate.chest.azimuth_deg - true))
    assert len(errors) > 0.7 * due
    assert np.median(errors) < 2.5
