"""Who is where in the room at any moment, and what hides whom: pure functions of time, safe from any thread."""

import math
from collections.abc import Callable, Sequence
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
    lowered_m: float = 0.0
    present: bool = True

    @property
    def top_m(self) -> float:
        """The top of the head above the floor."""
        return self.stature_m - self.lowered_m

    @property
    def head_height_m(self) -> float:
        """The middle of the head above the floor."""
        return self.top_m - self.stature_m * HEAD_CENTRE_SHARE


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


@dataclass(frozen=True, slots=True)
class Passer:
    """Another adult: where they walk, and how they look `time_s` after the start."""

    track: Track
    stature_m: float
    look: Callable[[float, "Teacher"], Sprite]


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
        passers: Sequence[Passer] = (),
    ) -> None:
        self.epoch_ns = epoch_ns
        self._track = track
        self._stature_m = stature_m
        self._marker = marker
        self.marker_height_m = marker_height_m
        self._students = tuple(students)
        self._seed = seed
        self._passers = tuple(passers)

    def teacher_at(self, time_ns: int) -> Teacher:
        """The teacher at a moment of CLOCK_MONOTONIC."""
        return _person(self._track, self._stature_m, self._seconds(time_ns))

    def students_at(self, time_ns: int) -> list[Student]:
        """The students, and other adults in the room, at a moment, farthest first."""
        time_s = self._seconds(time_ns)
        students = [
            Student(Stand(table.azimuth_deg, table.distance_m), _top_m(table, time_s), sprite)
            for table, sprite in self._students
        ]
        for passer in self._passers:
            person = _person(passer.track, passer.stature_m, time_s)
            if person.present:
                students.append(Student(person.stand, person.top_m, passer.look(time_s, person)))
        return sorted(students, key=lambda student: -student.stand.distance_m)

    def others_deg(self, time_ns: int) -> list[float]:
        """Bearings of all others (NaN while out) and of the teacher's mirror images: always as many, in one order."""
        time_s = self._seconds(time_ns)
        people = [_person(passer.track, passer.stature_m, time_s) for passer in self._passers]
        azimuth_deg = self.teacher_at(time_ns).stand.azimuth_deg
        mirrored = [2 * reflector.azimuth_deg - azimuth_deg for reflector in self._marker.reflector]
        seated = [table.azimuth_deg for table, _ in self._students]
        return [*seated, *(p.stand.azimuth_deg if p.present else math.nan for p in people), *mirrored]

    def sight_at(self, time_ns: int) -> Sight:
        """Where the marker is, and whether the dock can see it: not behind a student or a back, nor in a drop-out."""
        teacher = self.teacher_at(time_ns)
        stand = teacher.stand
        height_m = self.marker_height_m - teacher.lowered_m
        bearing = stand.bearing(height_m)
        point = stand.points(np.zeros(1), np.full(1, height_m))
        hidden = any(student.hides(point).any() for student in self.students_at(time_ns))
        turned_away = self._marker.hidden_by_back and teacher.facing is Facing.BACK
        visible = teacher.present and not (hidden or turned_away or self._drops_out(self._seconds(time_ns)))
        return Sight(bearing.azimuth_deg, bearing.elevation_deg, bearing.distance_m, visible)

    def visible_share(self, teacher: Teacher, students: Sequence[Student]) -> float:
        """The share, 0 to 1, of the teacher's head and shoulders that no student hides."""
        across = np.linspace(-0.5, 0.5, SAMPLES_ACROSS) * SHOULDERS_WIDTH_SHARE * teacher.stature_m
        down = teacher.top_m - teacher.stature_m * np.linspace(0, SHOULDERS_SHARE, SAMPLES_DOWN)
        lateral_m, height_m = (grid.ravel() for grid in np.meshgrid(across, down))
        points = teacher.stand.points(lateral_m, height_m)
        hidden = np.zeros(len(points), dtype=bool)
        for student in students:
            hidden |= student.hides(points).astype(bool)
        return float(1 - hidden.mean())

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self.epoch_ns) / 1e9

    def _drops_out(self, time_s: float) -> bool:
        """Each stretch of time holds one drop-out, anywhere in it: the same at every asking."""
        if self._marker.silent_from_s is not None and time_s >= self._marker.silent_from_s:
            return True
        if self._marker.dropouts_per_min == 0 or time_s < 0:
            return False
        stretch_s = 60.0 / self._marker.dropouts_per_min
        number, into_s = divmod(time_s, stretch_s)
        rng = np.random.default_rng([self._seed, 5, int(number)])
        length_s = rng.uniform(self._marker.dropout_min_s, self._marker.dropout_max_s)
        start_s = rng.uniform(0, stretch_s - length_s)
        return bool(start_s <= into_s < start_s + length_s)


def _person(track: Track, stature_m: float, time_s: float) -> Teacher:
    step = track.at(time_s)
    before, after = (track.at(time_s + span) for span in (-RATE_SPAN_S / 2, RATE_SPAN_S / 2))
    turned = math.degrees(math.atan2(after.x_m, after.z_m) - math.atan2(before.x_m, before.z_m))
    return Teacher(
        stand=Stand.at(step.x_m, step.z_m),
        stature_m=stature_m,
        speed_mps=step.speed_mps,
        walking=step.walking,
        walked_m=step.walked_m,
        facing=step.facing,
        azimuth_rate_dps=math.remainder(turned, 360.0) / RATE_SPAN_S,
        lowered_m=step.lowered * stature_m,
        present=not step.out,
    )


def _top_m(table: StudentTable, time_s: float) -> float:
    if table.stands_every_s == 0 or time_s < table.stands_after_s:
        return table.seated_top_m
    into_s = (time_s - table.stands_after_s) % table.stands_every_s
    up = np.clip(min(into_s, table.stands_for_s - into_s) / RISE_S, 0.0, 1.0)
    return float(table.seated_top_m + (table.standing_top_m - table.seated_top_m) * up * up * (3 - 2 * up))
