"""The shots that can be asked for by name, and what each makes of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from followspot.domain.geometry import Lens

SMALLEST_OF_SHOT = 0.22 / 0.34
"""Head and shoulders shall fill at least this part of what the shot gives them: 22 % of the picture in a waist shot."""


class ShotName(StrEnum):
    """How much of the teacher is shown, from the top of the head down."""

    FULL_BODY = "full-body"
    KNEES = "knees"
    WAIST = "waist"
    HEAD_AND_SHOULDERS = "head-and-shoulders"
    TEACHER_AND_BOARD = "teacher-and-board"
    """The board and her in one picture where both fit, else down to the waist."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a name stands for; shares are of the picture's height: head and shoulders, and the room above the head."""

    shot_share: float
    headroom_share: float


# Head and shoulders are a quarter of the stature. A tighter shot has less air: room that looks right over a small
# figure looks as if a large one sank.
LOOKS = {
    ShotName.FULL_BODY: Look(0.215, 0.08),
    ShotName.KNEES: Look(0.27, 0.12),
    ShotName.WAIST: Look(0.34, 0.14),
    ShotName.HEAD_AND_SHOULDERS: Look(0.62, 0.12),
    ShotName.TEACHER_AND_BOARD: Look(0.34, 0.14),
}


@dataclass(frozen=True, slots=True)
class Shot:
    """What the recorded picture shall look like.

    `shot_share` and `headroom_share` are of its height; `lead_share`, of its width, is the room that is added in front
    of a teacher who walks. `with_board`: a board belongs into it, where there is one.
    """

    width: int
    height: int
    shot_share: float
    headroom_share: float
    max_upscale: float
    lead_share: float = 0.0
    with_board: bool = False

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def smallest_share(self) -> float:
        """Head and shoulders shall fill at least this share of the height."""
        return SMALLEST_OF_SHOT * self.shot_share

    def heights(self, lens: Lens) -> tuple[float, float]:
        """The least and the greatest height of a crop, sensor pixels."""
        greatest = min(float(lens.height), lens.width / self.aspect)
        return min(self.height / self.max_upscale, greatest), greatest


def shot(
    name: ShotName,
    size: tuple[int, int],
    max_upscale: float,
    *,
    shot_share: float | None = None,
    headroom_share: float | None = None,
    lead_share: float = 0.0,
) -> Shot:
    """The shot called `name` in a picture of `size`; a share that is given stands in place of the name's own."""
    look = LOOKS[name]
    return Shot(
        *size,
        look.shot_share if shot_share is None else shot_share,
        look.headroom_share if headroom_share is None else headroom_share,
        max_upscale,
        lead_share,
        name is ShotName.TEACHER_AND_BOARD,
    )
