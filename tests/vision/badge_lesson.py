"""Lessons in virtual time with the printed badge alone: no marker, and the dock, if any, is a VISCA camera's."""

from dataclasses import replace

from followspot.settings.models import Settings, TrackingSettings
from followspot_dock.visca.models import MODELS
from followspot_rehearsal.lesson import Lesson
from followspot_rehearsal.operators import OPERATORS, OURS
from followspot_rehearsal.times import POSE_LATE_NS, START_NS, STEP_NS
from followspot_sim.setup import prepare
from framing.virtual_lesson import Judged, options

NUMBER = 7
MS = 1_000_000
TICK_STEPS = 3
"""Thirty times a second, as the daemon's own task does it."""


class BadgeLesson(Lesson):
    """Nothing but the pictures says where the teacher is. She wears the badge; `told` is what the file says of it."""

    def __init__(self, look: list[str], *, dock: bool, told: int | None) -> None:
        prepared = prepare(options("--badge", str(NUMBER), *look), lambda: START_NS)
        super().__init__(prepared, settings=Settings(tracking=TrackingSettings(badge=told)))
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
        self.reasons: set[object] = set()
        """What the framing relied on while the lesson was filmed."""
        if not dock:
            self.framing = OPERATORS[OURS](self.settings, self.clock, None)

    def play(self, seconds: float, lead_s: float) -> Judged:
        """The lesson, judged after `lead_s`."""
        return Judged(self.run(seconds, lead_s))

    def _film(self, exposure_ns: int) -> None:
        super()._film(exposure_ns)
        if exposure_ns >= self._lead_ns:
            self.reasons.add(self.framing.status()["reason"])

    def _report(self, step: int, now_ns: int) -> None:
        if self._docked and step % self._poll_steps == 0:
            pose = self._pose(now_ns)
            self.later(POSE_LATE_NS, lambda: self.framing.on_dock_event(pose))
        if step % TICK_STEPS == 0:
            self.framing._tick()
