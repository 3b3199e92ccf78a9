"""Blocked zones and the tracking area: whatever happens, what must not be seen is not seen."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followspot.domain.belief import Estimate
from followspot.domain.body import Body
from followspot.domain.composer import Composer
from followspot.domain.geometry import Aim, Bearing, Lens, wrap_deg
from followspot.domain.hiding import Hider
from followspot.domain.shots import ShotName, shot
from followspot.domain.view import Hiding, Rect, TrackingState
from followspot.domain.zones import Territory, Zone, free_parts
from followspot.settings.models import Settings, TrackingSettings, ViewSettings, ZoneSettings
from framing.closed_loop import Walker, run_loop

BODY = Body(1.7, 1.35)
SIZE = (1280, 720)
STEPS = [i / 12 for i in range(13)]


def numbers(low, high):
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


@st.composite
def zones(draw):
    left, bottom = draw(numbers(-180, 179)), draw(numbers(-90, 89))
    return Zone(left, min(left + draw(numbers(0.1, 120)), 180), bottom, min(bottom + draw(numbers(0.1, 180)), 90))


@st.composite
def estimates(draw):
    chest = Bearing(draw(numbers(-1e5, 1e5)), draw(numbers(-89, 89)))
    return Estimate(
        chest, draw(numbers(-1e4, 1e4)), draw(numbers(0.01, 1e4)), draw(numbers(0, 1e4)), draw(numbers(0, 9))
    )


def points(crop):
    return [(crop.x + a * crop.width, crop.y + b * crop.height) for a in STEPS for b in STEPS]


def shows(zone, lens, aim, crop):
    return any(zone.holds(lens.unproject(x, y, aim)) for x, y in points(crop))


lenses = st.builds(Lens, st.sampled_from([640, 1280, 1920]), st.sampled_from([480, 720, 1080]), numbers(20, 110))
aims = st.builds(Aim, numbers(-400, 400), numbers(-90, 90))
FRAMES = st.lists(
    st.tuples(aims, st.none() | estimates(), st.sampled_from(TrackingState), st.integers(-(10**10), 10**10)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(lens=lenses, frames=FRAMES, blocked=st.lists(zones(), max_size=4), area=st.none() | zones())
def test_a_crop_is_on_the_sensor_in_shape_and_shows_no_hidden_zone(lens, frames, blocked, area):
    wanted = shot(ShotName.WAIST, SIZE, 1.6, lead_share=0.1)
    composer = Composer(wanted, BODY, Territory(area, tuple(blocked)), hides=True)
    for aim, estimate, state, time_ns in frames:
        view = composer.compose(lens, aim, estimate, state, time_ns)
        crop = view.crop
        assert all(map(math.isfinite, (crop.x, crop.y, crop.width, crop.height)))
        assert crop.x >= -1e-6
        assert crop.y >= -1e-6
        assert crop.x + crop.width <= lens.width + 1e-6
        assert crop.y + crop.height <= lens.height + 1e-6
        assert crop.width / crop.height == pytest.approx(wanted.aspect)
        assert crop.height >= wanted.heights(lens)[0] - 1e-5
        if view.hiding is not Hiding.COVERED:
            assert not any(shows(zone, lens, aim, crop) for zone in blocked)


@settings(max_examples=300, deadline=None)
@given(
    wanted=st.builds(Aim, numbers(-180, 180), numbers(-90, 90)),
    aim=st.builds(Aim, numbers(-170, 170), numbers(-40, 40)),
    blocked=st.lists(zones(), max_size=4),
)
def test_the_camera_is_never_sent_into_a_zone(wanted, aim, blocked):
    goal = Territory(None, tuple(blocked)).goal(wanted, aim, (-170.0, 170.0))
    inside = any(zone.grown(-1e-6, 0.0).holds(Bearing(goal.pan_deg, goal.tilt_deg)) for zone in blocked)
    assert not inside or goal.pan_deg == aim.pan_deg, "it may stay where it is if there is no other place"


@given(wanted=st.builds(Bearing, numbers(-180, 180), numbers(-90, 90)), area=zones())
def test_the_nearest_direction_in_the_area_is_in_it(wanted, area):
    assert area.grown(1e-6, 1e-6).holds(Territory(area).in_area(wanted))
    if area.holds(wanted):
        kept = Territory(area).in_area(wanted)
        assert abs(wrap_deg(kept.azimuth_deg - wanted.azimuth_deg)) < 1e-6


@given(
    taken=st.lists(st.builds(Rect, numbers(-50, 150), numbers(-50, 150), numbers(1, 90), numbers(1, 90)), max_size=8)
)
def test_free_parts_touch_nothing_that_is_taken(taken):
    for part in free_parts(Rect(0, 0, 100, 100), taken):
        for rect in taken:
            across = min(part.x + part.width, rect.x + rect.width) - max(part.x, rect.x)
            down = min(part.y + part.height, rect.y + rect.height) - max(part.y, rect.y)
            assert min(across, down) < 1e-9


def test_a_crop_goes_round_a_zone_and_comes_back():
    lens, aim, hider = Lens(*SIZE, 60.0), Aim(0.0, 0.0), Hider((Zone(10, 20, -90, 90),))
    away, beside = Rect(0, 100, 640, 360), Rect(500, 100, 640, 360)
    assert hider.hidden(lens, aim, away, 300) == (away, Hiding.NONE)
    crop, hiding = hider.hidden(lens, aim, beside, 300)
    assert hiding is Hiding.MOVED
    assert (crop.width, crop.height) == (640, 360)
    assert crop.x < 500
    assert hider.hidden(lens, aim, away, 300) == (away, Hiding.NONE)


def test_where_there_is_no_room_beside_a_zone_nothing_is_shown():
    lens, aim, hider = Lens(*SIZE, 60.0), Aim(0.0, 0.0), Hider((Zone(-15, 15, -90, 90),))
    crop, hiding = hider.hidden(lens, aim, Rect(0, 0, 1280, 720), 450)
    assert hiding is Hiding.COVERED
    assert crop == Rect(0, 0, 1280, 720)
    assert hider.hidden(lens, Aim(40.0, 0.0), Rect(0, 0, 1280, 720), 450)[1] is not Hiding.COVERED


def test_a_crop_does_not_flicker_between_the_sides_of_a_door():
    lens, aim, hider = Lens(1920, 1080, 60.0), Aim(0.0, 0.0), Hider((Zone(-3, 3, -90, 90),))
    rng = random.Random(1)
    places = [hider.hidden(lens, aim, Rect(640 + rng.uniform(-20, 20), 300, 640, 360), 300)[0] for _ in range(100)]
    assert len({place.x < 640 for place in places}) == 1


DOOR = {"left_deg": 12.0, "right_deg": 25.0}


def blocking(hide):
    door = ZoneSettings(**DOOR)
    return Settings(tracking=TrackingSettings(blocked=(door,)), view=ViewSettings(hide_blocked=hide))


def true_azimuths(crop, pan_deg):
    """The azimuths at the crop's lower corners, from a level camera, by the plain tangent."""
    focal = 640 / math.tan(math.radians(55) / 2)
    return [pan_deg + math.degrees(math.atan2(x - 640, focal)) for x in (crop.x, crop.x + crop.width)]


