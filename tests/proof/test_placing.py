"""Where she is in the picture: figures with a known answer."""

import numpy as np
import pytest

from followspot_sim.proof import placing
from followspot_sim.proof.card import judge, spread, together
from followspot_sim.proof.series import load
from proof.made import SHOT_PX, made, moved

CROP_WIDTH = SHOT_PX * 16 / 9


def test_who_is_well_placed_is_safe_and_without_error() -> None:
    series = made(30)
    assert placing.safe(series).all()
    assert placing.misplaced(series) == pytest.approx(0, abs=1e-9)
    assert not placing.on_another(series).any()


@pytest.mark.parametrize("across", [-1, 1])
def test_the_error_is_a_share_of_the_pictures_width(across: int) -> None:
    series = made(10)
    beside = made(10, box=moved(series.box, across * 0.1 * CROP_WIDTH))
    assert placing.misplaced(beside) == pytest.approx(0.1)
    assert placing.safe(beside).all()
    assert not placing.safe(made(10, box=moved(series.box, across * 0.45 * CROP_WIDTH))).any()


@pytest.mark.parametrize(("zoom", "safe"), [(0.78, False), (0.82, True), (1.2, True), (1.27, False)])
def test_zooming_out_does_not_win(zoom: float, safe: bool) -> None:
    series = made(5)
    middle = series.crop[:, :2] + series.crop[:, 2:] / 2
    size = series.crop[:, 2:] / zoom
    wider = made(5, crop=np.concatenate([middle - size / 2, size], axis=1))
    assert bool(placing.right_size(wider).all()) is safe


def test_what_enlarging_forbids_is_not_asked_for() -> None:
    far = made(5)
    small = far.box.copy()
    small[:, 2:] /= 4
    least = 720 / 1.6
    crop = np.tile([640 - least * 8 / 9, 360 - least / 2, least * 16 / 9, least], (5, 1))
    assert placing.right_size(made(5, box=small, crop=crop)).all()


def test_a_miss_beyond_the_sensor_is_the_motors() -> None:
    series = made(30)
    off_sensor = made(30, box=moved(series.box, 640), head=moved(series.head, 640))
    in_reach = made(30, box=moved(series.box, -300), crop=moved(series.crop, 190))
    assert judge(off_sensor).sensor_loss_share == 1.0
    assert judge(off_sensor).crop_loss_share == 0.0
    assert judge(in_reach).crop_loss_share == 1.0


def test_who_is_out_of_the_room_is_not_missed() -> None:
    series = made(60)
    present = np.arange(60) >= 30
    away = moved(series.box, np.where(present, 0, 900))
    card = judge(made(60, box=away, head=moved(series.head, np.where(present, 0, 900)), present=present))
    assert card.safe_share == 1.0
    assert card.longest_miss_s == card.lost_s == 0.0


def test_losses_are_counted_in_seconds() -> None:
    series = made(90)
    lost = (np.arange(90) >= 10) & (np.arange(90) < 40)
    card = judge(made(90, box=moved(series.box, 2000 * lost), head=moved(series.head, 2000 * lost)))
    assert card.longest_miss_s == card.lost_s == card.reacquire_s == pytest.approx(1.0)
    assert card.safe_share == pytest.approx(2 / 3)


def test_a_view_on_somebody_else_is_a_wrong_target_only_while_she_is_not_in_it() -> None:
    others = np.full((30, 1), 1.0)
    assert judge(made(30, others_deg=others)).wrong_target_s == 0.0
    gone = moved(made(30).head, 2000)
    assert judge(made(30, others_deg=others, head=gone)).wrong_target_s == pytest.approx(1.0)
    assert judge(made(30, others_deg=others * np.nan, head=gone)).wrong_target_s == 0.0


def test_lead_room_is_no_error_on_the_side_of_the_walk() -> None:
    walk = {"azimuth_deg": np.linspace(0, 5, 60), "walking": np.ones(60, dtype=bool)}
    for across, error in ((-0.1, 0.0), (0.1, 0.1)):
        series = made(60, box=moved(made(60).box, across * CROP_WIDTH), **walk)
        object.__setattr__(series, "task", type(series.task)(**{**_fields(series.task), "lead_share": 0.1}))
        assert placing.misplaced(series)[1:] == pytest.approx(error, abs=1e-9)


def _fields(task: object) -> dict[str, object]:
    return {name: getattr(task, name) for name in type(task).__slots__}


def test_a_series_is_read_as_it_was_written(tmp_path) -> None:
    series = made(40, others_deg=np.full((40, 2), np.nan))
    series.save(tmp_path / "one.npz")
    again = load(tmp_path / "one.npz")
    assert again.task == series.task
    assert np.array_equal(again.others_deg, series.others_deg, equal_nan=True)
    assert np.array_equal(again.crop, series.crop)


def test_seeds_together_have_the_mean_and_the_worst() -> None:
    good, series = judge(made(90)), made(90)
    bad = judge(made(90, box=moved(series.box, 2000 * (np.arange(90) < 45)), head=series.head))
    both = together([good, bad])
    assert both.safe_share == pytest.approx(0.75)
    assert both.longest_miss_s == pytest.approx(1.5)
    assert spread([good, bad]).safe_share == pytest.approx(0.25)
