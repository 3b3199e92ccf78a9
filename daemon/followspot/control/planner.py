"""The joint between the loop and the threads: one immutable snapshot, replaced as a whole."""

import logging
from dataclasses import dataclass, replace

from followspot.domain.belief import Estimate
from followspot.domain.board import Both
from followspot.domain.clock import Clock
from followspot.domain.composer import Composer
from followspot.domain.estimator import FRESH_NS, Knowledge
from followspot.domain.foresight import Foresight
from followspot.domain.geometry import Aim, Lens, PoseTrack
from followspot.domain.hindsight import Hindsight
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


class Prospect:
    """The Outlook of a snapshot: the past with hindsight, and what is expected from `known_ns` on."""

    def __init__(self, snapshot: Snapshot, known_ns: int, since_ns: int = 0) -> None:
        """Nobody asks for what was before `since_ns`."""
        self._snapshot, self.known_ns = snapshot, known_ns
        knowledge = snapshot.knowledge
        self._hindsight = Hindsight.of(knowledge.past, knowledge.typical, since_ns) if knowledge.past else None
        self._now = self._hindsight.at(known_ns) if self._hindsight else None

    def estimate_at(self, time_ns: int) -> Estimate | None:
        """The teacher; what is not known yet is expected, and no cause for a wider picture."""
        if self._hindsight is None or self._now is None:
            return None
        estimate = self._hindsight.at(time_ns)
        if time_ns <= self.known_ns:
            return estimate
        now = self._now
        return replace(estimate, azimuth_sigma_deg=now.azimuth_sigma_deg, distance_sigma=now.distance_sigma)

    def state_at(self, time_ns: int) -> TrackingState:
        """What the framing may rely on."""
        if self._hindsight is None or time_ns >= self.known_ns:
            return self._snapshot.knowledge.state(min(time_ns, self.known_ns))[0]
        before_ns, after_ns = self._hindsight.measured_around(time_ns)
        if after_ns is not None and after_ns - time_ns <= FRESH_NS:
            return TrackingState.TRACKING
        if before_ns is None:
            return TrackingState.PARKED
        if time_ns - before_ns <= FRESH_NS:
            return TrackingState.TRACKING
        return self._snapshot.knowledge.silent_state(time_ns - before_ns)[0]

    def aim_at(self, time_ns: int) -> Aim:
        """Where the camera points."""
        return self._snapshot.aim_at(time_ns)


class Planner:
    """The ViewPlanner. `snapshot` is replaced by the loop; all else belongs to the encode thread."""

    def __init__(
        self,
        composer: Composer | Foresight,
        clock: Clock,
        hfov_deg: float,
        snapshot: Snapshot,
        *,
        sideways: bool = False,
        blind_without_pose: bool = False,
    ) -> None:
        """`blind_without_pose`: a picture of which nobody knows what it shows must not be shown."""
        self._composer, self._clock, self._hfov_deg, self._sideways = composer, clock, hfov_deg, sideways
        self._prospect: Prospect | None = None
        self._blind_without_pose = blind_without_pose
        self._covered = False
        self._lens: Lens | None = None
        self.snapshot = snapshot

    def both(self, estimate: Estimate | None) -> Both | None:
        """The picture with her and the board, where the shot asks for it and a picture was seen. Thread-safe."""
        lens = self._lens
        return None if lens is None or estimate is None else self._composer.both(lens, estimate)

    def view_at(self, exposure_ns: int, sensor_width: int, sensor_height: int) -> FramedView:
        """The view of the frame exposed at `exposure_ns`."""
        if self._lens is None or (self._lens.width, self._lens.height) != (sensor_width, sensor_height):
            self._lens = Lens(sensor_width, sensor_height, self._hfov_deg, self._sideways)
        snapshot = self.snapshot
        view = self._composed(self._lens, snapshot, exposure_ns)
        if self._blind_without_pose and not snapshot.poses.samples:
            view = replace(view, hiding=Hiding.COVERED)
        self._tell(view.hiding is Hiding.COVERED, posed=bool(snapshot.poses.samples))
        return view

    def _composed(self, lens: Lens, snapshot: Snapshot, exposure_ns: int) -> FramedView:
        aim = snapshot.aim_at(exposure_ns)
        if isinstance(self._composer, Composer):
            state, _ = snapshot.knowledge.state(exposure_ns)
            return self._composer.compose(lens, aim, snapshot.knowledge.at(exposure_ns), state, exposure_ns)
        if self._prospect is None or self._composer.due(exposure_ns):
            self._prospect = Prospect(snapshot, self._clock.monotonic_ns(), exposure_ns - FRESH_NS)
        return self._composer.compose(lens, aim, self._prospect, exposure_ns)

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