@pytest.mark.parametrize("seed", range(3))
def test_in_a_lesson_a_hidden_door_is_never_shown(seed):
    run = run_loop(seed, seconds=40, settings=blocking(hide=True))
    shown = [(v, p) for v, p in zip(run.views, run.pans, strict=True) if v.hiding is not Hiding.COVERED]
    for view, pan in shown:
        left, right = true_azimuths(view.crop, pan)
        assert right <= DOOR["left_deg"] or left >= DOOR["right_deg"]
    assert len(shown) > 0.9 * len(run.views)
    assert any(view.hiding is Hiding.MOVED for view in run.views)


def test_a_teacher_in_a_blocked_zone_leaves_the_camera_beside_it():
    run = run_loop(1, seconds=10, settings=blocking(hide=False), walker=standing_at(18.0))
    assert max(run.pans) < 12.0 + 0.5
    assert run.pans[-1] > 8.0


def test_beside_a_hidden_zone_half_of_the_picture_stays_free():
    run = run_loop(1, seconds=10, settings=blocking(hide=True), walker=standing_at(18.0), start_pan=-20.0)
    assert max(run.pans) < 12.0 - 55 / 4 + 0.5
    assert all(view.hiding is not Hiding.COVERED for view in run.views[60:])


def test_the_camera_does_not_aim_beyond_the_area():
    area = ZoneSettings(left_deg=-10, right_deg=10)
    run = run_loop(1, seconds=10, settings=Settings(tracking=TrackingSettings(area=area)), walker=standing_at(40.0))
    assert 6.0 < run.pans[-1] < 10.5
    assert max(run.pans) < 10.5


def standing_at(azimuth_deg):
    at = math.radians(azimuth_deg)
    return Walker(random.Random(1), standing_only=True, x=3.5 * math.sin(at), z=3.5 * math.cos(at))
