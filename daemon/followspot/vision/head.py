"""The top of the head: above it the picture shows the room, below it the teacher."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot.domain.geometry import clamp
from followspot.domain.view import Rect

HALF_WIDTH = 0.14
"""Half a head, as a share of the width of head and shoulders: beside it there is room even below the top."""
SPAN = 0.3
"""What is above and below is compared over this share of the height of head and shoulders."""
REACH = 0.75
"""The top may be off by this share of that height: a teacher at 2.5 m who is believed at 4 m."""
CONTRAST_LEAST = 0.25
"""Below must look so much more like the teacher than above, on a scale of 0 to 1."""


def head_top(likeness: MatLike, bust: Rect, x: float) -> float | None:
    """The row of the head's top, in the pixels of `bust`, for a teacher at column `x`; None where it does not show.

    `likeness` tells for each pixel, 0 to 255, whether it is the teacher (128: it does not tell); it shows the same
    view at half the size.
    """
    body = cv2.convertScaleAbs(cv2.subtract(likeness, np.full_like(likeness, 128)), alpha=2)
    body = cv2.resize(body, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    rows, columns = body.shape
    left = int(clamp(x - HALF_WIDTH * bust.width, 0, columns - 1))
    right = int(clamp(x + HALF_WIDTH * bust.width, left + 1, columns))
    span = max(round(SPAN * bust.height), 3)
    first = int(max(bust.y - REACH * bust.height, span))
    last = int(min(bust.y + REACH * bust.height, rows - span))
    if last <= first:
        return None
    means = cv2.reduce(body[:, left:right], 1, cv2.REDUCE_AVG, dtype=cv2.CV_64F)[:, 0] / 255
    sums = np.concatenate([[0.0], np.cumsum(means)])
    at = np.arange(first, last)
    contrast = (sums[at + span] - 2 * sums[at] + sums[at - span]) / span
    best = int(contrast.argmax())
    return float(at[best]) if contrast[best] >= CONTRAST_LEAST else None
