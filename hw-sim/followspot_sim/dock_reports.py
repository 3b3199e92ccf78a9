"""What the dock tells unasked, and when: poses, markers, and how things are."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from followspot_dock.protocol import messages
from followspot_dock.protocol.codes import MarkerRole
from followspot_sim.dock_condition import Condition, MarkerState
from followspot_sim.marker_sensor import MarkerSensor, Reading
from followspot_sim.plant import NS_PER_S, Plant
from followspot_sim.sight import MarkerSight

POSE_NS = NS_PER_S // 50
_MARKER_NS = NS_PER_S // 30
_STATUS_NS = NS_PER_S
_LATE_NS = NS_PER_S // 2
"""A timer interrupt is never late, a process on a busy machine is: what it missed for this long it makes up for, with
the stamps of the timer."""

Sights = Callable[[int], Sequence[MarkerSight]]
"""Where the markers truly are at a host time."""


@dataclass(slots=True)
class _Beat:
    """Falls due once a period, on a fixed grid, as a timer interrupt does."""

    period_ns: int
    due_ns: int = 0

    def take(self, now_ns: int) -> Sequence[int]:
        """The instants that fell due since the last call, but for those too long ago."""
        skipped = max((now_ns - self.due_ns - _LATE_NS) // self.period_ns, 0)
        due = range(self.due_ns + skipped * self.period_ns, now_ns + 1, self.period_ns)
        self.due_ns += (skipped + len(due)) * self.period_ns
        return due


@dataclass(slots=True)
class Beats:
    """The rhythm of one conversation, from its Hello on."""

    pose: _Beat
    marker: _Beat
    status: _Beat
    told: dict[int, messages.Message] = field(default_factory=dict)
    """The last status of the dock (0) and of each marker."""

    @classmethod
    def begin(cls, now_ns: int) -> "Beats":
        """Everything is due at once."""
        return cls(_Beat(POSE_NS, now_ns), _Beat(_MARKER_NS, now_ns), _Beat(_STATUS_NS, now_ns))

    def skip(self, now_ns: int) -> None:
        """Nothing before now falls due any more."""
        for beat in (self.pose, self.marker, self.status):
            beat.due_ns = max(beat.due_ns, now_ns)

    @property
    def next_due_ns(self) -> int:
        """When something falls due next."""
        return min(self.pose.due_ns, self.marker.due_ns, self.status.due_ns)


class Reports:
    """Reads encoders and marker sensor. `marker_sent` is told every marker report with its host time.

    `time_us` is the dock's clock at a host time.
    """

    def __init__(
        self,
        plant: Plant,
        sights: Sights,
        marker_sent: Callable[[int, messages.MarkerReport], None],
        rng: random.Random,
        sensor: MarkerSensor,
        time_us: Callable[[int], int],
    ) -> None:
        self._plant = plant
        self._sights = sights
        self._marker_sent = marker_sent
        self._rng = rng
        self._sensor = sensor
        self._time_us = time_us
        self._primary_id: int | None = None
        self._silent_until_ns = 0

    def due(self, beats: Beats, condition: Condition, motion_id: int, now_ns: int) -> Iterator[messages.Message]:
        """What is to be sent now; `motion_id` is of the motion under way."""
        for due_ns in beats.pose.take(now_ns):
            yield self._pose(condition, motion_id, due_ns)
        for due_ns in beats.marker.take(now_ns):
            yield from (self._marker(seen, due_ns) for seen in self._sights(due_ns))
        yield from self._statuses(beats, condition, now_ns)

    def silence(self, until_ns: int) -> None:
        """Do not see any marker until then."""
        self._silent_until_ns = until_ns

    def follow(self, marker_id: int, now_ns: int) -> bool:
        """Make this marker the primary one; False where it is not known."""
        if marker_id not in [seen.marker_id for seen in self._sights(now_ns)]:
            return False
        self._primary_id = marker_id
        return True

    def _pose(self, condition: Condition, motion_id: int, time_ns: int) -> messages.Pose:
        pan_deg, tilt_deg = (
            angle + offset_deg + self._rng.gauss(0, condition.encoder_sigma_deg)
            for angle, offset_deg in zip(self._plant.encoders_at(time_ns), condition.encoder_offset_deg, strict=True)
        )
        return messages.Pose(self._time_us(time_ns), pan_deg, tilt_deg, *self._plant.rates_at(time_ns), motion_id)

    def _marker(self, seen: MarkerSight, time_ns: int) -> messages.MarkerReport:
        reading = Reading(0.0, 0.0, 0.0)
        if time_ns >= self._silent_until_ns:
            reading = self._sensor.read(seen.sight, time_ns, self._rng)
        role = self._role(seen.marker_id)
        bearing = (reading.azimuth_deg, reading.elevation_deg)
        report = messages.MarkerReport(self._time_us(time_ns), seen.marker_id, role, reading.quality, *bearing)
        self._marker_sent(time_ns, report)
        return report

    def _statuses(self, beats: Beats, condition: Condition, now_ns: int) -> list[messages.Message]:
        is_due = bool(beats.status.take(now_ns))
        present: dict[int, messages.Message] = {0: condition.status}
        for seen in self._sights(now_ns):
            state = condition.markers.get(seen.marker_id, MarkerState())
            role = self._role(seen.marker_id)
            status = messages.MarkerStatus(seen.marker_id, role, state.flags(), state.battery_percent)
            present[seen.marker_id] = status
        reports = [status for key, status in present.items() if is_due or status != beats.told.get(key)]
        beats.told = present
        return reports

    def _role(self, marker_id: int) -> MarkerRole:
        if self._primary_id is None:
            self._primary_id = marker_id  # the first that is seen
        return MarkerRole.PRIMARY if marker_id == self._primary_id else MarkerRole.SECONDARY
