"""The band of the picture where head and chest must be, and what its columns say."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from followspot.domain.geometry import Lens, clamp
from followspot.domain.view import Rect

Profile = npt.NDArray[np.float64]
"""One value per column of the picture."""

DEPTH = 1.6
"""The band reaches from the top of the head this many heights of head and shoulders down: desks hide more."""
SHOULDERS = 0.8
"""The width that is surely filled by a person, as a share of the box of head and shoulders."""
SEARCH_SIGMAS = 3.0
"""Nothing is looked for further from the expected column than this."""
SEARCH_WIDTHS = 0.75
"""However sure the expectation is, it may be wrong by this share of a person's width."""
LEAST_ROWS = 8
"""Less than this in the picture shows nothing."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Rows `top` to `bottom`; a person `width` columns wide is expected at column `x`, give or take `sigma`."""

    top: int
    bottom: int
    x: float
    sigma: float
    width: float

    @classmethod
    def round(cls, bust: Rect, sigma_deg: float, lens: Lens) -> Strip | None:
        """The strip for an expected head-and-shoulders box; None where too little of it is in the picture."""
        top = int(clamp(bust.y, 0, lens.height))
        bottom = int(clamp(bust.y + DEPTH * bust.height, 0, lens.height))
        if bottom - top < LEAST_ROWS or not -bust.width < bust.centre[0] < lens.width + bust.width:
            return None
        sigma = math.radians(min(sigma_deg, 45.0)) * lens.focal_px
        return cls(top, bottom, bust.centre[0], sigma, max(SHOULDERS * bust.width, 4.0))

    @property
    def reach(self) -> float:
        """How far from the expected column to look."""
        return max(SEARCH_SIGMAS * self.sigma, SEARCH_WIDTHS * self.width)

    def profile(self, picture: MatLike, columns: int) -> Profile:
        """The mean of each column in the strip, 0 to 1, of an 8-bit map of any size of the same view."""
        scale = picture.shape[1] / columns
        rows = picture[int(self.top * scale) : max(int(self.bottom * scale), int(self.top * scale) + 1)]
        means = cv2.reduce(rows, 0, cv2.REDUCE_AVG, dtype=cv2.CV_64F) / 255
        return np.repeat(means[0], round(1 / scale)) if scale < 1 else np.asarray(means[0])

    def filled(self, profile: Profile) -> Profile:
        """For each column the mean over a person's width round it; outside the picture there is nothing."""
        size = max(round(self.width), 1)
        return np.asarray(cv2.blur(profile[None, :], (size, 1), borderType=cv2.BORDER_CONSTANT)[0])

    def centre(self, weights: Profile, near: float) -> float:
        """The centre of the weights within a person's width round `near`, found by mean shift."""
        columns = np.arange(len(weights)) + 0.5
        for _ in range(4):
            window = np.abs(columns - near) <= 0.7 * self.width
            total = float(weights[window].sum())
            if total <= 0:
                return near
            near = float((columns[window] * weights[window]).sum() / total)
        return near
