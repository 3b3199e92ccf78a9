"""Every figure there is, by the runs that give it."""

from collections.abc import Callable
from dataclasses import dataclass

from followspot_sim.bench import (
    announcing,
    backlog,
    bell,
    box,
    catalogue,
    coders,
    fixed_view,
    following,
    idle,
    kills,
    outside,
)
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure


@dataclass(frozen=True, slots=True)
class Family:
    """Figures that come from the same runs."""

    figures: tuple[str, ...]
    measure: Callable[[BenchOptions], list[Figure]]


FAMILIES = (
    Family((fixed_view.NAME, outside.NAME), fixed_view.measure),
    Family((fixed_view.MJPEG,), fixed_view.measure_mjpeg),
    Family((fixed_view.TUNED, fixed_view.QUALITY), fixed_view.measure_tuned),
    Family((following.NAME, following.LOOP), following.measure),
    Family((box.RESIDENT, box.FIRST, box.START), box.measure),
    Family((announcing.MEDIAN, announcing.LATE), announcing.measure),
    Family((backlog.DRAIN, backlog.QUEUED), backlog.measure),
    Family((catalogue.SEGMENT, catalogue.ACKNOWLEDGE), catalogue.measure),
    Family(bell.NAMES, bell.measure),
    Family((idle.IDLE, idle.WITHOUT_DOCK), idle.measure),
    Family((kills.MEAN, kills.WORST, kills.AGAIN), kills.measure),
    Family((coders.NAME,), coders.measure),
)

FIGURES = tuple(name for family in FAMILIES for name in family.figures)
