"""A lesson in virtual time: the simulator's room, motors and marker sensor round the production framing and vision.

Faster than real time and the same on a busy machine: what the scenarios show for one seed is swept here over many.
"""

import argparse
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from followspot.control.framing import Framing
from followspot.domain.analysis import AnalysisFrame
from followspot.domain.body import Body
from followspot.domain.geometry import Aim
from followspot.domain.view import FramedView
from followspot.settings.models import CameraSettings, Settings, ViewSettings
from followspot.vision.watcher import Watcher
from followspot_dock.port import LinkChanged, LinkState, MarkerReport, Pose
from followspot_sim.dock_setup import build_plant
from followspot_sim.judge.scorecard import in_picture, is_safe
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.render import Picture, Shot
from followspot_sim.scene import FrameTruth
from followspot_sim.setup import Prepared, add_look_arguments, prepare
from framing.closed_loop import FakeClock
from framing.closed_loop import Plant as DrivenDock

STEP_NS = 10_000_000
START_NS = 1_000_000_000_000
POSE_EVERY, MARKER_EVERY = 2, 3
FRAME_NS = 33_333_333
VISION_EVERY_FRAMES = 3
POSE_LATE_NS, MARKER_LATE_NS, VISION_LATE_NS, FRAME_LATE_NS = 10_000_000, 20_000_000, 90_000_000, 60_000_000


class SimulatedDock(DrivenDock):
    """Commands go to the simulator's motors."""

    def __init__(self, plant: Plant) -> None:
        super().__init__()
        self.motors = plant

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        self.motors.drive(self.now_ns, pan_dps, tilt_dps, ttl_ms / 1000)


@dataclass
class Judged:
    """One entry per frame."""

    views: list[FramedView] = field(default_factory=list)
    truths: list[FrameTruth] = field(default_factory=list)
    believed_m: list[float | None] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    """Where the camera truly pointed."""

    def safe(self) -> list[bool]:
        """Whether head and shoulders were in the safe area, frame by frame."""
        pairs = zip(self.truths, self.views, strict=True)
        return [bool(truth.box) and is_safe(in_picture(truth.box, _edges(view))) for truth, view in pairs]

    def safe_share(self) -> float:
        """Share of frames with head and shoulders in the safe area."""
        return float(np.mean(self.safe()))


def _edges(view: FramedView) -> tuple[float, float, float, float]:
    return view.crop.x, view.crop.y, view.crop.width, view.crop.height


def options(*look: str) -> argparse.Namespace:
    """The simulator's own options, as given on its command line."""
    parser = argparse.ArgumentParser()
    add_look_arguments(parser)
    return parser.parse_args(look)


def teach(
    *look: str,
    seconds: float,
    lead_s: float = 3.0,
    silent: Callable[[float], bool] = lambda _: False,
    view: ViewSettings | None = None,
) -> Judged:
    """A lesson of `seconds`, judged after `lead_s` in which the dock turns to the teacher.

    `silent` tells at which seconds of the lesson the marker says nothing; `view` stands in place of the defaults.
    """
    prepared = prepare(options(*look), lambda: START_NS)
    return Lesson(prepared, silent, view).run(seconds, lead_s)


class Lesson:
    """One lesson; `framing` and `watcher` are the production code in it, `dock` is simulated."""

    def __init__(self, prepared: Prepared, silent: Callable[[float], bool], view: ViewSettings | None = None) -> None:
        self._prepared, self._silent = prepared, silent
        self._clock = FakeClock(START_NS)
        self._plant = build_plant(prepared.scenario.dock, START_NS)
        self.dock = SimulatedDock(self._plant)
        camera = prepared.camera
        self._settings = Settings(camera=CameraSettings(hfov_deg=camera.hfov_deg), view=view or ViewSettings())
        self._frame_late_ns = FRAME_LATE_NS + round(self._settings.lookahead_s * 1e9)
        self.framing = Framing(self._settings, self._clock, self.dock)
        tracking = self._settings.tracking
        self.watcher = Watcher(Body(tracking.stature_m, tracking.marker_height_m), camera.hfov_deg)
        self._sensor = MarkerSensor(prepared.scenario.marker, prepared.seed)
        self._noise = random.Random(prepared.seed)
        self._late: deque[tuple[int, Callable[[], None]]] = deque()
        self._judged = Judged()
        self._frames = 0

    def run(self, seconds: float, lead_s: float) -> Judged:
        self.framing.on_dock_event(LinkChanged(LinkState.READY, "", self.dock.capabilities))
        self.framing.follow(True)
        self._lead_ns = START_NS + round(lead_s * 1e9)
        self._end_ns = self._lead_ns + round(seconds * 1e9)
        for step in range(round(((lead_s + seconds) * 1e9 + self._frame_late_ns) / STEP_NS)):
            now_ns = START_NS + step * STEP_NS
            self._clock.now_ns = self.dock.now_ns = now_ns
            self._report(step, now_ns)
            if now_ns >= START_NS + self._frames * FRAME_NS:
                self._film(START_NS + self._frames * FRAME_NS)
                self._frames += 1
            for due in sorted((one for one in self._late if one[0] <= now_ns), key=lambda one: one[0]):
                self._late.remove(due)
                due[1]()
        return self._judged

    def _report(self, step: int, now_ns: int) -> None:
        if step % POSE_EVERY == 0:
            pose = Pose(now_ns, *self._plant.encoders_at(now_ns), *self._plant.rates_at(now_ns))
            self._later(now_ns + POSE_LATE_NS, lambda: self.framing.on_dock_event(pose))
        if step % MARKER_EVERY == 0:
            seen = self._sensor.read(self._prepared.world.sight_at(now_ns), now_ns, self._noise)
            quality = 0.0 if self._silent((now_ns - self._lead_ns) / 1e9) else seen.quality
            report = MarkerReport(now_ns, seen.azimuth_deg, seen.elevation_deg, quality)
            self._later(now_ns + MARKER_LATE_NS, lambda: self.framing.on_dock_event(report))

    def _film(self, exposure_ns: int) -> None:
        pan, tilt = self._plant.pose_at(exposure_ns)
        shot = Shot(pan, tilt, *self._plant.rates_at(exposure_ns), self._prepared.camera.exposure_ms / 1000)
        looks = self._frames % VISION_EVERY_FRAMES == 0
        if looks:
            picture, truth = self._prepared.scene.take(exposure_ns, shot)
            self._look(exposure_ns, picture)
        else:
            truth = self._prepared.scene.truth(exposure_ns, shot)
        if self._lead_ns <= exposure_ns < self._end_ns:
            self._later(exposure_ns + self._frame_late_ns, lambda: self._judge(exposure_ns, truth))

    def _look(self, exposure_ns: int, picture: Picture) -> None:
        hint = self.framing.hint(exposure_ns)
        if hint is None:
            return
        frame = AnalysisFrame(exposure_ns, picture.luma, picture.blue, picture.red)
        for sighting in self.watcher.look(frame, hint):
            self._later(exposure_ns + VISION_LATE_NS, lambda seen=sighting: self.framing.on_sighting(seen))

    def _judge(self, exposure_ns: int, truth: FrameTruth) -> None:
        camera = self._prepared.camera
        self._judged.views.append(self.framing.planner.view_at(exposure_ns, camera.width, camera.height))
        self._judged.truths.append(truth)
        self._judged.aims.append(Aim(*self._plant.pose_at(exposure_ns)))
        self._judged.believed_m.append(self.framing.status()["distance_m"])

    def _later(self, due_ns: int, action: Callable[[], None]) -> None:
        self._late.append((due_ns, action))
