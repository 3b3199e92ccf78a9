"""Who is where in the room at any moment, and what hides whom: pure functions of time, safe from any thread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from followspot_sim.geometry import Floats, Stand
from followspot_sim.scenario import MarkerTable, StudentTable
from followspot_sim.sight import Sight
from followspot_sim.sprites import Sprite
from followspot_sim.track import Facing, Track

HEAD_CENTRE_SHARE = 0.065
"""The middle of the head lies this share of the stature below its top."""

SHOULDERS_SHARE, SHOULDERS_WIDTH_SHARE = 0.25, 0.27
"""Head and shoulders: from the top of the head down, and across, in shares of the stature."""

RISE_S = 0.5
"""A student takes this long to stand up or to sit down."""

RATE_SPAN_S = 0.02
"""Turning rates of a bearing are taken over this long."""

SAMPLES_ACROSS, SAMPLES_DOWN = 7, 9
"""The points of head and shoulders that are tested for being hidden."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """The teacher at a moment."""

    stand: Stand
    stature_m: float
    speed_mps: float
    walking: bool
    walked_m: float
    facing: Facing
    azimuth_rate_dps: float

    @property
    def head_height_m(self) -> float:
        """The middle of the head above the floor."""
        return self.stature_m * (1 - HEAD_CENTRE_SHARE)


@dataclass(frozen=True, slots=True)
class Student:
    """A student at a moment: a sprite whose top is `top_m` above the floor."""

    stand: Stand
    top_m: float
    sprite: Sprite

    def hides(self, points: Floats) -> Floats:
        """Which of the room `points` behind them cannot be seen from the dock."""
        lateral_m, height_m = self.stand.seen_through(points)
        behind = np.isfinite(height_m)
        lateral_m, height_m = np.where(behind, lateral_m, 0), np.where(behind, height_m, np.inf)
        return np.asarray(behind & self.sprite.covers(lateral_m, self.top_m - np.minimum(height_m, 100.0)))


class World:
    """The room from `epoch_ns` (CLOCK_MONOTONIC) on."""

    def __init__(
        self,
        track: Track,
        stature_m: float,
        marker: MarkerTable,
        marker_height_m: float,
        students: Sequence[tuple[StudentTable, Sprite]],
        seed: int,
        epoch_ns: int,
    ) -> None:
        self.epoch_ns = epoch_ns
        self._track = track
        self._stature_m = stature_m
        self._marker = marker
        self.marker_height_m = marker_height_m
        self._students = tuple(students)
        self._seed = seed

    def teacher_at(self, time_ns: int) -> Teacher:
        """The teacher at a moment of CLOCK_MONOTONIC."""
        time_s = self._seconds(time_ns)
        step = self._track.at(time_s)
        stand = Stand.at(step.x_m, step.z_m)
        before, after = (self._azimuth_deg(time_s + span) for span in (-RATE_SPAN_S / 2, RATE_SPAN_S / 2))
        rate_dps = math.remainder(after - before, 360.0) / RATE_SPAN_S
        return Teacher(stand, self._stature_m, step.speed_mps, step.walking, step.walked_m, step.facing, rate_dps)

    def students_at(self, time_ns: int) -> list[Student]:
        """The students at a moment, farthest first."""
        time_s = self._seconds(time_ns)
        students = [
            Student(Stand(table.azimuth_deg, table.distance_m), _top_m(table, time_s), sprite)
            for table, sprite in self._students
        ]
        return sorted(students, key=lambda student: -student.stand.distance_m)

    def sight_at(self, time_ns: int) -> Sight:
        """Where the marker is, and whether the dock can see it: not behind a student or a back, nor in a drop-out."""
        teacher = self.teacher_at(time_ns)
        stand = teacher.stand
        bearing = stand.bearing(self.marker_height_m)
        point = stand.points(np.zeros(1), np.full(1, self.marker_height_m))
        hidden = any(student.hides(point).any() for student in self.students_at(time_ns))
        turned_away = self._marker.hidden_by_back and teacher.facing is Facing.BACK
        visible = not (hidden or turned_away or self._drops_out(self._seconds(time_ns)))
        return Sight(bearing.azimuth_deg, bearing.elevation_deg, bearing.distance_m, visible)

    def visible_share(self, teacher: Teacher, students: Sequence[Student]) -> float:
        """The share, 0 to 1, of the teacher's head and shoulders that no student hides."""
        across = np.linspace(-0.5, 0.5, SAMPLES_ACROSS) * SHOULDERS_WIDTH_SHARE * teacher.stature_m
        down = teacher.stature_m * (1 - np.linspace(0, SHOULDERS_SHARE, SAMPLES_DOWN))
        lateral_m, height_m = (grid.ravel() for grid in np.meshgrid(across, down))
        points = teacher.stand.points(lateral_m, height_m)
        hidden = np.zeros(len(points), dtype=bool)
        for student in students:
            hidden |= student.hides(points).astype(bool)
        return float(1 - hidden.mean())

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self.epoch_ns) / 1e9

    def _azimuth_deg(self, time_s: float) -> float:
        step = self._track.at(time_s)
        return math.degrees(math.atan2(step.x_m, step.z_m))

    def _drops_out(self, time_s: float) -> bool:
        """Each stretch of time holds one drop-out, anywhere in it: the same at every asking."""
        if self._marker.dropouts_per_min == 0 or time_s < 0:
            return False
        stretch_s = 60.0 / self._marker.dropouts_per_min
        number, into_s = divmod(time_s, stretch_s)
        rng = np.random.default_rng([self._seed, 5, int(number)])
        length_s = rng.uniform(self._marker.dropout_min_s, self._marker.dropout_max_s)
        start_s = rng.uniform(0, stretch_s - length_s)
        return bool(start_s <= into_s < start_s + length_s)


def _top_m(table: StudentTable, time_s: float) -> float:
    if table.stands_every_s == 0 or time_s < table.stands_after_s:
        return table.seated_top_m
    into_s = (time_s - table.stands_after_s) % table.stands_every_s
    up = np.clip(min(into_s, table.stands_for_s - into_s) / RISE_S, 0.0, 1.0)
    return float(table.seated_top_m + (table.standing_top_m - table.seated_top_m) * up * up * (3 - 2 * up))
