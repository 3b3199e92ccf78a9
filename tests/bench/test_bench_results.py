"""The table and bench.json."""

import json
from pathlib import Path

from followspot_sim.bench import results
from followspot_sim.bench.results import Figure

MET = Figure("quick_s", 0.5, "s", 1.5, {"n": 2})
MISSED = Figure("daemon_cpu_vs_ffmpeg", 1.2345678, "ratio", 1.05)
FREE = Figure("frames", 360, "frames")


def test_a_budget_is_the_most_that_is_allowed() -> None:
    assert Figure("x", 1.05, "ratio", 1.05).met is True
    assert Figure("x", 1.0501, "ratio", 1.05).met is False
    assert FREE.met is None


def test_the_table_lines_up_names_values_units_budgets_and_verdicts() -> None:
    assert results.table([MET, MISSED, FREE]).splitlines() == [
        "figure                  value unit    budget  met",
        "quick_s                 0.500 s          1.5  yes",
        "daemon_cpu_vs_ffmpeg    1.235 ratio     1.05  NO",
        "frames                360.000 frames",
    ]


def test_a_doubtful_figure_is_called_so_below_the_table() -> None:
    doubtful = Figure("cpu", 1.0, "ratio", 1.05, doubt="x264 was not told the same")
    assert results.table([MET, doubtful]).splitlines()[-1] == "doubtful: cpu: x264 was not told the same"


def test_the_file_is_a_list_with_one_object_for_each_figure(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    results.write([MET, FREE], file)
    assert json.loads(file.read_text()) == [
        {
            "name": "quick_s",
            "value": 0.5,
            "unit": "s",
            "budget": 1.5,
            "met": True,
            "detail": {"n": 2, "doubt": ""},
        },
        {"name": "frames", "value": 360, "unit": "frames", "budget": None, "met": None, "detail": {"doubt": ""}},
    ]


def test_without_figures_the_file_is_an_empty_list(tmp_path: Path) -> None:
    results.write([], tmp_path / "bench.json")
    assert json.loads((tmp_path / "bench.json").read_text()) == []


def test_the_worst_of_several_clips_counts_and_all_are_kept() -> None:
    figure = results.worst({"drawn": Figure("x", 0.9, "dB", 1.0, {"n": 1}), "filmed": Figure("x", 1.1, "dB", 1.0)})
    assert (figure.value, figure.met) == (1.1, False)
    assert figure.detail == {"drawn": {"value": 0.9, "n": 1}, "filmed": {"value": 1.1}}
