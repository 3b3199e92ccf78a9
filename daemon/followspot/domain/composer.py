"""The recorded view, frame by frame: a crop that keeps head and shoulders well placed and moves like a person would.

The view's centre lives as a bearing in the base frame, so that the motors' motion does not shake it. Not
thread-safe: it belongs to whoever calls it once per frame, in order.
"""

import math
from dataclasses import dataclass

from followspot.domain.belief import Estimate
from followspot.domain.body import Body
from followspot.domain.geometry import NS_PER_S, Aim, Bearing, Lens, clamp, wrap_deg
from followspot.domain.motion import Follower, Manner
from followspot.domain.view import FramedView, Rect, TrackingState

SAFE_SHARE = 0.9
"""Head and shoulders belong into this central share of the picture."""
SMALLEST_SHARE = 0.22
"""Head and shoulders shall fill at least this share of the picture's height, with a little in hand over 20 %."""
CAUTION = 0.5
"""The shot is composed for a teacher who is nearer than believed by this many standard deviations."""
HEAD_SIGMAS = 1.5
"""A teacher who is nearer than believed by this many standard deviations still has her head in the picture."""
SIDE_SIGMAS = 1.5
"""The picture has room for the azimuth to be wrong by this many standard deviations."""
STEP_AT_MOST_S = 0.1
"""A longer time between two frames is a gap, not a motion."""
RESTART_AFTER_S = 1.0
"""After a longer gap the view begins anew where the teacher is."""

SIDEWAYS = Manner(wake=0.25, rest=0.07, slow=4.0, omega=2.5, hurry=4.0, acceleration=40.0)
UPWARDS = Manner(wake=0.45, rest=0.12, slow=2.0, omega=2.0, hurry=3.5, acceleration=15.0)
ZOOM = Manner(wake=0.8, rest=0.1, slow=0.05, omega=0.9, hurry=2.5, acceleration=0.6)
DOWNWARDS_EASE = 2.0
"""Too much room over the head is so much less wrong than too little."""
ZOOM_SLACK = math.log(1.25)
"""The shot's size may be off by this factor before it counts as wrong."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What the recorded picture shall look like; shares are of its height."""

    width: int
    height: int
    shot_share: float
    headroom_share: float
    max_upscale: float

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    def heights(self, lens: Lens) -> tuple[float, float]:
        """The least and the greatest height of a crop, sensor pixels."""
        greatest = min(float(lens.height), lens.width / self.aspect)
        return min(self.height / self.max_upscale, greatest), greatest


