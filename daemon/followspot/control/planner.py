"""The joint between the loop and the threads: one immutable snapshot, replaced as a whole."""

import logging
from dataclasses import dataclass, replace

from followspot.domain.composer import Composer
from followspot.domain.estimator import Knowledge
from followspot.domain.geometry import Aim, Lens, PoseTrack
from followspot.domain.sighting import Hint
from followspot.domain.view import FramedView, Hiding, TrackingState

_log = logging.getLogger(__name__)

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

    def __init__(
        self,
        composer: Composer,
        hfov_deg: float,
        snapshot: Snapshot,
        *,
        sideways: bool = False,
        blind_without_pose: bool = False,
    ) -> None:
        """`blind_without_pose`: a picture of which nobody knows what it shows must not be shown."""
        self._composer, self._hfov_deg, self._sideways = composer, hfov_deg, sideways
        self._blind_without_pose = blind_without_pose
        self._covered = False
        self._lens: Lens | None = None
        self.snapshot = snapshot

    def view_at(self, exposure_ns: int, sensor_width: int, sensor_height: int) -> FramedView:
        """The view of the frame exposed at `exposure_ns`."""
        if self._lens is None or (self._lens.width, self._lens.height) != (sensor_width, sensor_height):
            self._lens = Lens(sensor_width, sensor_height, self._hfov_deg, self._sideways)
        snapshot = self.snapshot
        state, _ = snapshot.knowledge.state(exposure_ns)
        estimate = snapshot.knowledge.at(exposure_ns)
        view = self._composer.compose(self._lens, snapshot.aim_at(exposure_ns), estimate, state, exposure_ns)
        if self._blind_without_pose and not snapshot.poses.samples:
            view = replace(view, hiding=Hiding.COVERED)
        self._tell(view.hiding is Hiding.COVERED, posed=bool(snapshot.poses.samples))
        return view

    def _tell(self, covered: bool, *, posed: bool) -> None:
        if covered == self._covered:
            return
        self._covered = covered
        if not covered:
            _log.info("the picture is shown again")
        elif posed:
            _log.warning("the picture is black: every part of it that is large enough shows a zone of tracking.blocked")
        else:
            _log.warning(
                "the picture is black: before the dock says where it points nobody knows which part shows a zone of "
                "tracking.blocked; see [dock]"
            )
