"""Scenario files: what is taken, and how a mistake is told."""

from pathlib import Path

import pytest

from followspot_sim import scenario
from followspot_sim.errors import SimulatorError

STEP = "[[teacher.path]]\nazimuth_deg = 0\ndistance_m = 3\n"


@pytest.mark.parametrize("name", scenario.names())
def test_every_shipped_scenario_is_valid(name: str) -> None:
    scenario.load(name)


def test_a_file_may_be_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[camera]\nhfov_deg = 70\n" + STEP)
    assert scenario.load(str(file)).camera.hfov_deg == 70


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[camera]\nhfov = 70\n" + STEP, "camera.hfov: unknown key"),
        ("[teacher]\n", 'teacher: walk = "path" needs at least one [[teacher.path]]'),
        ('[teacher]\nwalk = "recorded"\n' + STEP, 'walk = "recorded" takes no [[teacher.path]]'),
        ("[[teacher.path]]\nazimuth_deg = 0\ndistance_m = 0.1\n", "teacher.path[0].distance_m"),
        ("[marker]\ndropout_max_s = 0.1\n" + STEP, "marker: dropout_max_s must not be less"),
        ("seed = \n", "is no TOML"),
        ("", "teacher: Field required"),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(SimulatorError) as caught:
        scenario.load(str(file))
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SimulatorError, match=r"calm-lecture, .*lesson, marker-dies"):
        scenario.load("lessen")
