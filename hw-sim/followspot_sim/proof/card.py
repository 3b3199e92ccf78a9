"""The figures of one lesson, and of several seeds taken together. Formulas: docs/scorecard.md."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from followspot_sim.geometry import Floats
from followspot_sim.proof import motion, optimum, placing
from followspot_sim.proof.series import Series


@dataclass(frozen=True, slots=True)
class Card:
    """Figures of one lesson; NaN where there was nothing to measure."""

    safe_share: float
    longest_miss_s: float
    sensor_loss_share: float
    crop_loss_share: float
    error_median: float
    error_p95: float
    lost_s: float
    reacquire_s: float
    wrong_target_s: float
    settle_s: float
    overshoot_deg: float
    motor_settle_s: float
    motor_overshoot_deg: float
    walking_px2: float
    walking_px3: float
    motion_ratio: float
    standing_px2: float
    standing_px3: float
    zoom_px2: float
    motor_starts_per_min: float
    motor_jerk_dps3: float


WORST = ("longest_miss_s", "reacquire_s", "settle_s", "overshoot_deg", "motor_settle_s", "motor_overshoot_deg")
"""Of these several seeds together have the worst; of all others the mean."""


def judge(series: Series, *, with_optimum: bool = True) -> Card:
    """All figures of one lesson."""
    present, frame_s = series.present, series.frame_s
    safe, reach, shown = placing.safe(series), placing.reachable(series), placing.head_shown(series)
    frames = max(int(present.sum()), 1)
    error = np.nan_to_num(placing.misplaced(series)[present], nan=1.0)
    missed, lost = present & ~safe, present & ~shown
    stops = list(motion.stops(series))
    walks, stands = motion.walks(series), motion.stands(series)
    second, third = motion.shake(series, 2), motion.shake(series, 3)
    zoom = np.diff(motion.flow(series)[:, 2:], axis=0, prepend=0.0)
    minutes = len(series) * frame_s / 60
    return Card(
        safe_share=float((safe & present).sum() / frames),
        longest_miss_s=placing.longest_s(missed, frame_s),
        sensor_loss_share=float((missed & ~reach).sum() / frames),
        crop_loss_share=float((missed & reach).sum() / frames),
        error_median=_percentile(error, 50),
        error_p95=_percentile(error, 95),
        lost_s=float(lost.sum() * frame_s),
        reacquire_s=placing.longest_s(lost, frame_s),
        wrong_target_s=float((placing.on_another(series) & present).sum() * frame_s),
        settle_s=max((s.settle_s for s in stops), default=float("nan")),
        overshoot_deg=max((s.overshoot_deg for s in stops), default=float("nan")),
        motor_settle_s=max((s.motor_settle_s for s in stops), default=float("nan")),
        motor_overshoot_deg=max((s.motor_overshoot_deg for s in stops), default=float("nan")),
        walking_px2=motion.rms(second, walks),
        walking_px3=motion.rms(third, walks),
        motion_ratio=optimum.ratio(series) if with_optimum else float("nan"),
        standing_px2=motion.rms(second, stands),
        standing_px3=motion.rms(third, stands),
        zoom_px2=motion.rms(zoom[2:], np.ones(len(zoom) - 2, dtype=bool)),
        motor_starts_per_min=motion.motor_starts(series) / minutes,
        motor_jerk_dps3=motion.motor_jerk(series),
    )


def together(cards: Sequence[Card]) -> Card:
    """Several seeds as one: the worst of what is a worst case, the mean of all else."""
    values = {field.name: [getattr(card, field.name) for card in cards] for field in fields(Card)}
    return Card(**{name: _joined(name, np.array(column)) for name, column in values.items()})


def spread(cards: Sequence[Card]) -> Card:
    """The standard deviation of each figure over seeds."""
    return Card(**{field.name: _deviation(np.array([getattr(c, field.name) for c in cards])) for field in fields(Card)})


def rounded(card: Card) -> dict[str, float | None]:
    """For JSON: four digits after the point, null where nothing was measured."""
    return {name: None if np.isnan(value) else round(value, 4) for name, value in asdict(card).items()}


def _joined(name: str, column: Floats) -> float:
    column = column[~np.isnan(column)]
    if not len(column):
        return float("nan")
    return float(column.max() if name in WORST else column.mean())


def _deviation(column: Floats) -> float:
    column = column[~np.isnan(column)]
    return float(column.std()) if len(column) else float("nan")


def _percentile(values: Floats, percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else float("nan")
