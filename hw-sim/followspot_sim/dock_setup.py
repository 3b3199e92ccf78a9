"""From a scenario's tables to motors, sensor and dock."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from followspot_sim.batteries import BatteryCurves
from followspot_sim.dock_condition import MarkerState
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import PAN_LIMITS, TILT_LIMITS, AxisLimits, Plant
from followspot_sim.scenario import AxisTable, DockTable, OtherMarkerTable, Scenario
from followspot_sim.sight import MarkerSight, Sight
from followspot_sim.sim_dock import Cable, SimDock


def build_plant(
    table: DockTable, start_ns: int, real: Callable[[AxisLimits], AxisLimits] = lambda limits: limits
) -> Plant:
    """The motors of `[dock]`; `real` makes of an axis what it can do in truth."""
    pan, tilt = _limits(PAN_LIMITS, table.pan), _limits(TILT_LIMITS, table.tilt)
    return Plant(start_ns, real(pan), real(tilt), table.latency_ms)


def build_dock(
    lesson: Scenario,
    seed: int,
    begin_ns: int,
    plant: Plant,
    sight: Callable[[int], Sight],
    cable: Cable,
    marker_log: Path,
) -> SimDock:
    """The dock of a scenario: its sensor, its markers, its batteries."""
    dock = SimDock(
        plant,
        sight,
        cable,
        marker_log,
        seed,
        MarkerSensor(lesson.marker, seed),
        [_lying(table) for table in lesson.other_marker],
        BatteryCurves(begin_ns, lesson.dock.battery, lesson.marker.battery),
        lesson.dock.brown_out_percent,
    )
    dock.condition.encoder_sigma_deg = lesson.dock.encoder_sigma_deg
    for table in lesson.other_marker:
        dock.condition.markers[table.marker_id] = MarkerState(charging=table.in_bay, in_bay=table.in_bay)
    return dock


def _lying(table: OtherMarkerTable) -> MarkerSight:
    return MarkerSight(table.marker_id, Sight(table.azimuth_deg, table.elevation_deg, table.distance_m, visible=True))


def _limits(limits: AxisLimits, table: AxisTable) -> AxisLimits:
    return replace(limits, max_jerk_dps3=table.jerk_dps3, backlash_deg=table.backlash_deg, stick_dps=table.stick_dps)
