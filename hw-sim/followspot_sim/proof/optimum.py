"""The calmest view that there could have been: an off-line quadratic programme that knows the whole lesson.

Minimise the sum of the squared second differences of the picture's place over the frames in which she is there, subject
to her staying within a tolerance of her place in every frame. The tolerance of a frame is TOLERANCE of the picture's
width, or the judged operator's own error in that frame where that is larger. So the operator's own path is among those
that are searched, and none can be better than the optimum. Across and down are solved apart; the size of the
picture is the operator's own. All frames count: were only those judged in which she walks, the optimum would do its
speeding up and braking while she stands.
"""

import numpy as np

from followspot_sim.geometry import Floats
from followspot_sim.proof.motion import rms, shake, walks
from followspot_sim.proof.placing import lead_allowed
from followspot_sim.proof.series import Bools, Series

TOLERANCE = 0.06
"""The budget of the composition error: share of the picture's width."""
ELSEWHERE = 1e-4
"""Weight of frames that are not judged: it only makes the solution the only one."""
UNBOUND_PX = 1e5
"""Where she is not before the camera the path is free: far beyond any picture."""
ITERATIONS = 80
GAP = 1e-9
"""The duality gap, per frame, at which the solution counts as found."""
CENTRING, STEP_BACK = 0.15, 0.98
FLOOR_PX = 1e-3
"""Added to both, so that two pictures that rest are equally calm: pixels per frame^2 that nobody sees."""


def ratio(series: Series) -> float:
    """RMS of the second difference, the operator's over the optimum's; NaN in a lesson in which she never walks."""
    if not walks(series).any():
        return float("nan")
    judged = series.present & ~np.isnan(series.box[:, 0])
    judged[:2] = False
    best = rms(best_shake(series, judged), judged)
    return (rms(shake(series, 2), judged) + FLOOR_PX) / (best + FLOOR_PX)


def best_shake(series: Series, judged: Bools) -> Floats:
    """Second differences, across and down, of the calmest path, recorded pixels per frame^2."""
    azimuth, elevation = series.view.T
    scale = series.focal_px * series.scale
    target = series.bearing(_wanted_centre(series))
    least, greatest = lead_allowed(series)
    width, nothing = series.task.width, np.zeros(len(series))
    pan, pan_scale = np.unwrap(azimuth), scale * np.cos(elevation)
    # she is left of the middle by the lead where the middle is right of her
    across = _bounds(pan, target[:, 0], pan_scale, (-greatest * width, -least * width), width)
    down = _bounds(elevation, target[:, 1], scale, (nothing, nothing), width)
    return np.stack([_calmest(pan, pan_scale, across, judged), _calmest(elevation, scale, down, judged)], axis=1)


def _wanted_centre(series: Series) -> Floats:
    """Sensor pixel on which the middle of the picture belongs, at the operator's own size of picture."""
    x, y, width, _ = series.box.T
    height = series.crop[:, 3]
    return np.stack([x + width / 2, y + (0.5 - series.task.headroom_share) * height], axis=1)


def _bounds(
    own: Floats, target: Floats, scale: Floats, beside_px: tuple[Floats, Floats], width: int
) -> tuple[Floats, Floats]:
    """Least and greatest angle of the middle in each frame, radians; the operator's own is always between them."""
    turns = np.round((own - np.nan_to_num(target)) / (2 * np.pi)) * 2 * np.pi
    goal = np.where(np.isnan(target), own, target + turns)
    slack = np.where(np.isnan(target), UNBOUND_PX, TOLERANCE * width)
    low, high = goal + (beside_px[0] - slack) / scale, goal + (beside_px[1] + slack) / scale
    hair = 1e-3 / scale
    return np.minimum(low, own - hair), np.maximum(high, own + hair)


def _calmest(own: Floats, scale: Floats, bounds: tuple[Floats, Floats], judged: Bools) -> Floats:
    """The second differences (pixels) of the path within the bounds whose weighted squares are least."""
    count = len(own)
    differences = np.zeros((count, count))
    frame = np.arange(2, count)
    # unknowns are pixels at the mean scale, so that the programme is well conditioned
    unit = scale / scale.mean()
    differences[frame, frame] = unit[2:]
    differences[frame, frame - 1] = -unit[2:] - unit[1:-1]
    differences[frame, frame - 2] = unit[1:-1]
    weight = np.where(judged, 1.0, ELSEWHERE)
    origin, mean = own[0], scale.mean()
    low, high = ((bound - origin) * mean for bound in bounds)
    path = solve_box((differences.T * weight) @ differences, low, high)
    return np.asarray(differences @ path)


def solve_box(quadratic: Floats, low: Floats, high: Floats) -> Floats:
    """The x that minimises x'Qx/2 within low < x < high: a primal-dual interior-point method, steps by Newton."""
    x = (low + high) / 2
    below = above = np.full(len(x), 1.0)
    for _ in range(ITERATIONS):
        to_low, to_high = x - low, high - x
        gap = float(below @ to_low + above @ to_high) / len(x)
        residual = quadratic @ x - below + above
        if gap < GAP and np.abs(residual).max() < GAP:
            break
        centre = CENTRING * gap / 2
        matrix = quadratic + np.diag(below / to_low + above / to_high)
        step = np.linalg.solve(matrix, -(quadratic @ x) + centre / to_low - centre / to_high)
        below_step = centre / to_low - below - below / to_low * step
        above_step = centre / to_high - above + above / to_high * step
        primal = _longest(np.concatenate([to_low, to_high]), np.concatenate([step, -step]))
        dual = _longest(np.concatenate([below, above]), np.concatenate([below_step, above_step]))
        x, below, above = x + primal * step, below + dual * below_step, above + dual * above_step
    return x


def _longest(values: Floats, step: Floats) -> float:
    """The share of the step after which all values are still above 0."""
    falling = step < 0
    return min(1.0, STEP_BACK * float((-values[falling] / step[falling]).min())) if falling.any() else 1.0
