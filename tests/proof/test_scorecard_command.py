"""`followspot-sim scorecard` as somebody calls it."""

import json
import re

import numpy as np
import pytest

from followspot_sim.cli import main
from followspot_sim.proof import sweep, tables
from followspot_sim.proof.card import judge, spread, together
from followspot_sim.proof.targets import FIRST, STANDARD, targets
from followspot_sim.scenario import names
from proof.made import made, moved


def test_a_scorecard_is_figures_and_one_page_that_needs_nothing_beside_it(tmp_path, capsys):
    options = ["--seeds", "2:3", "--seconds", "5", "--workers", "1", "--set", "view.shot=knees"]
    assert main(["scorecard", "two-cross", "--operator", "marker-only", *options, "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / "scorecard.json").read_text())
    (result,) = document["results"]
    assert (result["scenario"], result["operator"]) == ("two-cross", "marker-only")
    assert 0 <= result["together"]["safe_share"] <= 1
    assert document["settings"] == {"view.shot": "knees"}
    assert "two-cross" in capsys.readouterr().out
    page = (tmp_path / "out" / "index.html").read_text()
    assert "marker-only" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert main(["scorecard", "two-cross", "--operator", "marker-only", *options, "--out", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nowhere"], "no scenario nowhere"),
        (["pacing", "--set", "view.lead_share=7", "--seconds", "5"], "lead_share"),
        (["recorded"], "give --data DIR"),
        (["pacing", "--data", "/nonexistent"], "index.json"),
    ],
)
def test_a_mistake_is_told(tmp_path, capsys, options, said):
    assert main(["scorecard", *options, "--seeds", "1:2", "--workers", "1", "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--seeds", "3:3"], ["--seconds", "1"], ["--set", "shot=knees"], ["--vary", "x=2"]]
)
def test_a_wrong_option_is_refused(options):
    with pytest.raises(SystemExit):
        main(["scorecard", *options])


def test_what_somebody_else_made_is_not_touched(tmp_path, capsys):
    (tmp_path / "index.html").write_text("mine")
    assert main(["scorecard", "pacing", "--out", str(tmp_path)]) == 2
    assert "no scorecard made" in capsys.readouterr().err
    assert (tmp_path / "index.html").read_text() == "mine"


def test_all_scenarios_of_the_proof_are_shipped():
    assert len(STANDARD) >= 14
    assert set(STANDARD) <= set(names())
    assert {target.bound for name in FIRST for target in targets(name) if target.figure == "safe_share"} == {0.995}


def test_the_tables_say_what_is_missed_and_who_is_better():
    good, series = judge(made(90)), made(90)
    bad = judge(made(90, box=moved(series.box, 2000 * (np.arange(90) < 45))))
    cards = {("pacing", "followspot"): bad, ("pacing", "proportional"): good}
    spreads = {key: spread([card]) for key, card in cards.items()}
    assert any(line.startswith("pacing: safe_share 0.5, wanted at least 0.995") for line in tables.missed(cards))
    assert "0.5000*" in tables.text(tables.rows(cards))
    assert tables.against(cards, spreads)[-1][-2:] == ["pacing", "none"]
    assert tables.missed({("pacing", "followspot"): together([good])}) == []
    assert sweep.row({"noise": 1.3}, {"pacing": bad})[0] == "noise x 1.3"
