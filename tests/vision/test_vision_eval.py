"""`followspot-sim vision-eval` on what everybody has: drawn people."""

import json

import cv2

from followspot_sim.cli import main
from followspot_sim.vision_eval.eye import Seen
from followspot_sim.vision_eval.samples import Truth
from followspot_sim.vision_eval.score import Kind, Score

KIND = Kind("room", "back", 3.0, "outline")


def test_it_writes_table_figures_and_pictures(tmp_path, capsys):
    assert main(["vision-eval", "--out", str(tmp_path), "--every", "3"]) == 0
    rows = json.loads((tmp_path / "vision-eval.json").read_text())
    by_view = {(row["view"], row["distance_m"]): row for row in rows if row["detector"] == "outline"}
    assert {"drawn front", "nobody"} <= {view for view, _ in by_view}
    assert by_view[("drawn front", 5.0)]["found"] == 1.0, "a drawn person is the easiest there is"
    assert all(row["wrong"] <= 1 and row["cost_ms_mean"] > 0 for row in rows)
    assert (tmp_path / "vision-eval.md").read_text().strip() in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / "hits-and-misses.jpg")).shape[1] == 6 * 256


def test_a_hit_is_near_in_both_directions_and_errors_are_shares_of_the_height():
    score, truth = Score(), Truth(100.0, 50.0, 200.0, 3.0)
    assert score.note(KIND, truth, Seen(110.0, 40.0, 220.0), 1.0)
    assert not score.note(KIND, truth, Seen(150.0, 50.0, 200.0), 1.0)
    assert not score.note(KIND, truth, Seen(100.0, 90.0, 200.0), 1.0)
    assert not score.note(KIND, truth, None, 1.0)
    row = score.tallies[KIND].row()
    assert (row["found"], row["placed"], row["wrong"]) == (0.25, 0.5, 0.5)
    assert (row["across_median"], row["head_top_median"]) == (0.05, 0.05)


def test_seeing_somebody_where_nobody_is_is_wrong():
    score = Score()
    assert score.note(KIND, None, None, 1.0)
    assert not score.note(KIND, None, Seen(1.0, 1.0, 50.0), 1.0)
    assert score.tallies[KIND].row()["wrong"] == 0.5


def test_a_folder_that_cannot_be_read_is_named(tmp_path, capsys):
    assert main(["vision-eval", "--data", str(tmp_path / "none"), "--out", str(tmp_path)]) == 2
    assert "none" in capsys.readouterr().err
