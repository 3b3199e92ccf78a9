"""Folders of recordings: any of this form will do, and a broken one is told where."""

import json
from pathlib import Path
from typing import Any

import pytest

from followspot_sim.errors import SimulatorError
from followspot_sim.index import DataFolder

ROOM = {"name": "hall", "file": "index.json", "projection": "cylindrical", "hfov_deg": 170}
WALK = {"name": "way", "file": "index.json", "columns": ["id", "frame", "x", "y"], "unit": "m", "rate_hz": 16}


def said(folder: Path, index: object) -> str:
    (folder / "index.json").write_text(json.dumps(index) if not isinstance(index, str) else index)
    with pytest.raises(SimulatorError) as caught:
        DataFolder(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("{", "is no JSON"),
        ({"rooms": [ROOM, {**ROOM, "projection": "fisheye"}]}, "rooms[1].projection (hall)"),
        ({"rooms": [{"name": "hall"}]}, "rooms[0].file (hall): Field required"),
        ({"rooms": [{**ROOM, "file": "no.jpg"}]}, "rooms[0].file: there is no file"),
        ({"walks": [{**WALK, "unit": "yd"}]}, "walks[0] (way): unit must be one of m, dm, cm"),
        ({"walks": [{**WALK, "columns": ["id", "x", "y"]}]}, "walks[0] (way): columns must name frame"),
        ({"walks": [{**WALK, "rate_hz": 0}]}, "walks[0].rate_hz (way)"),
        ({"people": {}}, "people"),
        ([], "index.json"),
    ],
)
def test_a_broken_index_names_entry_and_key(tmp_path: Path, index: Any, expected: str) -> None:
    assert expected in said(tmp_path, index)


def test_a_folder_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"index\.json cannot be read"):
        DataFolder(tmp_path)


def test_an_empty_index_is_fine(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{}")
    assert DataFolder(tmp_path).people == ()
