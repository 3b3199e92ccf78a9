"""The recorded view, frame by frame: a crop that keeps head and shoulders well placed and moves like a person would.

The view's centre lives as a bearing in the base frame, so that the motors' motion does not shake it. Not
thread-safe: it belongs to whoever calls it once per frame, in order.
"""

from __future__ import annotations

import math

from followspot.domain.belief import Estimate
from followspot.domain.board import Both
from followspot.domain.body import Body
from followspot.domain.composition import SAFE_SHARE, Composition, Subject
from followspot.domain.geometry import NS_PER_S, Aim, Bearing, Lens, clamp, wrap_deg
from followspot.domain.hiding import Hider
from followspot.domain.motion import Follower, Manner
from followspot.domain.shots import Shot
from followspot.domain.view import FramedView, Hiding, Rect, TrackingState
from followspot.domain.zones import ANYWHERE, Territory, Zone

STEP_AT_MOST_S = 0.1
"""A longer time between two frames is a gap, not a motion."""
RESTART_AFTER_S = 1.0
"""After a longer gap the view begins anew where the teacher is."""

SIDEWAYS = Manner(wake=0.25, rest=0.07, slow=4.0, omega=2.5, hurry=4.0, acceleration=40.0)
UPWARDS = Manner(wake=0.45, rest=0.12, slow=2.0, omega=2.0, hurry=3.5, acceleration=15.0)
ZOOM = Manner(wake=0.8, rest=0.1, slow=0.05, omega=0.9, hurry=4.0, acceleration=0.6)
DOWNWARDS_EASE = 2.0
"""Too much room over the head is so much less wrong than too little."""
LEAST_SLACK = 0.03
"""Some error is always borne, as a share of the picture, whatever the settings leave."""
ZOOM_SLACK = math.log(1.25)
"""The shot's size may be off by this factor before it counts as wrong."""
SMALL_EASE = 0.25
"""... by so much less once the teacher is too small,"""
LARGE_EASE = 0.6
"""and by so much less where she is too large: she walks towards the camera, and her head nears the edge."""
LEAD_PER_S = 0.06
"""The lead room comes and goes by this share of the picture's width in a second: a drift that nobody sees."""


