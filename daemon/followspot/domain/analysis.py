"""What vision sees of a frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisFrame:
    """The full picture as plane views on the captured frame: read only, no copy, BT.709 4:2:0 unless tagged otherwise.

    Cameras that give MJPEG have full-range values, from 0 to 255.
    `exposure_ns` is mid-exposure in CLOCK_MONOTONIC. `y` has the picture's height and width, `u` and `v` half of
    each (rounded up). Holding it holds the whole captured frame in memory: keep the newest only.
    """

    exposure_ns: int
    y: Plane
    u: Plane
    v: Plane
