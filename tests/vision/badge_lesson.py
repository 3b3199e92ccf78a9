"""Lessons in virtual time with the printed badge alone: no marker, and the dock, if any, is a VISCA camera's."""

from dataclasses import replace

from followspot.control.framing import Framing
from followspot.domain.body import Body
from followspot.settings.models import TrackingSettings
from followspot.vision.badge import Badge
from followspot.vision.watcher import Watcher
from followspot_dock.port import Pose
from followspot_dock.visca.models import MODELS
from followspot_sim.setup import prepare
from framing.virtual_lesson import FRAME_NS, POSE_LATE_NS, START_NS, STEP_NS, Lesson, options

NUMBER, SIZE_M = 7, 0.13
MS = 1_000_000


class BadgeLesson(Lesson):
    """Nothing but the pictures says where the teacher is. She wears the badge; `told` is what the file says of it."""

    def __init__(self, look: list[str], *, dock: bool, told: int | None) -> None:
        super().__init__(prepare(options("--badge", str(NUMBER), *look), lambda: START_NS), lambda _: True)
        tracking = TrackingSettings(badge=told)
        self._settings = self._settings.model_copy(update={"tracking": tracking})
        model = MODELS["ptzoptics"]
        self._poll_steps = max(model.poll_interval_ms * MS // STEP_NS, 1)
        self.dock.capabilities = replace(
            self.dock.capabilities,
            features=frozenset(),
            pan_max_rate_dps=model.pan_dps[-1],
            tilt_max_rate_dps=model.tilt_dps[-1],
            pan_max_acceleration_dps2=model.max_acceleration_dps2,
            tilt_max_acceleration_dps2=model.max_acceleration_dps2,
        )
        self._docked = dock
        self.framing = Framing(self._settings, self._clock, self.dock if dock else None)
        body, hfov_deg = Body(tracking.stature_m, tracking.marker_height_m), self._settings.camera.hfov_deg
        self.watcher = Watcher(body, hfov_deg, badge=Badge(told, SIZE_M) if told is not None else None)

    def _report(self, step: int, now_ns: int) -> None:
        if self._docked and step % self._poll_steps == 0:
            pose = Pose(now_ns, *self._plant.encoders_at(now_ns), *self._plant.rates_at(now_ns))
            self._later(now_ns + POSE_LATE_NS, lambda: self.framing.on_dock_event(pose))
        if step % (FRAME_NS // STEP_NS) == 0:
            self.framing._tick()