class Composer:
    """Decides each frame's crop from the estimate and the pose at its exposure."""

    def __init__(
        self,
        shot: Shot,
        body: Body,
        territory: Territory = ANYWHERE,
        *,
        hides: bool = False,
        board: Zone | None = None,
    ) -> None:
        """`hides`: the blocked zones of `territory` are never shown. `board`: where the board is."""
        self._composition = Composition(shot, body, territory, board)
        self._shot = shot
        self._hider = Hider(territory.blocked) if hides and territory.blocked else None
        self._lead = 0.0
        self._pan, self._tilt, self._zoom = Follower(SIDEWAYS), Follower(UPWARDS), Follower(ZOOM)
        self._last_ns: int | None = None

    def both(self, lens: Lens, estimate: Estimate) -> Both | None:
        """The picture that holds her and the board; None where the shot asks for none."""
        return self._composition.both(lens, estimate)

    def compose(
        self, lens: Lens, aim: Aim, estimate: Estimate | None, state: TrackingState, time_ns: int
    ) -> FramedView:
        """The view of the frame exposed at `time_ns` from `aim`."""
        subject = self._composition.subject(lens, aim, estimate, state)
        dt_s = self._elapsed_s(time_ns)
        height = self._zoomed(lens, subject, state, dt_s)
        crop, hiding = self._placed(lens, aim, subject, height, dt_s), Hiding.NONE
        if self._hider is not None:
            crop, hiding = self._hider.hidden(lens, aim, crop, self._shot.heights(lens)[0])
        return FramedView(
            crop,
            state,
            aim.pan_deg,
            aim.tilt_deg,
            estimate.chest.azimuth_deg if estimate else None,
            estimate.chest.elevation_deg if estimate else None,
            subject.box if subject else None,
            hiding,
        )

    def _elapsed_s(self, time_ns: int) -> float | None:
        """Since the last frame; None where the view must begin anew. A time that stands or runs back counts as none."""
        last_ns, self._last_ns = self._last_ns, time_ns
        if last_ns is None or not -RESTART_AFTER_S <= (time_ns - last_ns) / NS_PER_S <= RESTART_AFTER_S:
            return None
        return clamp((time_ns - last_ns) / NS_PER_S, 0.0, STEP_AT_MOST_S)

    def _zoomed(self, lens: Lens, subject: Subject | None, state: TrackingState, dt_s: float | None) -> float:
        """The crop's height now, on its way to the wanted one."""
        low, high = self._shot.heights(lens)
        wanted = self._composition.height(lens, subject, state)
        if dt_s is None:
            self._zoom.settle(math.log(wanted))
        else:
            self._zoom.step(math.log(wanted), 0.0, self._zoom_slack(subject, wanted), dt_s)
        return clamp(math.exp(self._zoom.position), low, high)

    def _zoom_slack(self, subject: Subject | None, wanted: float) -> float:
        now = math.exp(self._zoom.position)
        if subject is not None and subject.height_px < self._shot.smallest_share * now:
            return ZOOM_SLACK * SMALL_EASE
        return ZOOM_SLACK * (LARGE_EASE if wanted > now else 1.0)

    def _placed(self, lens: Lens, aim: Aim, subject: Subject | None, height: float, dt_s: float | None) -> Rect:
        """The crop, its centre on the way to the wanted one; what does not fit on the sensor is held at its edge."""
        width = height * self._shot.aspect
        self._lead = self._led(subject, dt_s)
        wanted = self._composition.centre(lens, aim, subject, height, self._lead)
        if dt_s is None:
            self._pan.settle(wanted.azimuth_deg)
            self._tilt.settle(wanted.elevation_deg)
        else:
            self._follow(lens, wanted, subject, (width, height), dt_s)
        x, y = lens.project(Bearing(self._pan.position, self._tilt.position), aim)
        left = clamp(x - width / 2, 0.0, lens.width - width)
        top = clamp(y - height / 2, 0.0, lens.height - height)
        held = lens.unproject(left + width / 2, top + height / 2, aim)
        self._pan.position, self._tilt.position = held.azimuth_deg, held.elevation_deg
        return Rect(left, top, width, height)

    def _led(self, subject: Subject | None, dt_s: float | None) -> float:
        """The room in front of who walks, on its way to the wanted one: a share of the width, positive to the right."""
        if subject is None or dt_s is None:
            return 0.0
        wanted = self._composition.lead(subject)
        return self._lead + clamp(wanted - self._lead, -LEAD_PER_S * dt_s, LEAD_PER_S * dt_s)

    def _follow(
        self, lens: Lens, wanted: Bearing, subject: Subject | None, size: tuple[float, float], dt_s: float
    ) -> None:
        width, height = size
        side_px = (SAFE_SHARE * width - (subject.box.width if subject else 0.0)) / 2 - abs(self._lead) * width
        up_px = max(self._shot.headroom_share - (1 - SAFE_SHARE) / 2, LEAST_SLACK) * height
        if wanted.elevation_deg < self._tilt.position:
            up_px *= DOWNWARDS_EASE
        azimuth = self._pan.position + wrap_deg(wanted.azimuth_deg - self._pan.position)
        rate_dps = subject.estimate.rate_dps if subject else 0.0
        self._pan.step(azimuth, rate_dps, _degrees(lens, max(side_px, LEAST_SLACK * width)), dt_s)
        self._tilt.step(wanted.elevation_deg, 0.0, _degrees(lens, up_px), dt_s)


def _degrees(lens: Lens, distance_px: float) -> float:
    return math.degrees(distance_px / lens.focal_px)
