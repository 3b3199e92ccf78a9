"""Hits and misses as pictures on one sheet: the truth in green, what was seen in orange."""

from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.errors import SimulatorError
from followspot_sim.look_command import to_bgr
from followspot_sim.render import Picture
from followspot_sim.vision_eval.eye import Seen
from followspot_sim.vision_eval.samples import Truth

TILE = (256, 144)
COLUMNS = 6
EACH = 3
"""So many hits and so many misses of each view and detector are shown."""
TRUE_COLOUR, SEEN_COLOUR, RIGHT, WRONG = (80, 220, 80), (40, 150, 255), (80, 220, 80), (60, 60, 235)


class Album:
    """Collects a few pictures of each kind."""

    def __init__(self) -> None:
        self._tiles: list[tuple[str, MatLike]] = []
        self._counts: dict[tuple[str, bool], int] = {}

    def offer(self, label: str, picture: Picture, truth: Truth | None, seen: Seen | None, *, right: bool) -> None:
        """Keep the picture if there are too few of its kind."""
        count = self._counts.get((label, right), 0)
        if count >= EACH:
            return
        self._counts[(label, right)] = count + 1
        bgr = to_bgr(picture)
        for body, colour in ((truth, TRUE_COLOUR), (seen, SEEN_COLOUR)):
            if body is not None:
                _draw(bgr, body, colour)
        tile = cv2.resize(bgr, TILE, interpolation=cv2.INTER_AREA)
        cv2.rectangle(tile, (0, 0), (TILE[0] - 1, TILE[1] - 1), RIGHT if right else WRONG, 2)
        cv2.putText(tile, label, (5, TILE[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
        self._tiles.append((f"{label} {not right}", tile))

    def write(self, file: Path) -> None:
        """Write the sheet. Raises SimulatorError."""
        tiles = [tile for _, tile in sorted(self._tiles, key=lambda one: one[0])]
        while len(tiles) % COLUMNS:
            tiles.append(np.zeros_like(tiles[0]))
        rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
        if not rows or not cv2.imwrite(str(file), np.vstack(rows)):
            raise SimulatorError(f"{file} cannot be written")


def _draw(bgr: MatLike, body: Truth | Seen, colour: tuple[int, int, int]) -> None:
    half = 0.2 * body.height
    corners = [(body.x - half, body.top), (body.x + half, body.top + body.height)]
    (left, top), (right, bottom) = ((round(x), round(y)) for x, y in corners)
    cv2.rectangle(bgr, (left, top), (right, bottom), colour, 4)