class Composer:
    """Decides each frame's crop from the estimate and the pose at its exposure."""

    def __init__(self, shot: Shot, body: Body) -> None:
        self._shot, self._body = shot, body
        self._pan, self._tilt, self._zoom = Follower(SIDEWAYS), Follower(UPWARDS), Follower(ZOOM)
        self._last_ns: int | None = None

    def compose(
        self, lens: Lens, aim: Aim, estimate: Estimate | None, state: TrackingState, time_ns: int
    ) -> FramedView:
        """The view of the frame exposed at `time_ns` from `aim`."""
        known = estimate if state is not TrackingState.PARKED else None
        box = self._body.bust(lens, aim, known.chest, known.distance_m) if known else None
        height = self._wanted_height(lens, box, known, state)
        dt_s = self._elapsed_s(time_ns)
        if dt_s is None:
            self._zoom.settle(math.log(height))
        else:
            self._zoom.step(math.log(height), 0.0, self._zoom_slack(box), dt_s)
        low, high = self._shot.heights(lens)
        height = clamp(math.exp(self._zoom.position), low, high)
        wanted = self._wanted_centre(lens, aim, box, known, height)
        crop = self._follow(lens, aim, wanted, box, known, height, dt_s)
        return FramedView(
            crop,
            state,
            aim.pan_deg,
            aim.tilt_deg,
            estimate.chest.azimuth_deg if estimate else None,
            estimate.chest.elevation_deg if estimate else None,
            box,
        )

    def _elapsed_s(self, time_ns: int) -> float | None:
        """Since the last frame; None where the view must begin anew. A time that stands or runs back counts as none."""
        last_ns, self._last_ns = self._last_ns, time_ns
        if last_ns is None or not -RESTART_AFTER_S <= (time_ns - last_ns) / NS_PER_S <= RESTART_AFTER_S:
            return None
        return clamp((time_ns - last_ns) / NS_PER_S, 0.0, STEP_AT_MOST_S)

    def _zoom_slack(self, box: Rect | None) -> float:
        """How far the shot's size may be off: next to nothing once the teacher is too small."""
        small = box is not None and box.height < SMALLEST_SHARE * math.exp(self._zoom.position)
        return ZOOM_SLACK / 4 if small else ZOOM_SLACK

    def _wanted_height(self, lens: Lens, box: Rect | None, estimate: Estimate | None, state: TrackingState) -> float:
        low, high = self._shot.heights(lens)
        if box is None or estimate is None:
            return high
        nominal = box.height / self._shot.shot_share
        cautious = nominal * math.exp(CAUTION * estimate.distance_sigma)
        smallest = box.height * math.exp(-estimate.distance_sigma) / SMALLEST_SHARE
        height = max(nominal, min(cautious, smallest))
        side_px = lens.focal_px * math.radians(min(SIDE_SIGMAS * estimate.azimuth_sigma_deg, 45.0))
        roomy = (box.width + 2 * side_px) / SAFE_SHARE / self._shot.aspect
        if state is not TrackingState.SEARCHING:
            roomy = min(roomy, max(nominal, box.height / SMALLEST_SHARE))
        return clamp(max(height, roomy), low, high)

    def _wanted_centre(
        self, lens: Lens, aim: Aim, box: Rect | None, estimate: Estimate | None, height: float
    ) -> Bearing:
        if box is None or estimate is None:
            return Bearing(aim.pan_deg, aim.tilt_deg)
        chest_y = lens.project(estimate.chest, aim)[1]
        nearest_top = chest_y - (chest_y - box.y) * math.exp(HEAD_SIGMAS * estimate.distance_sigma)
        top = min(box.y - self._shot.headroom_share * height, nearest_top - (1 - SAFE_SHARE) / 2 * height)
        return lens.unproject(box.centre[0], top + height / 2, aim)

    def _follow(
        self,
        lens: Lens,
        aim: Aim,
        wanted: Bearing,
        box: Rect | None,
        estimate: Estimate | None,
        height: float,
        dt_s: float | None,
    ) -> Rect:
        width = height * self._shot.aspect
        if dt_s is None:
            self._pan.settle(wanted.azimuth_deg)
            self._tilt.settle(wanted.elevation_deg)
        else:
            side_px = max((SAFE_SHARE * width - (box.width if box else 0.0)) / 2, 0.1 * width)
            up_px = max(self._shot.headroom_share - (1 - SAFE_SHARE) / 2, 0.03) * height
            if wanted.elevation_deg < self._tilt.position:
                up_px *= DOWNWARDS_EASE
            azimuth = self._pan.position + wrap_deg(wanted.azimuth_deg - self._pan.position)
            self._pan.step(azimuth, estimate.rate_dps if estimate else 0.0, _degrees(lens, side_px), dt_s)
            self._tilt.step(wanted.elevation_deg, 0.0, _degrees(lens, up_px), dt_s)
        x, y = lens.project(Bearing(self._pan.position, self._tilt.position), aim)
        left = clamp(x - width / 2, 0.0, lens.width - width)
        top = clamp(y - height / 2, 0.0, lens.height - height)
        held = lens.unproject(left + width / 2, top + height / 2, aim)
        self._pan.position, self._tilt.position = held.azimuth_deg, held.elevation_deg
        return Rect(left, top, width, height)


def _degrees(lens: Lens, distance_px: float) -> float:
    return math.degrees(distance_px / lens.focal_px)
