"""The teacher's way over the floor."""

import json
from pathlib import Path

import numpy as np
import pytest

from followspot_sim import scenario, walks
from followspot_sim.errors import SimulatorError
from followspot_sim.index import DataFolder
from followspot_sim.track import SAMPLE_HZ, Facing, Track, walk_steps


def speeds_mps(track: Track) -> np.ndarray:
    return np.hypot(np.diff(track.x_m), np.diff(track.z_m)) * SAMPLE_HZ


def test_the_lesson_is_walked_smoothly_between_stands() -> None:
    track = walk_steps(scenario.load("lesson").teacher.path)
    speed = speeds_mps(track)
    assert 0.7 < np.median(speed[speed > 0.3]) < 1.5
    assert np.abs(np.diff(speed)).max() * SAMPLE_HZ < 5.0  # m/s²: nobody is jerked
    assert (track.x_m[0], track.z_m[0]) == pytest.approx((track.x_m[-1], track.z_m[-1]))
    assert {track.at(t).facing for t in np.arange(0, track.period_s, 0.5)} == set(Facing)


def test_a_track_goes_round_for_ever_and_waits_before_its_start() -> None:
    track = walk_steps(scenario.load("lesson").teacher.path)
    assert track.at(1.0 + 3 * track.period_s).x_m == pytest.approx(track.at(1.0).x_m, abs=1e-6)
    assert track.at(-5.0) == track.at(0.0)


def test_a_walk_in_millimetres_with_shuffled_columns_keeps_its_scale_and_speed(other_folder: Path) -> None:
    data = DataFolder(other_folder)
    track = walks.place(data, data.walks[0], seed=3)
    speed = speeds_mps(track)
    assert np.percentile(speed, 60) == pytest.approx(1.2, abs=0.1)
    distance, azimuth = np.hypot(track.x_m, track.z_m), np.degrees(np.arctan2(track.x_m, track.z_m))
    assert distance.min() >= walks.NEAREST_M - 0.01
    assert distance.max() <= walks.FARTHEST_M + 0.01
    assert np.abs(azimuth).max() <= walks.WIDEST_DEG + 0.1
    assert np.abs(np.diff(speed)).max() * SAMPLE_HZ < 6.0


def test_the_seed_decides_and_nothing_else(other_folder: Path) -> None:
    data = DataFolder(other_folder)
    one, same, other = (walks.place(data, data.walks[0], seed) for seed in (1, 1, 2))
    assert np.array_equal(one.x_m, same.x_m)
    assert len(one.x_m) != len(other.x_m) or not np.array_equal(one.x_m, other.x_m)


def test_a_walk_read_with_the_wrong_unit_says_what_to_check(other_folder: Path, tmp_path: Path) -> None:
    index = json.loads((other_folder / "index.json").read_text())
    index = {"walks": [{**index["walks"][0], "rate_hz": 100}]}
    (tmp_path / "walk.csv").write_bytes((other_folder / "walk.csv").read_bytes())
    (tmp_path / "index.json").write_text(json.dumps(index))
    data = DataFolder(tmp_path)
    with pytest.raises(SimulatorError, match=r"nobody walks.*rate_hz"):
        walks.place(data, data.walks[0], seed=1)


@pytest.mark.data
def test_every_recorded_walk_fits_before_the_camera(data_folder: Path) -> None:
    data = DataFolder(data_folder)
    for walk in data.walks:
        for seed in range(4):
            track = walks.place(data, walk, seed)
            assert track.period_s > 6, walk.name
            assert np.hypot(track.x_m, track.z_m).max() <= walks.FARTHEST_M + 0.01
            assert speeds_mps(track).max() < 3.5, walk.name
