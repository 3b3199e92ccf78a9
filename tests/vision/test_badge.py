"""The badge in rendered pictures: read where it must be, and nothing else taken for it."""

import math

import numpy as np
import pytest

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.belief import Estimate
from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.vision.badge import Badge, BadgeFinder
from followspot_sim import badge as worn_badge
from followspot_sim.geometry import Lens as TrueLens
from followspot_sim.geometry import Stand
from followspot_sim.panorama import from_bgr
from followspot_sim.render import Placed, Renderer, Shot
from followspot_sim.sprites import from_bgra
from framing.stage import drawn_panorama, drawn_person

NUMBER, SIZE_M, HEIGHT_M, STATURE_M = 7, 0.13, 1.35, 1.72
SIZE, HFOV_DEG = (1280, 720), 62.0
AIM = Aim(5.0, -3.0)
LENS = Lens(*SIZE, HFOV_DEG)
STEP_NS = 100_000_000


@pytest.fixture(scope="module")
def renderer():
    return Renderer(TrueLens(*SIZE, HFOV_DEG), from_bgr(drawn_panorama(2).image, "cylindrical", 170.0))


@pytest.fixture(scope="module")
def person():
    return from_bgra(drawn_person(3).images[0], STATURE_M)


@pytest.fixture
def view(renderer, person):
    def take(azimuth_deg, distance_m, yaw_deg=0.0, number=NUMBER, turn_dps=0.0) -> np.ndarray:
        stand = Stand(azimuth_deg, distance_m)
        worn = worn_badge.Worn(stand, HEIGHT_M, yaw_deg)
        badge = worn_badge.Badge(number, SIZE_M)
        shot = Shot(AIM.pan_deg, AIM.tilt_deg, turn_dps, 0.0, 0.01)
        luma = renderer.take(shot, [Placed(person, stand, STATURE_M, 0.0, badge, worn)]).luma
        noise = np.random.default_rng(0).normal(0, 4, luma.shape)
        return np.clip(luma + noise, 0, 255).astype(np.uint8)

    return take


def frame(luma: np.ndarray, number: int = 0) -> AnalysisFrame:
    return AnalysisFrame(number * STEP_NS, luma, luma[::2, ::2], luma[::2, ::2])


def believed(azimuth_deg: float, distance_m: float) -> Estimate:
    elevation_deg = Stand(azimuth_deg, distance_m).bearing(HEIGHT_M).elevation_deg
    return Estimate(Bearing(azimuth_deg, elevation_deg), 0.0, distance_m, 1.0, 0.2)


def finder(number: int = NUMBER) -> BadgeFinder:
    return BadgeFinder(Badge(number, SIZE_M))


@pytest.mark.parametrize(
    ("distance_m", "yaw_deg", "turn_dps"),
    [(1.2, 0, 0), (2.5, 60, 0), (4, 45, 0), (4, 0, 25), (7, 0, 0), (6, 30, 10)],
)
def test_it_is_read_with_bearing_and_distance(view, distance_m, yaw_deg, turn_dps):
    luma = view(-8.0, distance_m, yaw_deg, turn_dps=turn_dps)
    seen = finder().look(frame(luma), LENS, AIM, believed(-7.0, distance_m * 1.2))
    assert seen is not None
    off_m = math.radians(abs(seen.azimuth_deg + 8.0)) * distance_m
    assert off_m < 0.03 + worn_badge.BEFORE_BODY_M * math.sin(math.radians(yaw_deg))
    assert seen.distance_m == pytest.approx(distance_m, rel=0.08)
    assert seen.chest_deg == pytest.approx(Stand(-8.0, distance_m).bearing(HEIGHT_M).elevation_deg, abs=0.6)


def test_another_badge_is_nobody(view):
    luma = view(0.0, 3.0, number=8)
    assert finder().look(frame(luma), LENS, AIM, believed(0.0, 3.0)) is None
    assert finder(8).look(frame(luma), LENS, AIM, believed(0.0, 3.0)) is not None


@pytest.mark.parametrize("azimuth_deg", [-20.0, 4.0, 30.0])
def test_a_badge_of_unknown_place_is_found_within_a_second(view, azimuth_deg):
    luma, eyes = view(azimuth_deg, 4.5), finder()
    seen = [eyes.look(frame(luma, n), LENS, AIM, None) for n in range(10)]
    found = [one for one in seen if one is not None]
    assert found
    assert found[0].azimuth_deg == pytest.approx(azimuth_deg, abs=0.5)
    assert len(found) >= 3, "once seen it is looked for where it was"


def test_a_badge_far_from_a_wrong_belief_is_found_all_the_same(view):
    luma, eyes = view(28.0, 3.5), finder()
    seen = [eyes.look(frame(luma, n), LENS, AIM, believed(-15.0, 3.0)) for n in range(35)]
    assert sum(one is not None for one in seen) >= 3


@pytest.mark.parametrize("shape", [(2, 2), (16, 16), (90, 160), (1080, 1920)])
def test_pictures_without_anything_show_none(shape):
    eyes, lens = finder(), Lens(shape[1], shape[0], HFOV_DEG)
    for n, estimate in enumerate((None, believed(5.0, 3.0), believed(120.0, 3.0), believed(5.0, 0.7))):
        assert eyes.look(frame(np.full(shape, 90, np.uint8), n), lens, AIM, estimate) is None
    noise = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    assert eyes.look(frame(noise, 9), lens, AIM, believed(5.0, 3.0)) is None


def test_times_that_run_backwards_begin_anew(view):
    luma, eyes = view(5.0, 3.0), finder()
    assert eyes.look(frame(luma, 50), LENS, AIM, believed(5.0, 3.0)) is not None
    assert eyes.look(frame(luma, 1), LENS, AIM, believed(5.0, 3.0)) is not None
