"""Series with a known answer, made without any simulator."""

import math

import numpy as np

from followspot_sim.proof.series import Series, Task

TASK = Task("made", 1, "followspot", 30.0, 1280, 720, 55.0, 1280, 720, 0.34, 0.14, 0.0, 1.6)
FOCAL_PX = 640 / math.tan(math.radians(27.5))
SHOT_PX = 500.0
"""Height of a crop in which a box of BOX_PX is as large as the shot wants it."""
BOX_PX = 0.34 * SHOT_PX


def made(frames: int, **columns: object) -> Series:
    """She stands well placed in a view that rests; `columns` stand in place of what is so."""
    width, crop_width = BOX_PX * 1.08, SHOT_PX * 16 / 9
    crop = np.tile([640 - crop_width / 2, 360 - SHOT_PX / 2, crop_width, SHOT_PX], (frames, 1))
    box = np.tile([640 - width / 2, crop[0, 1] + 0.14 * SHOT_PX, width, BOX_PX], (frames, 1))
    whole: dict[str, object] = {
        "box": box,
        "head": np.tile([640, box[0, 1] + 40], (frames, 1)),
        "azimuth_deg": np.zeros(frames),
        "distance_m": np.full(frames, 3.5),
        "walking": np.zeros(frames, dtype=bool),
        "present": np.ones(frames, dtype=bool),
        "visible": np.ones(frames),
        "others_deg": np.empty((frames, 0)),
        "pan_deg": np.zeros(frames),
        "tilt_deg": np.zeros(frames),
        "crop": crop,
        "believed_deg": np.zeros(frames),
    }
    return Series(TASK, **{**whole, **columns})


def moved(values: np.ndarray, across: np.ndarray | float = 0.0, down: np.ndarray | float = 0.0) -> np.ndarray:
    """Boxes or crops, moved by so many pixels in each frame."""
    out = values.copy()
    out[:, 0] += across
    out[:, 1] += down
    return out
