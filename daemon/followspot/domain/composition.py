"""What the picture of one moment should show, whatever it showed before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from followspot.domain.belief import Estimate
from followspot.domain.board import THIRD, Both, between, both, room_beside
from followspot.domain.body import Body
from followspot.domain.geometry import Aim, Bearing, Lens, clamp
from followspot.domain.shots import Shot
from followspot.domain.view import Rect, TrackingState
from followspot.domain.zones import ANYWHERE, Territory, Zone

SAFE_SHARE = 0.9
"""Head and shoulders belong into this central share of the picture."""
CAUTION = 0.5
"""The shot is composed for a teacher who is nearer than believed by this many standard deviations."""
HEAD_SIGMAS = 2.0
"""A teacher who is nearer than believed by this many standard deviations still has her head in the picture."""
SIDE_SIGMAS = 1.5
"""The picture has room for the azimuth to be wrong by this many standard deviations."""
NOT_SMALLER = 0.95
"""Her distance is known to a few percent: so much before she is too small she counts as too small."""
STROLL_MPS = 0.5
"""Who moves slower than this across the picture turns about where she stands: no room in front of her is called for."""
STRIDE_MPS = 1.2
"""Who moves as fast as this has all of the lead room."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The teacher in one picture; `height_px` of the box is as in its middle, so that panning cannot zoom."""

    estimate: Estimate
    box: Rect
    chest_y: float
    height_px: float

    @classmethod
    def of(cls, lens: Lens, aim: Aim, estimate: Estimate, body: Body) -> Subject:
        """As seen through `lens` from `aim`."""
        box = body.bust(lens, aim, estimate.chest, estimate.distance_m)
        height_px = lens.focal_px * body.bust_height_m / estimate.distance_m
        return cls(estimate, box, lens.project(estimate.chest, aim)[1], height_px)


@dataclass(frozen=True, slots=True)
class Composition:
    """The shot that is wanted, of whom, and where."""

    shot: Shot
    body: Body
    territory: Territory = ANYWHERE
    board: Zone | None = None

    def subject(self, lens: Lens, aim: Aim, estimate: Estimate | None, state: TrackingState) -> Subject | None:
        """The teacher in the picture taken from `aim`; None where nothing is known of her."""
        if estimate is None or state is TrackingState.PARKED:
            return None
        return Subject.of(lens, aim, estimate, self.body)

    def height(self, lens: Lens, subject: Subject | None, state: TrackingState) -> float:
        """The crop's height."""
        low, high = self.shot.heights(lens)
        if subject is None:
            return high
        height = clamp(self._height(lens, subject, state), low, high)
        shared = self.both(lens, subject.estimate)
        return height if shared is None else height + shared.share * max(shared.height - height, 0.0)

    def both(self, lens: Lens, estimate: Estimate) -> Both | None:
        """The picture that holds her and the board; None where the shot asks for none."""
        if self.board is None or not self.shot.with_board:
            return None
        return both(self.board, lens, estimate, self.body, self.shot.aspect, self.shot.heights(lens)[1])

    def _height(self, lens: Lens, subject: Subject, state: TrackingState) -> float:
        estimate, bust_px = subject.estimate, subject.height_px
        nominal = bust_px / self.shot.shot_share
        cautious = nominal * math.exp(CAUTION * estimate.distance_sigma)
        smallest = bust_px * math.exp(-estimate.distance_sigma) / self.shot.smallest_share
        side_px = lens.focal_px * math.radians(min(SIDE_SIGMAS * estimate.azimuth_sigma_deg, 45.0))
        roomy = (subject.box.width + 2 * side_px) / SAFE_SHARE / self.shot.aspect
        if state is not TrackingState.SEARCHING:
            roomy = min(roomy, bust_px / self.shot.smallest_share)
        return max(nominal, min(cautious, smallest), roomy)

    def widest(self, lens: Lens, subject: Subject | None) -> float:
        """The height of a crop beyond which the teacher would be too small; all there is where nobody is known."""
        _, high = self.shot.heights(lens)
        return high if subject is None else clamp(subject.height_px * NOT_SMALLER / self.shot.smallest_share, 1.0, high)

    def centre(self, lens: Lens, aim: Aim, subject: Subject | None, height: float, lead: float) -> Bearing:
        """Where the middle of a crop of this height belongs; `lead`, a share of its width, is room to the right."""
        if subject is None:
            return Bearing(aim.pan_deg, aim.tilt_deg)
        rise = subject.chest_y - subject.box.y
        nearest_top = subject.chest_y - rise * math.exp(HEAD_SIGMAS * subject.estimate.distance_sigma)
        nominal = subject.box.y - self.shot.headroom_share * height
        top = min(nominal, nearest_top - (1 - SAFE_SHARE) / 2 * height)
        x = subject.box.centre[0] + lead * height * self.shot.aspect
        centre = lens.unproject(x, top + height / 2, aim)
        shared = self.both(lens, subject.estimate)
        return self.territory.in_area(centre if shared is None else between(centre, shared.centre, shared.share))

    def lead(self, subject: Subject | None) -> float:
        """The room in front of who walks or stands at the board: a share of the width, positive to the right."""
        if subject is None:
            return 0.0
        speed_mps = math.radians(subject.estimate.rate_dps) * subject.estimate.distance_m
        share = clamp((abs(speed_mps) - STROLL_MPS) / (STRIDE_MPS - STROLL_MPS), 0.0, 1.0)
        lead = math.copysign(self.shot.lead_share * share, speed_mps)
        if self.board is None or self.shot.with_board:
            return lead
        return clamp(lead + room_beside(self.board, subject.estimate.chest.azimuth_deg), -THIRD, THIRD)
