"""From the world at a moment to its picture and the truth about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from followspot_sim.actors import Actor
from followspot_sim.badge import Badge, Worn, yaw_deg
from followspot_sim.geometry import Floats, Lens
from followspot_sim.render import Picture, Placed, Renderer, Shot, extent, paint_fiducial
from followspot_sim.world import SHOULDERS_SHARE, SHOULDERS_WIDTH_SHARE, Student, Teacher, World

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """What is true of one frame. Boxes are x, y, width, height and points x, y in picture coordinates.

    `box`, `head` and `body` are None when the teacher is not before the camera; they may lie outside the picture.
    `visible`: the share of head and shoulders that no student hides. `present`: the teacher is in the room.
    """

    azimuth_deg: float
    elevation_deg: float
    distance_m: float
    box: Box | None
    head: tuple[float, float] | None
    body: Box | None
    visible: float
    walking: bool
    present: bool = True


class Scene:
    """The room with everybody in it, as one lens sees it. For one thread."""

    def __init__(
        self,
        world: World,
        actor: Actor,
        renderer: Renderer,
        lens: Lens,
        *,
        fiducial: bool,
        badge: Badge | None = None,
        light: Callable[[float], float] = lambda _: 1.0,
    ) -> None:
        """`light`: how bright the room is so many seconds after the start."""
        self._world = world
        self._actor = actor
        self._renderer = renderer
        self._lens = lens
        self._fiducial = fiducial
        self._badge = badge
        self._light = light

    def take(self, time_ns: int, shot: Shot) -> tuple[Picture, FrameTruth]:
        """The picture exposed at `time_ns`, and its truth."""
        teacher, students = self._world.teacher_at(time_ns), self._world.students_at(time_ns)
        placed = self._placed(time_ns, teacher)
        others = [Placed(student.sprite, student.stand, student.top_m) for student in students]
        everybody = [placed, *others] if teacher.present else others
        everybody = sorted(everybody, key=lambda person: -person.stand.distance_m)
        lit = replace(shot, light=shot.light * self._light(self._seconds(time_ns)))
        picture = self._renderer.take(lit, everybody)
        truth = self._truth(teacher, students, placed, shot)
        if self._fiducial and teacher.present and truth.head is not None:
            paint_fiducial(picture, *truth.head)
        return picture, truth

    def truth(self, time_ns: int, shot: Shot) -> FrameTruth:
        """What is true of the picture exposed at `time_ns`, without taking it."""
        teacher, students = self._world.teacher_at(time_ns), self._world.students_at(time_ns)
        return self._truth(teacher, students, self._placed(time_ns, teacher), shot)

    def _placed(self, time_ns: int, teacher: Teacher) -> Placed:
        sprite = self._actor.sprite_at(self._seconds(time_ns), teacher)
        height_m = self._world.marker_height_m - teacher.lowered_m
        worn = Worn(teacher.stand, height_m, yaw_deg(teacher.facing), teacher.azimuth_rate_dps)
        return Placed(sprite, teacher.stand, teacher.top_m, teacher.azimuth_rate_dps, self._badge, worn)

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self._world.epoch_ns) / 1e9

    def _truth(self, teacher: Teacher, students: Sequence[Student], placed: Placed, shot: Shot) -> FrameTruth:
        bearing = teacher.stand.bearing(teacher.head_height_m)
        head = self._lens.project(
            teacher.stand.points(np.zeros(1), np.full(1, teacher.head_height_m)), shot.pan_deg, shot.tilt_deg
        )[0]
        return FrameTruth(
            azimuth_deg=bearing.azimuth_deg,
            elevation_deg=bearing.elevation_deg,
            distance_m=bearing.distance_m,
            box=_around(self._lens.project(shoulder_corners(teacher), shot.pan_deg, shot.tilt_deg)),
            head=None if np.isnan(head).any() else (float(head[0]), float(head[1])),
            body=extent(placed, self._lens, shot),
            visible=self._world.visible_share(teacher, students),
            walking=teacher.walking,
            present=teacher.present,
        )


def shoulder_corners(teacher: Teacher) -> Floats:
    """Room points of the corners of head and shoulders.

    Head and shoulders: the upright rectangle centred on the axis of the head, from the top of the head down 0.25 and
    across 0.27 of the stature, at the teacher's distance.
    """
    half = teacher.stature_m * SHOULDERS_WIDTH_SHARE / 2
    top_m = teacher.top_m
    bottom_m = top_m - teacher.stature_m * SHOULDERS_SHARE
    return teacher.stand.points(np.array([-half, half, half, -half]), np.array([top_m, top_m, bottom_m, bottom_m]))


def _around(corners: Floats) -> Box | None:
    if np.isnan(corners).any():
        return None
    low, high = corners.min(axis=0), corners.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
