"""Where she is in the picture, and what it is to miss her. Formulas: docs/scorecard.md."""

from collections.abc import Iterator

import numpy as np

from followspot_sim.geometry import Floats
from followspot_sim.proof.series import Bools, Series

MARGIN = 0.05
"""The safe area is the central 90 % of the picture: 5 % off each edge."""
SMALLEST, LARGEST = 0.8, 1.25
"""Head and shoulders against what the shot asks for: zooming out must not win."""
WALK_REMEMBERED_S = 2.0
"""Room in front of a walker may stay this long after she stopped."""
WRONG_DEG = 4.0
"""A view whose middle is this near to somebody else shows them."""


def right_size(series: Series) -> Bools:
    """Whether head and shoulders are as large in the picture as the shot wants them, as far as it can be had."""
    ratio = series.wanted_px / series.crop[:, 3]
    return np.asarray((ratio >= SMALLEST) & (ratio <= LARGEST))


def safe(series: Series) -> Bools:
    """Whether head and shoulders are in the central 90 % of the picture, and of the right size."""
    x, y, width, height = series.shares.T
    inside = (x >= MARGIN) & (y >= MARGIN) & (x + width <= 1 - MARGIN) & (y + height <= 1 - MARGIN)
    return np.asarray(inside & right_size(series))


def reachable(series: Series) -> Bools:
    """Whether any crop of the sensor picture could have been safe: else the motors missed her, not the crop."""
    task = series.task
    height = np.maximum(series.wanted_px / LARGEST, task.height / task.max_upscale)
    across, down = MARGIN * height * task.width / task.height, MARGIN * height
    x, y, box_width, box_height = series.box.T
    beside = (x >= across) & (x + box_width <= task.sensor_width - across)
    return np.asarray(beside & (y >= down) & (y + box_height <= task.sensor_height - down))


def head_shown(series: Series) -> Bools:
    """Whether the middle of the head is anywhere in the picture."""
    place = (series.head - series.crop[:, :2]) / series.crop[:, 2:]
    return np.asarray(((place >= 0) & (place <= 1)).all(axis=1))


def lead_allowed(series: Series) -> tuple[Floats, Floats]:
    """Least and greatest place of her middle beside the picture's, in shares of its width.

    Who walks to the right, or did lately, may stand left of the middle by up to the lead room, and the other way round.
    """
    turning = np.sign(np.diff(series.azimuth_deg, prepend=series.azimuth_deg[:1])) * series.walking
    reach = round(WALK_REMEMBERED_S / series.frame_s)
    right, left = (_lately(turning == sign, reach) for sign in (1, -1))
    return np.where(right, -series.task.lead_share, 0.0), np.where(left, series.task.lead_share, 0.0)


def misplaced(series: Series) -> Floats:
    """Composition error of each frame: how far she is from her place, in shares of the picture's width.

    Her place: the middle, or up to the lead room beside it, with the shot's headroom. NaN where she is not before the
    camera.
    """
    x, y, width, _ = series.shares.T
    beside = x + width / 2 - 0.5
    least, greatest = lead_allowed(series)
    across = beside - np.clip(beside, least, greatest)
    down = (y - series.task.headroom_share) * series.task.height / series.task.width
    return np.asarray(np.hypot(across, down))


def on_another(series: Series) -> Bools:
    """Whether the view shows somebody or something else in her place: she is not in it, its middle is on another."""
    if series.others_deg.shape[1] == 0:
        return np.zeros(len(series), dtype=bool)
    off_deg = np.abs((series.others_deg - np.degrees(series.view[:, :1]) + 180) % 360 - 180)
    near = np.nanmin(np.where(np.isnan(off_deg), 360.0, off_deg), axis=1) <= WRONG_DEG
    return np.asarray(near & ~head_shown(series))


def runs(flags: Bools) -> Iterator[tuple[int, int]]:
    """First frame and frame after the last of every stretch in which `flags` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def longest_s(flags: Bools, frame_s: float) -> float:
    """The longest stretch, seconds."""
    return max((stop - start for start, stop in runs(flags)), default=0) * frame_s


def _lately(flags: Bools, reach: int) -> Bools:
    index = np.arange(len(flags))
    last = np.maximum.accumulate(np.where(flags, index, -reach - 1))
    return np.asarray(index - last <= reach)
