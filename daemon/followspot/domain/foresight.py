"""The recorded view with look-ahead: each picture's crop is decided when it is known where the teacher goes next.

Azimuth, elevation and size of the view are three paths (`domain/glide`) through the quiet zones round the wanted
view. What must hold exactly is done to each picture's crop afterwards: it lies on the sensor, is not enlarged too far
and shows no hidden zone. Not thread-safe: it belongs to whoever calls it once per frame, in order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from followspot.domain.belief import Estimate
from followspot.domain.board import Both
from followspot.domain.body import Body
from followspot.domain.composition import Composition, Subject
from followspot.domain.geometry import NS_PER_S, Aim, Bearing, Lens, clamp, wrap_deg
from followspot.domain.glide import Glide, Values, Zones
from followspot.domain.hiding import Hider
from followspot.domain.shots import Shot
from followspot.domain.view import FramedView, Hiding, Rect, TrackingState
from followspot.domain.zones import ANYWHERE, Territory, Zone

STEP_S = 0.1
"""The view is decided in steps of this length: a walker takes several to change her pace."""
STEP_NS = round(STEP_S * NS_PER_S)
BEYOND_S = 0.4
"""The estimate is carried on for this long beyond what is known: a walk goes on."""
TRUST_S = 0.3
"""What is carried on is worth less and less within this time."""
DOUBT_DPS = 4.0
"""... and so much less is known of where she will be, in degrees for each second."""
RESTART_AFTER_NS = NS_PER_S
"""After a longer gap the view begins anew where the teacher is."""

QUIET_ACROSS = 0.045
"""The view stays where it is while she is within this share of its width from where she belongs."""
QUIET_UP, QUIET_DOWN = 0.03, 0.075
"""... and of its height; too much room over the head is less wrong than too little."""
QUIET_TIGHT, QUIET_WIDE = math.log(1.05), math.log(1.08)
"""The picture may be narrower or wider by these factors: a teacher who is too large nears the edge."""
LEAD_PER_S = 0.06
"""The lead room comes and goes by this share of the picture's width in a second: a drift that nobody sees."""
PACE_ACROSS, PACE_UP, PACE_ZOOM = 4.5, 3.0, 3.0
"""Radians per second: the view does not follow what is faster."""


class Outlook(Protocol):
    """What is known of the teacher and of the camera's pose, before and after a moment, and what is expected."""

    @property
    def known_ns(self) -> int:
        """What lies behind this time is expectation."""
        ...

    def estimate_at(self, time_ns: int) -> Estimate | None:
        """The teacher; None where nothing is known."""
        ...

    def state_at(self, time_ns: int) -> TrackingState:
        """What the framing may rely on."""
        ...

    def aim_at(self, time_ns: int) -> Aim:
        """Where the camera points."""
        ...


@dataclass(frozen=True, slots=True)
class _Moment:
    """One step of the way ahead."""

    aim: Aim
    subject: Subject | None
    height: float
    lead: float
    beyond_s: float


