"""What the marker sensor makes of a true bearing, table by table."""

import random
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from followspot_sim import scenario
from followspot_sim.errors import SimulatorError
from followspot_sim.marker_sensor import MarkerSensor, Reading
from followspot_sim.plant import NS_PER_S
from followspot_sim.scenario import MarkerTable, ReflectorTable
from followspot_sim.sight import Sight

SIGHT = Sight(azimuth_deg=20.0, elevation_deg=5.0, distance_m=3.0, visible=True)
STEP = "[[teacher.path]]\nazimuth_deg = 0\ndistance_m = 3\n"


def readings(table: MarkerTable, sight: Sight, count: int = 400) -> list[Reading]:
    sensor, rng = MarkerSensor(table), random.Random(1)
    return [sensor.read(sight, index * NS_PER_S, rng) for index in range(count)]


def spread_deg(table: MarkerTable, sight: Sight) -> float:
    return statistics.stdev(reading.azimuth_deg for reading in readings(table, sight))


def test_by_default_only_noise_and_range() -> None:
    told = readings(MarkerTable(), SIGHT)
    assert all(reading.quality == pytest.approx(0.8) for reading in told)
    assert statistics.fmean(reading.azimuth_deg for reading in told) == pytest.approx(20.0, abs=0.2)
    assert spread_deg(MarkerTable(), SIGHT) == pytest.approx(0.8, rel=0.2)
    assert spread_deg(MarkerTable(), replace(SIGHT, distance_m=9.0)) == spread_deg(MarkerTable(), SIGHT)
    assert {reading.quality for reading in readings(MarkerTable(), replace(SIGHT, visible=False))} == {0.0}
    assert {reading.quality for reading in readings(MarkerTable(), replace(SIGHT, distance_m=15.0))} == {0.0}


def test_noise_grows_with_distance_and_towards_the_edge() -> None:
    table = MarkerTable(sigma_deg=0.5, sigma_per_m=0.2, fov_deg=120, edge_noise=3.0)
    near, far = spread_deg(table, SIGHT), spread_deg(table, replace(SIGHT, distance_m=9.0))
    edge = spread_deg(table, replace(SIGHT, azimuth_deg=59.0))
    assert far > 1.5 * near
    assert edge > 2 * near


def test_field_of_view_and_steps() -> None:
    table = MarkerTable(fov_deg=90, step_deg=0.5)
    assert {reading.quality for reading in readings(table, replace(SIGHT, azimuth_deg=46.0))} == {0.0}
    assert all(reading.azimuth_deg % 0.5 == 0 for reading in readings(table, SIGHT))


def test_reflections_give_the_mirrored_bearing_for_a_share_of_the_time() -> None:
    table = MarkerTable(sigma_deg=0.0, reflector=(ReflectorTable(azimuth_deg=50.0, share=0.25),))
    told = readings(table, SIGHT)
    false = [reading for reading in told if reading.azimuth_deg == 80.0]
    assert 0.15 < len(false) / len(told) < 0.35
    assert all(reading.quality < 0.8 for reading in false)
    assert {reading.azimuth_deg for reading in told} == {20.0, 80.0}
    hidden = readings(table, replace(SIGHT, visible=False))
    assert {reading.azimuth_deg for reading in hidden if reading.quality} == {80.0}
    away = readings(table, replace(SIGHT, azimuth_deg=-20.0))
    assert {reading.azimuth_deg for reading in away} == {-20.0}


def test_scenario_tables(tmp_path: Path) -> None:
    file = tmp_path / "hard.toml"
    file.write_text(
        STEP + "[marker]\nfov_deg = 120\nhidden_by_back = true\nbattery = [[0, 60], [600, 4]]\n"
        "[[marker.reflector]]\nazimuth_deg = 70\nshare = 0.2\n"
        "[dock]\nbrown_out_percent = 5\npan = { jerk_dps3 = 4000, backlash_deg = 0.4, stick_dps = 0.8 }\n"
        "[[other_marker]]\nmarker_id = 2\nazimuth_deg = -80\nin_bay = true\n"
    )
    lesson = scenario.load(str(file))
    assert lesson.dock.pan.backlash_deg == 0.4
    assert lesson.marker.battery == ((0.0, 60), (600.0, 4))
    assert lesson.other_marker[0].in_bay
    for wrong in ("[marker]\nfov_deg = 5\n", "[dock.roll]\n", "[[other_marker]]\nmarker_id = 1\nazimuth_deg = 0\n"):
        file.write_text(STEP + wrong)
        with pytest.raises(SimulatorError):
            scenario.load(str(file))
