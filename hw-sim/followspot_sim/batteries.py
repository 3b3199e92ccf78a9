"""Batteries that run down, or fill, along a curve."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from followspot_sim.dock_condition import Condition, MarkerState
from followspot_sim.plant import NS_PER_S
from followspot_sim.scenario import BatteryPoint

_MARKER_ID = 1


class BatteryCurves:
    """Sets the dock's and the first marker's charge as time goes; what has no curve stays as it is.

    A value is written when the curve reaches it, so a charge that was set by hand stands until then.
    """

    def __init__(self, begin_ns: int, dock: Sequence[BatteryPoint], marker: Sequence[BatteryPoint]) -> None:
        self._begin_ns = begin_ns
        self._dock = dock
        self._marker = marker
        self._told: tuple[int | None, int | None] = (None, None)

    def update(self, condition: Condition, now_ns: int) -> None:
        """Bring the condition up to date."""
        seconds = (now_ns - self._begin_ns) / NS_PER_S
        dock, marker = (_percent(curve, seconds) for curve in (self._dock, self._marker))
        before, self._told = self._told, (dock, marker)
        if dock is not None and dock != before[0]:
            condition.status = replace(condition.status, battery_percent=dock)
        if marker is not None and marker != before[1]:
            present = condition.markers.get(_MARKER_ID, MarkerState())
            condition.markers[_MARKER_ID] = replace(present, battery_percent=marker)


def _percent(curve: Sequence[BatteryPoint], seconds: float) -> int | None:
    if not curve:
        return None
    times, percents = zip(*curve, strict=True)
    return round(float(np.interp(seconds, times, percents)))
