"""One lesson in virtual time: the simulator's room, motors and sensor round an operator and the production vision."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.body import Body
from followspot.domain.view import FramedView
from followspot.settings.models import Settings
from followspot.vision.badge import Badge
from followspot.vision.watcher import Watcher
from followspot_dock.port import LinkChanged, LinkState, MarkerReport, Pose
from followspot_rehearsal.conditions import Conditions
from followspot_rehearsal.operators import OPERATORS, OURS
from followspot_rehearsal.times import (
    FRAME_LATE_NS,
    FRAME_NS,
    MARKER_EVERY,
    MARKER_LATE_NS,
    POSE_EVERY,
    POSE_LATE_NS,
    START_NS,
    STEP_NS,
    VISION_EVERY_FRAMES,
    VISION_LATE_NS,
    VirtualClock,
)
from followspot_rehearsal.virtual_dock import VirtualDock
from followspot_sim.dock_setup import build_plant
from followspot_sim.geometry import Lens
from followspot_sim.marker_sensor import MarkerSensor, Reading
from followspot_sim.render import Picture, Renderer, Shot
from followspot_sim.room_light import brightness
from followspot_sim.scene import FrameTruth, Scene
from followspot_sim.setup import Prepared


@dataclass(frozen=True, slots=True)
class Filmed:
    """One frame: its exposure, where the camera truly pointed, the truth, who else was where, and what was shown.

    `believed_m`: how far away she is believed to be, where anything is.
    """

    exposure_ns: int
    pan_deg: float
    tilt_deg: float
    truth: FrameTruth
    others_deg: tuple[float, ...]
    view: FramedView
    believed_m: float | None


@dataclass
class Disturbance:
    """What spoils the input: each takes what is true at that time and gives what is told. For tests of bad input."""

    marker: Callable[[MarkerReport], MarkerReport] = lambda report: report
    pose: Callable[[Pose], Pose] = lambda pose: pose
    picture: Callable[[Picture], Picture] = lambda picture: picture
    also: Callable[["Lesson", int], None] = lambda _lesson, _now_ns: None


@dataclass
class Lesson:
    """One lesson; `settings` but for the lens, which is the scenario's, wrong by `conditions.lens_error`."""

    prepared: Prepared
    operator_name: str = OURS
    settings: Settings = field(default_factory=Settings)
    conditions: Conditions = field(default_factory=Conditions)
    disturbance: Disturbance = field(default_factory=Disturbance)
    on_picture: Callable[[int, Picture], None] = lambda _exposure_ns, _picture: None

    def __post_init__(self) -> None:
        prepared, conditions = self.prepared, self.conditions
        hfov_deg = prepared.camera.hfov_deg * conditions.lens_error
        camera = self.settings.camera.model_copy(update={"hfov_deg": hfov_deg})
        self.settings = self.settings.model_copy(update={"camera": camera})
        self.clock = VirtualClock()
        plant = build_plant(prepared.scenario.dock, START_NS, conditions.motor)
        told = build_plant(prepared.scenario.dock, START_NS).limits
        self.dock = VirtualDock(plant, told, prepared.scenario.fault, START_NS)
        self.framing = OPERATORS[self.operator_name](self.settings, self.clock, self.dock)
        tracking = self.settings.tracking
        badge = Badge(tracking.badge, tracking.badge_mm / 1000) if tracking.badge is not None else None
        self.watcher = Watcher(Body(tracking.stature_m, tracking.marker_height_m), hfov_deg, badge=badge)
        self._eyes = _eyes(prepared)
        self._sensor = MarkerSensor(prepared.scenario.marker, prepared.seed)
        self._noise = random.Random(prepared.seed)
        self._late: list[tuple[int, int, Callable[[], None]]] = []
        self._filmed: list[Filmed] = []
        self._frames = self._told = 0

    def run(self, seconds: float, lead_s: float) -> list[Filmed]:
        """The frames of `seconds`, after `lead_s` in which the dock turns to the teacher."""
        self.framing.on_dock_event(LinkChanged(LinkState.READY, "", self.dock.capabilities))
        self.framing.follow(True)
        lookahead_ns = round(self.settings.lookahead_s * 1e9)
        self._decided_ns = self.conditions.late_ns(FRAME_LATE_NS) + lookahead_ns
        self._lead_ns, end_ns = START_NS + round(lead_s * 1e9), START_NS + round((lead_s + seconds) * 1e9)
        for step in range(round((end_ns + self._decided_ns - START_NS) / STEP_NS) + 1):
            now_ns = START_NS + step * STEP_NS
            self.clock.now_ns = now_ns
            self.dock.step(now_ns)
            self.disturbance.also(self, now_ns)
            self._report(step, now_ns)
            if START_NS + self._frames * FRAME_NS <= min(now_ns, end_ns):
                self._film(START_NS + self._frames * FRAME_NS)
                self._frames += 1
            self._tell(now_ns)
        return self._filmed

    def later(self, late_ns: int, action: Callable[[], None]) -> None:
        """Do it so much later."""
        self._told += 1
        self._late.append((self.clock.now_ns + self.conditions.late_ns(late_ns), self._told, action))

    def _tell(self, now_ns: int) -> None:
        due = sorted(one for one in self._late if one[0] <= now_ns)
        self._late = [one for one in self._late if one[0] > now_ns]
        for _, _, action in due:
            action()

    def _report(self, step: int, now_ns: int) -> None:
        if step % POSE_EVERY == 0:
            pose = self.disturbance.pose(self._pose(now_ns))
            self.later(POSE_LATE_NS, lambda: self.framing.on_dock_event(pose))
        if step % MARKER_EVERY == 0:
            report = self.disturbance.marker(self._marker_report(now_ns))
            self.later(MARKER_LATE_NS, lambda: self.framing.on_dock_event(report))

    def _pose(self, now_ns: int) -> Pose:
        sigma_deg = self.prepared.scenario.dock.encoder_sigma_deg
        pan_deg, tilt_deg = (angle + self._noise.gauss(0, sigma_deg) for angle in self.dock.told_pose(now_ns))
        return Pose(now_ns, pan_deg, tilt_deg, *self.dock.plant.rates_at(now_ns))

    def _marker_report(self, now_ns: int) -> MarkerReport:
        seen: Reading = self._sensor.read(self.prepared.world.sight_at(now_ns), now_ns, self._noise)
        return MarkerReport(now_ns, seen.azimuth_deg, seen.elevation_deg, seen.quality)

    def _film(self, exposure_ns: int) -> None:
        plant, scene = self.dock.plant, self.prepared.scene
        pan_deg, tilt_deg = plant.pose_at(exposure_ns)
        shot = Shot(pan_deg, tilt_deg, *plant.rates_at(exposure_ns), self.prepared.camera.exposure_ms / 1000)
        truth = scene.truth(exposure_ns, shot)
        hint = self.framing.hint(exposure_ns) if self._frames % VISION_EVERY_FRAMES == 0 else None
        if hint is not None:
            picture, _ = self._eyes.take(exposure_ns, shot)
            self.on_picture(exposure_ns, picture)
            picture = self.disturbance.picture(picture)
            planes = (np.asarray(plane, np.uint8) for plane in (picture.luma, picture.blue, picture.red))
            frame = AnalysisFrame(exposure_ns, *planes)
            for sighting in self.watcher.look(frame, hint):
                self.later(VISION_LATE_NS, lambda seen=sighting: self.framing.on_sighting(seen))  # type: ignore[misc]
        if exposure_ns >= self._lead_ns:
            others = tuple(self.prepared.world.others_deg(exposure_ns))
            late_ns = exposure_ns + self._decided_ns - self.clock.now_ns
            self._told += 1
            decide = lambda: self._decide(exposure_ns, (pan_deg, tilt_deg), truth, others)  # noqa: E731
            self._late.append((self.clock.now_ns + late_ns, self._told, decide))

    def _decide(
        self, exposure_ns: int, pose_deg: tuple[float, float], truth: FrameTruth, others_deg: tuple[float, ...]
    ) -> None:
        camera = self.prepared.camera
        view = self.framing.planner.view_at(exposure_ns, camera.width, camera.height)
        self._filmed.append(Filmed(exposure_ns, *pose_deg, truth, others_deg, view, self.framing.distance_m))


def _eyes(prepared: Prepared) -> Scene:
    """The room as vision gets it: half as large, as vision makes it smaller still, and rendering is half the work.

    A badge is read in the whole picture.
    """
    camera = prepared.camera
    if prepared.badged or camera.width % 8 or camera.height % 8:
        return prepared.scene
    lens, look = Lens(camera.width // 2, camera.height // 2, camera.hfov_deg), prepared.look
    light = partial(brightness, prepared.scenario.light)
    return Scene(prepared.world, look.teacher, Renderer(lens, look.room), lens, fiducial=False, light=light)