class Foresight:
    """Decides each frame's crop from what came before it and what comes after it."""

    def __init__(
        self,
        shot: Shot,
        body: Body,
        territory: Territory = ANYWHERE,
        *,
        lookahead_s: float,
        hides: bool = False,
        board: Zone | None = None,
    ) -> None:
        """`lookahead_s`: so much is known beyond a frame. `hides`: the blocked zones are never shown.

        `board`: where the board is.
        """
        self._composition = Composition(shot, body, territory, board)
        self._hider = Hider(territory.blocked) if hides and territory.blocked else None
        self._ahead = max(round((lookahead_s + BEYOND_S) / STEP_S), 1)
        self._pan, self._tilt, self._zoom = (Glide(pace * STEP_S) for pace in (PACE_ACROSS, PACE_UP, PACE_ZOOM))
        self._start_ns: int | None = None
        self._last_ns = 0
        self._lead = 0.0

    def both(self, lens: Lens, estimate: Estimate) -> Both | None:
        """The picture that holds her and the board; None where the shot asks for none."""
        return self._composition.both(lens, estimate)

    def due(self, time_ns: int) -> bool:
        """Whether the frame exposed at `time_ns` needs a decision, for which the outlook should be up to date."""
        return self._broken(time_ns) or not self._pan.knows(self._step(time_ns))

    def compose(self, lens: Lens, aim: Aim, outlook: Outlook, time_ns: int) -> FramedView:
        """The view of the frame exposed at `time_ns` from `aim`."""
        if self._broken(time_ns):
            self._begin(lens, outlook, time_ns)
        self._last_ns = time_ns
        step = self._step(time_ns)
        while not self._pan.knows(step):
            self._decide(lens, outlook)
        crop, hiding = self._crop(lens, aim, step), Hiding.NONE
        if self._hider is not None:
            crop, hiding = self._hider.hidden(lens, aim, crop, self._composition.shot.heights(lens)[0])
        estimate, state = outlook.estimate_at(time_ns), outlook.state_at(time_ns)
        subject = self._composition.subject(lens, aim, estimate, state)
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

    def _broken(self, time_ns: int) -> bool:
        """Whether the view cannot go on from the last frame."""
        return self._start_ns is None or not -RESTART_AFTER_NS <= time_ns - self._last_ns <= RESTART_AFTER_NS

    def _step(self, time_ns: int) -> float:
        """A time that runs back a little counts as none."""
        return (max(time_ns, self._last_ns) - (self._start_ns or 0)) / STEP_NS

    def _crop(self, lens: Lens, aim: Aim, step: float) -> Rect:
        """What the paths say, held on the sensor."""
        low, high = self._composition.shot.heights(lens)
        height = clamp(math.exp(self._zoom.at(step)), low, high)
        width = height * self._composition.shot.aspect
        x, y = lens.project(Bearing(wrap_deg(self._pan.at(step)), self._tilt.at(step)), aim)
        left = clamp(x - width / 2, 0.0, lens.width - width)
        return Rect(left, clamp(y - height / 2, 0.0, lens.height - height), width, height)

    def _begin(self, lens: Lens, outlook: Outlook, time_ns: int) -> None:
        self._start_ns = self._last_ns = time_ns
        self._lead = 0.0
        moments = self._moments(lens, outlook, 0)
        sizes = self._sizes(lens, moments)
        self._zoom.begin(0, sizes)
        heights = [moment.height for moment in moments]
        across, up = self._places(lens, moments, heights, None)
        self._pan.begin(0, across)
        self._tilt.begin(0, up)

    def _decide(self, lens: Lens, outlook: Outlook) -> None:
        """One step more."""
        first = self._zoom.first_free
        moments = self._moments(lens, outlook, first)
        heights = np.exp(self._zoom.decide(self._sizes(lens, moments)))
        across, up = self._places(lens, moments, heights.tolist(), self._pan.reached)
        self._pan.decide(across)
        self._tilt.decide(up)
        self._lead = moments[0].lead

    def _moments(self, lens: Lens, outlook: Outlook, first: int) -> list[_Moment]:
        moments = []
        lead = self._lead
        for step in range(first, first + self._ahead):
            time_ns = (self._start_ns or 0) + step * STEP_NS
            aim, state = outlook.aim_at(time_ns), outlook.state_at(time_ns)
            subject = self._composition.subject(lens, aim, outlook.estimate_at(time_ns), state)
            wanted = self._composition.lead(subject)
            lead += clamp(wanted - lead, -LEAD_PER_S * STEP_S, LEAD_PER_S * STEP_S)
            beyond_s = max(time_ns - outlook.known_ns, 0) / NS_PER_S
            height = self._composition.height(lens, subject, state)
            moments.append(_Moment(aim, subject, height, lead, beyond_s))
        return moments

    def _sizes(self, lens: Lens, moments: list[_Moment]) -> Zones:
        low, high = (math.log(height) for height in self._composition.shot.heights(lens))
        wanted = np.log([moment.height for moment in moments])
        widest = np.log([self._composition.widest(lens, moment.subject) for moment in moments])
        seen = np.array([moment.subject is not None for moment in moments])
        wide = np.clip(widest, wanted, np.minimum(wanted + QUIET_WIDE, high))
        return Zones(np.maximum(wanted - QUIET_TIGHT * seen, low), wide, _worth(moments))

    def _places(
        self, lens: Lens, moments: list[_Moment], heights: list[float], near_deg: float | None
    ) -> tuple[Zones, Zones]:
        """The quiet zones of azimuth and elevation, drawn in to what the sensor can show; azimuths go on from near."""
        across, up, reach = np.empty((2, len(moments))), np.empty((2, len(moments))), np.empty((4, len(moments)))
        for index, (moment, height) in enumerate(zip(moments, heights, strict=True)):
            width = height * self._composition.shot.aspect
            centre = self._composition.centre(lens, moment.aim, moment.subject, height, moment.lead)
            near_deg = centre.azimuth_deg if near_deg is None else near_deg
            near_deg += wrap_deg(centre.azimuth_deg - near_deg)
            quiet = _degrees(lens, QUIET_ACROSS * width) + DOUBT_DPS * moment.beyond_s
            across[:, index] = near_deg - quiet, near_deg + quiet
            up[:, index] = (
                centre.elevation_deg - _degrees(lens, QUIET_UP * height),
                centre.elevation_deg + _degrees(lens, QUIET_DOWN * height),
            )
            pan_deg = near_deg + wrap_deg(moment.aim.pan_deg - near_deg)
            sideways, upwards = _half_angle(lens, lens.width - width), _half_angle(lens, lens.height - height)
            if moment.beyond_s:  # the motors will have turned
                sideways = upwards = math.inf
            tilt_deg = moment.aim.tilt_deg
            reach[:, index] = pan_deg - sideways, pan_deg + sideways, tilt_deg - upwards, tilt_deg + upwards
        across = np.clip(across, reach[0], reach[1])
        up = np.clip(up, reach[2], reach[3])
        worth = _worth(moments)
        return Zones(across[0], across[1], worth), Zones(up[0], up[1], worth)


def _worth(moments: list[_Moment]) -> Values:
    return np.exp([-moment.beyond_s / TRUST_S for moment in moments])


def _half_angle(lens: Lens, room_px: float) -> float:
    """How far the middle of a crop can be from that of the sensor with so much room beside it."""
    return math.degrees(math.atan(max(room_px, 0.0) / 2 / lens.focal_px))


def _degrees(lens: Lens, distance_px: float) -> float:
    return math.degrees(distance_px / lens.focal_px)
