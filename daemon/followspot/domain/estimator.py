"""Where the teacher is: marker bearings and sightings in, one belief out, at any time near now.

Measurements may come late: they are put in time order and what followed is worked out again. Not thread-safe; what
`knowledge` returns is immutable and may be read anywhere.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

from followspot.domain.belief import DISTANCE_SPREAD, FARTHEST_M, NEAREST_M, Belief, Estimate, Scalar
from followspot.domain.body import Body
from followspot.domain.geometry import NS_PER_S, wrap_deg
from followspot.domain.sighting import Sighting, SightingKind
from followspot.domain.view import TrackingState

HISTORY_NS = 700_000_000
"""How late a measurement may be: vision needs 0.1 s, a marker over radio 0.3 s at worst."""
FUTURE_NS = 100_000_000
"""A measurement from further ahead than this has a wrong clock."""
FRESH_NS = 400_000_000
"""Measurements come at 10 Hz or faster: after four missing ones the belief coasts."""
COAST_NS = 2_500_000_000
"""A walk is forgotten after about this long without measurements: from then on the teacher is being searched."""
GATE = 4.0
"""Measurements further off than this many standard deviations are set aside."""
RELOCK_COUNT = 6
RELOCK_NS = 700_000_000
"""So many measurements, over at least this time, that agree with each other outvote the belief.

Nobody leaps: who is elsewhere at once is a reflection, which lasts half a second, or the belief was wrong."""
BADGE_RELOCK_COUNT, BADGE_RELOCK_NS = 3, 200_000_000
"""A badge is read, not guessed: it needs less."""
DOUBLE_RELOCK_NS = 1_300_000_000
"""A marker that the picture contradicts needs longer."""
VOUCHED_NS = 400_000_000
"""The picture vouches for the belief when it has agreed with it so lately."""
SIGHTING_RELOCK_NS = 600_000_000
"""Sightings must agree for longer: a piece of furniture can deceive them for a while."""
AGREE_DEG = 6.0
"""Measurements of one person, one after the other, lie within this: noise plus a quick step."""
MARKER_SILENT_NS = 600_000_000
"""Sightings may outvote the belief only when the marker has said nothing for this long."""
SEEN_QUALITY = 0.05
"""A marker report of less quality says that the marker is not seen."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that is known, at one moment; immutable. `belief` is None before anything was seen."""

    belief: Belief | None
    typical: Scalar
    seen_ns: int
    marker_ns: int
    parked_after_ns: int
    badged: bool = False
    """Whether it was the printed badge that vouched last, not the dock's marker."""
    past: tuple[Belief, ...] = ()
    """The beliefs that led to it, oldest first, where they are to be remembered."""

    def at(self, time_ns: int) -> Estimate | None:
        """The estimate for a time near now."""
        if self.belief is None:
            return None
        return self.belief.at(max(time_ns, self.belief.time_ns - HISTORY_NS), self.typical).estimate()

    def marked(self, time_ns: int) -> bool:
        """Whether the marker or the badge was seen lately."""
        return self.belief is not None and time_ns - self.marker_ns <= FRESH_NS

    def state(self, time_ns: int) -> tuple[TrackingState, str]:
        """What the framing may rely on at `time_ns`, and why."""
        if self.belief is None:
            return TrackingState.PARKED, "nobody has been seen yet"
        silent_ns = time_ns - self.seen_ns
        if silent_ns <= FRESH_NS:
            vouched = "badge" if self.badged else "marker"
            return TrackingState.TRACKING, vouched if self.marked(time_ns) else "picture alone"
        return self.silent_state(silent_ns)

    def silent_state(self, silent_ns: int) -> tuple[TrackingState, str]:
        """What the framing may rely on where nothing was measured for so long, and why."""
        silent = f"neither marker nor picture showed the teacher for {silent_ns / NS_PER_S:.1f} s"
        if silent_ns <= min(COAST_NS, self.parked_after_ns):
            return TrackingState.COASTING, silent
        if silent_ns <= self.parked_after_ns:
            return TrackingState.SEARCHING, silent
        return TrackingState.PARKED, silent


