"""How people look, moment by moment: drawn figures or played clips."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from followspot_sim.drawn_person import STUDENTS, TEACHER, Clothes, figure
from followspot_sim.sprites import Sprite, top_part
from followspot_sim.track import Facing
from followspot_sim.world import Teacher

STRIDE_M = 1.4
"""Two steps of a walking adult."""

STRIDE_PHASES = 10
"""Poses drawn for one stride."""

WRITING_POSES, WRITING_HZ = 4, 1.5
"""Poses of the writing hand, and how many follow in a second."""

STUDENT_HEIGHT_M = 1.2
"""How much of a student is drawn; the rest is below any picture or behind a desk."""


class Actor(Protocol):
    """Somebody who can be seen."""

    stature_m: float

    def sprite_at(self, time_s: float, teacher: Teacher) -> Sprite:
        """How they look `time_s` after the start, doing what `teacher` says."""
        ...


class DrawnActor:
    """A drawn adult."""

    def __init__(self, stature_m: float, clothes: Clothes = TEACHER) -> None:
        self.stature_m = stature_m
        self._clothes = clothes
        self._pose = lru_cache(maxsize=None)(self._draw)

    def sprite_at(self, time_s: float, teacher: Teacher) -> Sprite:
        """Walks by the metre, writes while facing the board."""
        if teacher.walking:
            return self._pose(teacher.facing, int(teacher.walked_m / STRIDE_M * STRIDE_PHASES) % STRIDE_PHASES)
        writing = int(time_s * WRITING_HZ) % WRITING_POSES if teacher.facing is Facing.BACK else None
        return self._pose(teacher.facing, None, writing)

    def prepare(self) -> None:
        """Draw every pose now, so that none is drawn while frames are due."""
        for facing in Facing:
            for phase in range(STRIDE_PHASES):
                self._pose(facing, phase)
        self._pose(Facing.FRONT, None, None)
        for pose in range(WRITING_POSES):
            self._pose(Facing.BACK, None, pose)

    def _draw(self, facing: Facing, phase: int | None, writing: int | None = None) -> Sprite:
        stride = None if phase is None else phase / STRIDE_PHASES
        reach = None if writing is None else writing / WRITING_POSES
        return figure(facing, stride, reach, self._clothes, self.stature_m)


class ClipActor:
    """Somebody cut out of a clip, played to and fro at its rate. One picture is a clip too."""

    def __init__(self, sprites: Sequence[Sprite], rate_hz: float, stature_m: float) -> None:
        self.stature_m = stature_m
        self._sprites = tuple(sprites)
        self._rate_hz = rate_hz

    def sprite_at(self, time_s: float, teacher: Teacher) -> Sprite:  # noqa: ARG002  (a clip knows one way to act)
        """The picture due at this time."""
        last = len(self._sprites) - 1
        if last == 0:
            return self._sprites[0]
        position = int(time_s * self._rate_hz) % (2 * last)
        return self._sprites[position if position <= last else 2 * last - position]


def drawn_students(count: int) -> list[Sprite]:
    """Students from behind, head to waist."""
    return [
        top_part(figure(Facing.BACK, None, None, STUDENTS[number % len(STUDENTS)], 1.6), STUDENT_HEIGHT_M)
        for number in range(count)
    ]
