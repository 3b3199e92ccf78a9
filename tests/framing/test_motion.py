"""What moved between two pictures of a camera that rests, is shaken, or turns."""

import cv2
import numpy as np
import pytest

from followspot.domain.geometry import Aim
from followspot.vision.motion import MotionFinder
from followspot.vision.picture import SmallPicture
from framing.stage import HFOV_DEG, analysis_frame, drawn_panorama, drawn_person

TILT_DEG = -2.0


def seen(room: int, pan_deg: float, told_deg: float, time_ns: int, person_deg: float | None = None) -> SmallPicture:
    """A picture taken at `pan_deg` by a camera that believes to point at `told_deg`."""
    picture = drawn_panorama(room).view(pan_deg, TILT_DEG)
    if person_deg is not None:
        drawn_person(3).draw(picture, 0.0, person_deg, 3.5, pan_deg, TILT_DEG)
    return SmallPicture.of(analysis_frame(picture, time_ns), Aim(told_deg, TILT_DEG), HFOV_DEG)


def changed(before: SmallPicture, now: SmallPicture) -> np.ndarray:
    change = MotionFinder().compare(before, now)
    assert change is not None
    return change.mask > 0


@pytest.mark.parametrize("told_deg", [0.0, 4.0])
def test_an_empty_room_does_not_move_whether_the_camera_turns_or_not(told_deg: float) -> None:
    assert changed(seen(1, 0.0, 0.0, 0), seen(1, told_deg, told_deg, 100_000_000)).mean() < 0.001


@pytest.mark.parametrize("told_deg", [0.0, 4.0])
def test_a_shake_that_the_pose_does_not_tell_is_taken_out(told_deg: float) -> None:
    for room in (1, 2):
        now = seen(room, told_deg + 0.5, told_deg, 100_000_000)
        assert changed(seen(room, 0.0, 0.0, 0), now).mean() < 0.001


@pytest.mark.parametrize("pan_deg", [0.0, 4.0])
def test_who_walks_is_what_moved(pan_deg: float) -> None:
    before, now = seen(1, 0.0, 0.0, 0, -3.0), seen(1, pan_deg, pan_deg, 100_000_000, 3.0)
    mask = changed(before, now)
    assert mask.mean() > 0.005
    columns = np.flatnonzero(mask.any(axis=0))
    here = [now.lens.focal_px * np.tan(np.radians(a - pan_deg)) + now.lens.width / 2 for a in (-3.0, 3.0)]
    assert min(here) - 30 < columns.min() < columns.max() < max(here) + 30


def test_a_picture_that_was_turned_out_of_sight_tells_nothing() -> None:
    assert MotionFinder().compare(seen(1, 0.0, 0.0, 0), seen(1, 100.0, 100.0, 100_000_000)) is None


def test_light_that_changes_is_no_motion() -> None:
    before = seen(1, 0.0, 0.0, 0)
    now = seen(1, 0.0, 0.0, 100_000_000)
    dim = SmallPicture(
        now.exposure_ns, now.aim, now.lens, cv2.convertScaleAbs(now.luma, alpha=0.8, beta=3.2), now.colour
    )
    change = MotionFinder().compare(before, dim)
    assert change is not None
    assert change.gain == pytest.approx(0.8, abs=0.02)
    assert (change.mask > 0).mean() < 0.001
