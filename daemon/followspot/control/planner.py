"""The joint between the loop and the threads: one immutable snapshot, replaced as a whole."""

from dataclasses import dataclass

from followspot.domain.composer import Composer
from followspot.domain.estimator import Knowledge
from followspot.domain.geometry import Aim, Lens, PoseTrack
from followspot.domain.sighting import Hint
from followspot.domain.view import FramedView, TrackingState

FIXED = Aim(0.0, 0.0)
"""Before any dock has said where it points, the camera looks straight ahead by definition."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of the teacher and of the camera's pose."""

    knowledge: Knowledge
    poses: PoseTrack

    def aim_at(self, time_ns: int) -> Aim:
        """Where the camera pointed."""
        return self.poses.at(time_ns) or FIXED

    def hint(self, time_ns: int) -> Hint:
        """What vision may know of the picture exposed at `time_ns`."""
        state, _ = self.knowledge.state(time_ns)
        estimate = self.knowledge.at(time_ns) if state is not TrackingState.PARKED else None
        return Hint(self.aim_at(time_ns), estimate, self.knowledge.marked(time_ns))


class Planner:
    """The ViewPlanner. `snapshot` is replaced by the loop; all else belongs to the encode thread."""

    def __init__(self, composer: Composer, hfov_deg: float, snapshot: Snapshot, *, sideways: bool = False) -> None:
        self._composer, self._hfov_deg, self._sideways = composer, hfov_deg, sideways
        self._lens: Lens | None = None
        self.snapshot = snapshot

    def view_at(self, exposure_ns: int, sensor_width: int, sensor_height: int) -> FramedView:
        """The view of the frame exposed at `exposure_ns`."""
        if self._lens is None or (self._lens.width, self._lens.height) != (sensor_width, sensor_height):
            self._lens = Lens(sensor_width, sensor_height, self._hfov_deg, self._sideways)
        snapshot = self.snapshot
        state, _ = snapshot.knowledge.state(exposure_ns)
        estimate = snapshot.knowledge.at(exposure_ns)
        return self._composer.compose(self._lens, snapshot.aim_at(exposure_ns), estimate, state, exposure_ns)
