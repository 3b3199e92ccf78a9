"""Doors, postures, passers, darkness and a marker that dies: what the scenario files can tell."""

import argparse
import math

import numpy as np
import pytest

from followspot_sim import scenario
from followspot_sim.render import Shot
from followspot_sim.room_light import brightness
from followspot_sim.scenario import LightTable
from followspot_sim.setup import Prepared, add_look_arguments, prepare
from followspot_sim.track import LOWERED, varied, walk_steps

SHOT = Shot(0.0, 0.0, 0.0, 0.0, 0.01)


def built(name: str, seed: int = 1) -> Prepared:
    parser = argparse.ArgumentParser()
    add_look_arguments(parser)
    return prepare(parser.parse_args(["--scenario", name, "--seed", str(seed)]), lambda: 0)


def seconds(name: str, until_s: float) -> range:
    return range(0, round(until_s * 1e9), 200_000_000)


def test_who_sits_or_bends_is_lower_by_head_marker_and_box() -> None:
    prepared = built("sits-and-bends")
    tops = [prepared.world.teacher_at(t).top_m for t in seconds("sits-and-bends", 40)]
    assert max(tops) == pytest.approx(1.72)
    assert min(tops) == pytest.approx(1.72 * (1 - LOWERED["bent"]), abs=0.02)
    upright, seated = 0, next(t for t in seconds("", 40) if prepared.world.teacher_at(t).top_m < 1.35)
    truths = [prepared.scene.truth(t, SHOT) for t in (upright, seated)]
    assert truths[1].elevation_deg < truths[0].elevation_deg - 4
    assert prepared.world.sight_at(seated).elevation_deg < prepared.world.sight_at(upright).elevation_deg - 4


def test_behind_the_door_there_is_neither_teacher_nor_marker() -> None:
    prepared = built("leaves-and-returns")
    out = [t for t in seconds("", 30) if not prepared.scene.truth(t, SHOT).present]
    assert 4 < len(out) / 5 < 14
    assert not any(prepared.world.sight_at(t).visible for t in out)
    side = Shot(38.0, 0.0, 0.0, 0.0, 0.01)
    empty = [prepared.scene.take(t, side)[0].luma for t in (out[2], out[-2])]
    assert np.array_equal(*empty)


def test_a_passer_hides_the_teacher_and_is_told_of() -> None:
    prepared = built("two-cross")
    crossing = [
        t
        for t in seconds("", 30)
        if abs(prepared.world.others_deg(t)[0] - prepared.world.teacher_at(t).stand.azimuth_deg) < 1
    ]
    assert crossing
    assert min(prepared.scene.truth(t, SHOT).visible for t in crossing) < 0.6


def test_a_dead_marker_is_silent_for_good() -> None:
    prepared = built("marker-dies")
    assert any(prepared.world.sight_at(t).visible for t in range(0, 8_000_000_000, 100_000_000))
    assert not any(prepared.world.sight_at(t).visible for t in range(8_000_000_000, 60_000_000_000, 500_000_000))
    assert not built("no-marker").world.sight_at(1_000_000_000).visible


def test_a_dark_room_is_dark_and_flickers_the_same_at_every_asking() -> None:
    light = LightTable(level=0.3, flicker_share=0.3, flicker_hz=2)
    levels = [brightness(light, t / 10) for t in range(200)]
    assert levels == [brightness(light, t / 10) for t in range(200)]
    assert 0.2 < min(levels) < 0.25 < 0.35 < max(levels) < 0.4
    assert brightness(LightTable(), 3.0) == 1.0
    dark, bright = (built(name).scene.take(1_000_000_000, SHOT)[0].luma.mean() for name in ("dark-room", "pacing"))
    assert dark < 0.6 * bright


def test_each_seed_walks_another_way_and_always_the_same() -> None:
    path = scenario.load("pacing").teacher.path
    assert varied(path, 0.0, 5) == path
    one, again, other = (walk_steps(varied(path, 0.3, seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.x_m, again.x_m)
    assert not np.array_equal(one.x_m[:100], other.x_m[:100])
    off = [math.hypot(a.distance_m - b.distance_m, 0) for a, b in zip(path, varied(path, 0.3, 3), strict=True)]
    assert max(off) <= 0.3
