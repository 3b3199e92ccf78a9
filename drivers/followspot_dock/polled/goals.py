"""The motions to a position: their ids, and how each ended."""

from dataclasses import dataclass

from followspot_dock.polled.session import Tell
from followspot_dock.port import MotionDone, MotionOutcome, Pose

REACHED_DEG = 1.0
"""The coarsest of these docks takes whole degrees."""
_RESTS_DPS = 1.0


@dataclass(frozen=True, slots=True)
class _Goal:
    motion_id: int
    pan_deg: float
    tilt_deg: float


class Goals:
    """Follows the one motion to a position that is under way, and tells MotionDone once for each."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._goal: _Goal | None = None
        self._last_id = 0
        self._pose = Pose(0, 0.0, 0.0, 0.0, 0.0)

    @property
    def under_way(self) -> bool:
        """Whether there is one."""
        return self._goal is not None

    def ask(self, pan_deg: float, tilt_deg: float, now_ns: int) -> int:
        """The id of the motion to there: the present one's if it goes there, else a new one's."""
        if self._goal is not None and (self._goal.pan_deg, self._goal.tilt_deg) == (pan_deg, tilt_deg):
            return self._goal.motion_id
        self.end(MotionOutcome.REPLACED, now_ns)
        self._last_id += 1
        self._goal = _Goal(self._last_id, pan_deg, tilt_deg)
        return self._last_id

    def end(self, outcome: MotionOutcome, now_ns: int) -> None:
        """The motion under way, if any, ended like this."""
        if self._goal is not None:
            goal, self._goal = self._goal, None
            self._tell(MotionDone(now_ns, goal.motion_id, outcome, self._pose.pan_deg, self._pose.tilt_deg))

    def on_pose(self, pose: Pose) -> None:
        """The dock points there."""
        self._pose = pose
        if self._goal is None:
            return
        error_deg = max(abs(pose.pan_deg - self._goal.pan_deg), abs(pose.tilt_deg - self._goal.tilt_deg))
        if error_deg <= REACHED_DEG and max(abs(pose.pan_rate_dps), abs(pose.tilt_rate_dps)) <= _RESTS_DPS:
            self.end(MotionOutcome.REACHED, pose.time_ns)
