"""config/followspot.toml says exactly what the models say."""

import re
import tomllib
from pathlib import Path

import pytest

from followspot.settings.describe import all_fields, allowed, default_of
from followspot.settings.load import load
from followspot.settings.locate import KeyPath
from followspot.settings.models import Settings

FILE = Path(__file__).parents[2] / "config" / "followspot.toml"
FIELDS = all_fields()


def explained_keys() -> dict[KeyPath, str]:
    """Every key of the file, commented-out ones too, with the comment block above it."""
    found: dict[KeyPath, str] = {}
    table, comment = "", ""
    for line in FILE.read_text().splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            table = heading[1]
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            found[table, key[1]] = comment.strip()
            comment = ""
            continue
        comment = f"{comment} {line[2:]}" if line.startswith("# ") else ""
    return found


def test_it_has_every_key_in_the_models_order():
    assert list(explained_keys()) == list(FIELDS)


def test_its_values_are_the_defaults():
    assert load(FILE) == Settings()
    values = tomllib.loads(FILE.read_text())
    left_out = {path for path in FIELDS if path[-1] not in values[path[0]]}
    assert left_out == {path for path, field in FIELDS.items() if field.default is None}


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_each_comment_explains_the_key_and_states_range_and_default(path: KeyPath):
    meaning, _, facts = explained_keys()[path].partition(" Allowed: ")
    assert facts == f"{allowed(FIELDS[path])}. Default: {default_of(FIELDS[path])}."
    assert len(meaning.split()) >= 3
    assert meaning.endswith(".")
