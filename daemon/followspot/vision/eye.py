"""Vision by itself, to be judged from outside: `python -m followspot.vision.eye [STATE]`.

STATE is a daemon's state directory, in which a model may be installed. The first line out names stack and detectors.

Requests come on standard input, each a JSON object on a line, a picture (I420) right behind it where one is announced;
each is answered by a JSON object on a line. Pixels are those of the given picture.

    {"do": "begin", "detector": D, "width": W, "height": H, "hfov_deg": …, "stature_m": …, "marker_height_m": …}
    {"do": "look", "time_ns": …, "marker": {"azimuth_deg": …, "elevation_deg": …},
     "region": {"x": …, "top": …, "height": …, "reach": …}}

The detector `follow` is the whole of it, estimator included, as it runs in a lesson with a camera that does not move;
it takes the marker's bearing, or null. The others look once, in the region, for somebody of about that height.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.body import Body
from followspot.domain.estimator import Estimator
from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.domain.sighting import Hint
from followspot.domain.view import TrackingState
from followspot.settings.models import TrackingSettings
from followspot.vision.outline import OutlineFinder
from followspot.vision.people import Person
from followspot.vision.picture import SmallPicture
from followspot.vision.segmenter import Segmenter
from followspot.vision.stack import DEFAULT_STACK, load_stack
from followspot.vision.watcher import Watcher
from followspot.vision.worker import prepare

FIXED = Aim(0.0, 0.0)
MARKER_QUALITY = 0.9


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for all pictures."""

    lens: Lens
    body: Body
    segmenter: Segmenter | None


class Detector(Protocol):
    """Says where it sees the teacher, in the picture's pixels; None where it does not."""

    def __init__(self, setting: Setting) -> None: ...

    def look(self, frame: AnalysisFrame, asked: dict[str, Any]) -> Person | None:
        """One picture."""
        ...


class Outline:
    """The people detector in a region."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._finder = setting, OutlineFinder(setting.body)

    def look(self, frame: AnalysisFrame, asked: dict[str, Any]) -> Person | None:
        """See Detector."""
        small = SmallPicture.of(frame, FIXED, self._setting.lens.hfov_deg)
        scale = small.lens.width / self._setting.lens.width
        region = asked["region"]
        x, top, height, reach = (float(region[key]) * scale for key in ("x", "top", "height", "reach"))
        person = self._finder.best(small, x, top, height, reach)
        return None if person is None else _scaled(person, 1 / scale)


class Segmentation:
    """The installed model in a region."""

    def __init__(self, setting: Setting) -> None:
        self._segmenter = setting.segmenter

    def look(self, frame: AnalysisFrame, asked: dict[str, Any]) -> Person | None:
        """See Detector. It does not measure the height."""
        assert self._segmenter is not None
        x, top, height, reach = (float(asked["region"][key]) for key in ("x", "top", "height", "reach"))
        figure = self._segmenter.find(frame, x, top, height, reach)
        return None if figure is None else Person(figure.x, top if figure.top is None else figure.top, height, 1.0)


class Follow:
    """Watcher and estimator."""

    def __init__(self, setting: Setting) -> None:
        usual = TrackingSettings()
        self._setting = setting
        self._watcher = Watcher(setting.body, setting.lens.hfov_deg, segmenter=setting.segmenter)
        self._estimator = Estimator(
            setting.body, usual.typical_distance_m, usual.marker_sigma_deg, usual.lost_timeout_s
        )

    def look(self, frame: AnalysisFrame, asked: dict[str, Any]) -> Person | None:
        """See Detector."""
        now_ns, marker = frame.exposure_ns, asked["marker"]
        if marker is not None:
            bearing = Bearing(float(marker["azimuth_deg"]), float(marker["elevation_deg"]))
            self._estimator.on_marker(now_ns, bearing.azimuth_deg, bearing.elevation_deg, MARKER_QUALITY, now_ns)
        knowledge = self._estimator.knowledge()
        parked = knowledge.state(now_ns)[0] is TrackingState.PARKED
        hint = Hint(FIXED, None if parked else knowledge.at(now_ns), knowledge.marked(now_ns))
        for sighting in self._watcher.look(frame, hint):
            self._estimator.on_sighting(sighting, now_ns)
        return self._believed(now_ns)

    def _believed(self, now_ns: int) -> Person | None:
        knowledge = self._estimator.knowledge()
        estimate = knowledge.at(now_ns)
        if estimate is None or knowledge.state(now_ns)[0] is not TrackingState.TRACKING:
            return None
        lens, body = self._setting.lens, self._setting.body
        top_deg = body.top_deg(estimate.chest.elevation_deg, estimate.distance_m)
        x, top = lens.project(Bearing(estimate.chest.azimuth_deg, top_deg), FIXED)
        height = body.stature_m * lens.focal_px / estimate.distance_m
        return Person(x, top, height, 1.0)


DETECTORS: dict[str, type[Detector]] = {"follow": Follow, "outline": Outline}


def main() -> int:
    """Answer until the input ends."""
    prepare()
    source = sys.stdin.buffer
    setting: Setting | None = None
    detector: Detector | None = None
    segmenter, stack = load_stack(Path(sys.argv[1])) if len(sys.argv) > 1 else (None, DEFAULT_STACK)
    detectors = DETECTORS | ({"segmentation": Segmentation} if segmenter is not None else {})
    _say({"stack": stack.name, "detectors": sorted(detectors)})
    while line := source.readline():
        asked = json.loads(line)
        if asked["do"] == "begin":
            lens = Lens(int(asked["width"]), int(asked["height"]), float(asked["hfov_deg"]))
            setting = Setting(lens, Body(float(asked["stature_m"]), float(asked["marker_height_m"])), segmenter)
            detector = detectors[asked["detector"]](setting)
            answer: dict[str, Any] = {}
        else:
            assert setting is not None
            assert detector is not None
            answer = _looked(detector, _frame(source, setting.lens, int(asked["time_ns"])), asked)
        _say(answer)
    return 0


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _looked(detector: Detector, frame: AnalysisFrame, asked: dict[str, Any]) -> dict[str, Any]:
    begun_s = time.thread_time()
    person = detector.look(frame, asked)
    cost_ms = (time.thread_time() - begun_s) * 1e3
    if person is None:
        return {"person": None, "cost_ms": cost_ms}
    seen = {"x": person.x, "top": person.top, "height": person.height, "score": person.score}
    return {"person": seen, "cost_ms": cost_ms}


def _frame(source: BinaryIO, lens: Lens, time_ns: int) -> AnalysisFrame:
    size, half = lens.width * lens.height, (lens.height // 2, lens.width // 2)
    planes = np.frombuffer(source.read(size * 3 // 2), np.uint8)
    blue, red = planes[size : size * 5 // 4], planes[size * 5 // 4 :]
    return AnalysisFrame(time_ns, planes[:size].reshape(lens.height, lens.width), blue.reshape(half), red.reshape(half))


def _scaled(person: Person, scale: float) -> Person:
    return Person(person.x * scale, person.top * scale, person.height * scale, person.score)


if __name__ == "__main__":
    sys.exit(main())