@dataclass(frozen=True, slots=True)
class _Measurement:
    """A measurement in one form; the height parts are None where not measured. `marker`: it says who it is."""

    time_ns: int
    marker: bool
    azimuth_deg: float
    sigma_deg: float
    chest_deg: float | None = None
    top_deg: float | None = None
    top_sigma_m: float = 0.15
    distance_m: float | None = None
    distance_sigma: float = 0.3
    weight: float = 1.0
    badge: bool = False

    @property
    def votes(self) -> int:
        """How many like it outvote the belief."""
        return BADGE_RELOCK_COUNT if self.badge else RELOCK_COUNT

    def finite(self) -> bool:
        """Whether every number in it is one."""
        values = (self.azimuth_deg, self.sigma_deg, self.chest_deg, self.top_deg, self.distance_m, self.weight)
        return all(v is None or math.isfinite(v) for v in values)

    def plausible(self) -> bool:
        """Whether a person could be there."""
        heights = (self.chest_deg, self.top_deg)
        distance_m = 1.0 if self.distance_m is None else self.distance_m
        upright = all(h is None or abs(h) < 80 for h in heights)
        return (
            self.finite()
            and abs(self.azimuth_deg) <= 360
            and upright
            and min(self.sigma_deg, self.top_sigma_m, self.distance_sigma, distance_m) > 0
        )


