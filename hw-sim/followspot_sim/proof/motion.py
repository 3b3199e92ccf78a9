"""How the picture and the motors move. Formulas: docs/scorecard.md."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from followspot_sim.geometry import Floats
from followspot_sim.proof.placing import runs
from followspot_sim.proof.series import Bools, Series

STANDS_AFTER_S = 2.0
"""Who has stood so long stands: the view has had its time to settle."""
STAND_S, WALK_S = 2.5, 0.7
"""A stop that is judged: so long a walk before it, and so long a stand after it."""
REST_PX = 0.3
"""A view that moves less than this from frame to frame rests: a third of a pixel is not seen."""
MOTOR_REST_DPS, MOTOR_MOVES_DPS = 0.2, 0.5
"""A motor rests below the one and moves above the other."""
MOTOR_REST_S = 0.2
"""A motor that rests for less has not stopped for the ear."""


def flow(series: Series) -> Floats:
    """How far the picture moved since the frame before: pixels across, down, and by zoom at its edge; row 0 is 0."""
    focal = series.focal_px * series.scale
    azimuth, elevation = series.view.T
    across = focal * np.cos(elevation) * _change(np.unwrap(azimuth))
    down = focal * _change(elevation)
    return np.stack([across, down, series.task.width / 2 * _change(np.log(focal))], axis=1)


def rms(values: Floats, where: Bools) -> float:
    """Root mean square of rows, taken together, where asked; NaN when nowhere."""
    chosen = values[where]
    return float(np.sqrt((chosen**2).sum(axis=1).mean())) if len(chosen) else float("nan")


def shake(series: Series, order: int) -> Floats:
    """The difference of this order of the picture's place across and down, pixels per frame^order; 0 at the start."""
    moved = flow(series)[:, :2]
    for _ in range(order - 1):
        moved = np.diff(moved, axis=0, prepend=moved[:1])
    moved[:order] = 0.0
    return moved


def walks(series: Series) -> Bools:
    """Frames in which she walks, in the room and before the camera."""
    return series.walking & series.present & ~np.isnan(series.box[:, 0])


def stands(series: Series) -> Bools:
    """Frames in which she has stood for STANDS_AFTER_S."""
    out = np.zeros(len(series), dtype=bool)
    skip = round(STANDS_AFTER_S / series.frame_s)
    for start, stop in runs(~series.walking & series.present):
        out[start + skip : stop] = True
    return out


@dataclass(frozen=True, slots=True)
class Stop:
    """How view and motor came to rest after she stopped."""

    settle_s: float
    overshoot_deg: float
    motor_settle_s: float
    motor_overshoot_deg: float


def stops(series: Series) -> Iterator[Stop]:
    """Every stop after a walk, judged over the whole stand."""
    least_walk, least_stand = round(WALK_S / series.frame_s), round(STAND_S / series.frame_s)
    moved = np.hypot(*flow(series)[:, :2].T)
    pan_dps = np.abs(_change(series.pan_deg)) / series.frame_s
    for start, stop in runs(series.walking & series.present):
        stand = next((b for a, b in runs(~series.walking & series.present) if a == stop), stop)
        if stop - start < least_walk or stand - stop < least_stand:
            continue
        sign = np.sign(series.azimuth_deg[stop] - series.azimuth_deg[stop - least_walk])
        span = slice(stop, stand)
        yield Stop(
            _settled_s(moved[span] <= REST_PX, series.frame_s),
            _overshoot(np.degrees(series.view[span, 0]) * sign),
            _settled_s(pan_dps[span] <= MOTOR_REST_DPS, series.frame_s),
            _overshoot(series.pan_deg[span] * sign),
        )


def motor_starts(series: Series) -> int:
    """How often a motor that rested began to move."""
    count = 0
    for place in (series.pan_deg, series.tilt_deg):
        rate = np.abs(_change(place)) / series.frame_s
        for start, stop in runs(rate <= MOTOR_REST_DPS):
            until = np.flatnonzero(rate[stop:] <= MOTOR_REST_DPS)
            after = rate[stop : stop + (int(until[0]) if len(until) else len(rate))]
            rested = (stop - start) * series.frame_s >= MOTOR_REST_S
            count += int(rested and bool((after >= MOTOR_MOVES_DPS).any()))
    return count


def motor_jerk(series: Series) -> float:
    """RMS of the change of both motors' acceleration, degrees per second^3, by third differences over frames."""
    third = np.diff(np.stack([series.pan_deg, series.tilt_deg], axis=1), n=3, axis=0) / series.frame_s**3
    return rms(third, np.ones(len(third), dtype=bool))


def _change(values: Floats) -> Floats:
    return np.diff(values, prepend=values[:1])


def _settled_s(rests: Bools, frame_s: float) -> float:
    """From the stop until it rests and goes on to rest; the whole stand if it never does."""
    moving = np.flatnonzero(~rests)
    return float((moving[-1] + 1) * frame_s) if len(moving) else 0.0


def _overshoot(along_deg: Floats) -> float:
    """How far beyond its last place, in the direction of the walk."""
    last = np.median(along_deg[-10:])
    return float(max(along_deg.max() - last, 0.0))