class Estimator:
    """The filter with its short memory."""

    def __init__(
        self,
        body: Body,
        typical_distance_m: float,
        marker_sigma_deg: float,
        lost_timeout_s: float,
        remembered_s: float = 0.0,
    ) -> None:
        """What is known tells of the beliefs of the last `remembered_s` too."""
        self._body = body
        self._typical = Scalar(math.log(typical_distance_m), DISTANCE_SPREAD**2)
        self._marker_sigma_deg = marker_sigma_deg
        self._parked_after_ns = round(lost_timeout_s * NS_PER_S)
        self._remembers = remembered_s > 0
        self._kept_ns = max(HISTORY_NS, round(remembered_s * NS_PER_S))
        self._past: list[tuple[_Measurement, Belief]] = []
        self._gone: list[Belief] = []
        """What was believed before the belief was replaced."""
        self._rejected: dict[bool, list[_Measurement]] = {True: [], False: []}
        self._seen_ns = self._marker_ns = self._vouched_ns = 0
        self._badged = False
        self.ignored = 0
        """How many measurements made no sense (not a number, impossible, too old, from the future)."""

    def knowledge(self) -> Knowledge:
        """What is known now, as an immutable whole."""
        belief = self._past[-1][1] if self._past else None
        past = (*self._gone, *(belief for _, belief in self._past)) if self._remembers else ()
        return Knowledge(
            belief, self._typical, self._seen_ns, self._marker_ns, self._parked_after_ns, self._badged, past
        )

    def forget(self) -> None:
        """Begin anew: nobody has been seen."""
        self._past.clear()
        self._gone.clear()
        self._rejected = {True: [], False: []}
        self._seen_ns = self._marker_ns = self._vouched_ns = 0

    def on_marker(self, time_ns: int, azimuth_deg: float, elevation_deg: float, quality: float, now_ns: int) -> None:
        """The dock reported the marker; a quality near 0 (or none) says that it was not seen."""
        if quality < SEEN_QUALITY:
            return
        sigma_deg = self._marker_sigma_deg / math.sqrt(min(quality, 1.0))
        self._observe(_Measurement(time_ns, True, azimuth_deg, sigma_deg, elevation_deg), now_ns)

    def on_sighting(self, sighting: Sighting, now_ns: int) -> None:
        """Vision saw what may be the teacher; doubt makes its error larger."""
        doubt = math.sqrt(max(sighting.confidence, 0.05)) if math.isfinite(sighting.confidence) else math.nan
        measurement = _Measurement(
            sighting.time_ns,
            sighting.kind is SightingKind.BADGE,
            sighting.azimuth_deg,
            sighting.sigma_deg / doubt,
            sighting.chest_deg,
            top_deg=sighting.top_deg,
            top_sigma_m=sighting.top_sigma_m,
            distance_m=sighting.distance_m,
            distance_sigma=sighting.distance_sigma,
            weight=doubt,
            badge=sighting.kind is SightingKind.BADGE,
        )
        self._observe(measurement, now_ns)

    def _observe(self, measurement: _Measurement, now_ns: int) -> None:
        if self._past and self._past[-1][0].time_ns > now_ns + HISTORY_NS:
            self.forget()  # time ran backwards: what was believed belongs to another clock
        if not measurement.plausible() or not now_ns - HISTORY_NS <= measurement.time_ns <= now_ns + FUTURE_NS:
            self.ignored += 1
            return
        if not self._past:
            self._vote(measurement, needed=1 if measurement.marker else RELOCK_COUNT)
        else:
            self._weigh(measurement)

    def _weigh(self, measurement: _Measurement) -> None:
        """Learn from the measurement if it can be believed."""
        index = bisect_right(self._past, measurement.time_ns, key=lambda entry: entry[0].time_ns)
        expected = self._past[max(index - 1, 0)][1].at(measurement.time_ns, self._typical)
        if expected.surprise(measurement.azimuth_deg, measurement.sigma_deg) > GATE:
            self._vote(measurement, needed=measurement.votes)
            return
        self._note(measurement)
        self._rejected[measurement.marker].clear()
        if index > 0:  # else it is older than all that is remembered: it is in the belief's past already
            self._insert(index, measurement, expected)

    def _insert(self, index: int, measurement: _Measurement, expected: Belief) -> None:
        later = self._past[index:]
        self._past[index:] = [(measurement, self._learnt(expected, measurement))]
        for one, _ in later:
            self._past.append((one, self._learnt(self._past[-1][1].at(one.time_ns, self._typical), one)))
        oldest = self._past[-1][0].time_ns - self._kept_ns
        while len(self._past) > 1 and self._past[1][0].time_ns < oldest:
            self._past.pop(0)
        while self._gone and self._gone[0].time_ns < oldest:
            self._gone.pop(0)

    def _note(self, measurement: _Measurement) -> None:
        self._seen_ns = max(self._seen_ns, measurement.time_ns)
        if measurement.marker:
            self._badged = measurement.badge
            self._marker_ns = max(self._marker_ns, measurement.time_ns)
        else:
            self._vouched_ns = max(self._vouched_ns, measurement.time_ns)

    def _learnt(self, belief: Belief, one: _Measurement) -> Belief:
        belief = belief.with_azimuth(one.azimuth_deg, one.sigma_deg)
        if one.chest_deg is not None:
            belief = belief.with_chest(one.chest_deg, one.sigma_deg)
        if one.distance_m is not None and NEAREST_M <= one.distance_m <= FARTHEST_M:
            belief = belief.with_distance(one.distance_m, one.distance_sigma / one.weight)
        if one.top_deg is not None:
            belief = belief.with_top(one.top_deg, one.top_sigma_m / one.weight, self._body)
        return belief

    def _vote(self, measurement: _Measurement, needed: int) -> None:
        """Count measurements that contradict the belief; enough that agree with each other replace it."""
        votes = self._rejected[measurement.marker]
        if votes and not _agree(votes[-1], measurement):
            votes.clear()
        votes.append(measurement)
        marker_heard = self._past and measurement.time_ns - self._marker_ns < MARKER_SILENT_NS
        if len(votes) < needed or (marker_heard and not measurement.marker):
            return
        vouched = measurement.time_ns - self._vouched_ns <= VOUCHED_NS
        marker_ns = DOUBLE_RELOCK_NS if vouched else RELOCK_NS
        span_ns = marker_ns if measurement.marker else SIGHTING_RELOCK_NS
        span_ns = BADGE_RELOCK_NS if measurement.badge else span_ns
        if needed == 1 or measurement.time_ns - votes[0].time_ns >= span_ns:
            self._relock(measurement)

    def _relock(self, measurement: _Measurement) -> None:
        old = self._past[-1][1] if self._past else None
        self._gone += self._believed_until(self._rejected[measurement.marker][0].time_ns)
        self._forget_past()
        belief = Belief(
            time_ns=measurement.time_ns,
            azimuth_deg=wrap_deg(measurement.azimuth_deg),
            rate_dps=0.0,
            var_azimuth=measurement.sigma_deg**2,
            covariance=0.0,
            var_rate=0.0,
            elevation=old.elevation if old else Scalar(measurement.chest_deg or 0.0, 10.0**2),
            log_distance=old.log_distance if old else self._typical,
        )
        belief = replace(belief, var_rate=belief.walk_speed_dps**2)
        self._past.append((measurement, self._learnt(belief, measurement)))
        self._note(measurement)

    def _believed_until(self, time_ns: int) -> list[Belief]:
        """What stays true though the belief is replaced: what it was before the votes against it began."""
        return [belief for _, belief in self._past if belief.time_ns < time_ns] if self._remembers else []

    def _forget_past(self) -> None:
        """Drop the belief and the votes; when somebody was last seen stays known."""
        self._past.clear()
        self._rejected = {True: [], False: []}


def _agree(one: _Measurement, other: _Measurement) -> bool:
    near = abs(wrap_deg(one.azimuth_deg - other.azimuth_deg)) <= AGREE_DEG
    return near and 0 <= other.time_ns - one.time_ns <= NS_PER_S
