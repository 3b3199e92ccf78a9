"""docs/events: as the models are, additive, and read by the libraries that others use."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from followspot.bus.additive import breaks
from followspot.bus.envelope import renderer
from followspot.bus.schemas import catalogue, files
from followspot.cli import exit_codes
from followspot.cli.main import main
from followspot.domain.commands import Answer
from followspot.domain.events import ClockCorrected, ClockSpan, EventStamp, GapDeclared, event_models
from followspot.domain.gaps import GapReason
from followspot.domain.statement import LessonDetails
from support.contract import EVENTS, check_event, validator
from support.programs import require_program

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
TEXT = {"type": "string"}


def test_the_committed_files_are_what_the_models_say() -> None:
    assert {file.name for file in EVENTS.iterdir()} == set(files()), "run: make schemas"
    for name, content in files().items():
        assert (EVENTS / name).read_bytes() == content, f"{name} is not current: run make schemas"


@pytest.mark.parametrize("document", catalogue(), ids=lambda document: document.name)
def test_nothing_breaks_whoever_knows_the_committed_schema(document) -> None:
    committed = json.loads((EVENTS / document.file).read_bytes())
    assert breaks(committed, document.schema(), document.direction) == []


def test_every_event_has_a_type_of_its_own_and_an_explanation() -> None:
    types = [model.type for model in event_models()]
    assert len(set(types)) == len(types)
    assert all(model.__doc__ for model in event_models())


def test_what_is_rendered_keeps_to_its_schema() -> None:
    span = ClockSpan(first_index=0, last_index=3, start_ns=0, started=NOW, offset_ns=-(10**13))
    for number, event in enumerate(
        (
            ClockCorrected(lesson_id="l", boot_id="b", started=NOW, spans=(span,), clock_file="l/clock.json"),
            GapDeclared(lesson_id="l", reason=GapReason.CRASH, start_ns=1, duration_ns=0, missing_ns=None),
        ),
        start=1,
    ):
        check_event(json.loads(renderer("box-7")(event, EventStamp(f"id-{number}", "epoch", number, NOW)).payload))


def test_details_and_answers_keep_to_theirs() -> None:
    details = LessonDetails(lesson_code="4b-maths", consent={"filming": "given"}, planned_length_s=2700)
    validator("command.start").validate({"name": "start", "id": "1", **details.model_dump(mode="json")})
    validator("answer").validate(Answer(id=None, accepted=False, code="busy", text="later").model_dump(mode="json"))


@pytest.mark.parametrize(
    ("old", "new", "direction", "words"),
    [
        ({"properties": {"a": TEXT}}, {"properties": {}}, "told", "a: is gone"),
        ({"properties": {"a": TEXT}, "required": ["a"]}, {"properties": {"a": TEXT}}, "told", "a: need not be there"),
        ({"properties": {"a": TEXT}}, {"properties": {"a": {"type": "integer"}}}, "told", "a: type was 'string'"),
        ({"properties": {"a": {"enum": [1, 2]}}}, {"properties": {"a": {"enum": [1]}}}, "told", "left the vocabulary"),
        ({"items": {"$ref": "#/$defs/A"}, "$defs": {"A": TEXT}},
         {"items": {"$ref": "#/$defs/B"}, "$defs": {"B": {"type": "null"}}}, "told", "type was"),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT]}, "told", "a choice is gone"),
        ({"items": {**TEXT, "maxLength": 5}}, {"items": {**TEXT, "maxLength": 6}}, "told", "maxLength was 5"),
        ({"properties": {}}, {"properties": {"a": TEXT}, "required": ["a"]}, "heard", "a: must be there now"),
        ({"properties": {"a": TEXT}}, {"properties": {}}, "heard", "a: is gone"),
    ],
)  # fmt: skip
def test_what_breaks_is_named(old, new, direction, words: str) -> None:
    (found,) = breaks(old, new, direction)
    assert words in found


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ({"properties": {}}, {"properties": {"a": TEXT}, "required": ["a"]}, "told"),
        ({"properties": {}}, {"properties": {"a": TEXT}}, "heard"),
        ({"enum": ["a"]}, {"enum": ["b", "a"]}, "told"),
        ({"title": "A", "description": "x"}, {"title": "B"}, "told"),
        ({"$ref": "#/$defs/A", "$defs": {"A": TEXT}}, {"$ref": "#/$defs/B", "$defs": {"B": TEXT}}, "told"),
    ],
)
def test_what_only_gains_is_let_through(old, new, direction) -> None:
    assert breaks(old, new, direction) == []


def test_a_schema_that_readers_know_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "--out", str(tmp_path)]) == exit_codes.OK
    file = tmp_path / "gap.schema.json"
    schema = json.loads(file.read_bytes())
    schema["properties"]["witness"] = TEXT
    file.write_text(json.dumps(schema))
    assert main(["schemas", "--out", str(tmp_path)]) == exit_codes.REFUSED
    assert f"{file}: witness: is gone" in capsys.readouterr().err
    assert json.loads(file.read_bytes()) == schema


def test_the_parser_of_asyncapis_makers_reads_the_document() -> None:
    node, modules = require_program("node"), os.environ.get("FOLLOWSPOT_NODE", "")
    if not (Path(modules) / "@asyncapi" / "parser").is_dir():
        pytest.skip("FOLLOWSPOT_NODE names no node_modules with @asyncapi/parser")
    script = Path(__file__).parents[1] / "tools" / "parse_asyncapi.cjs"
    command = [node, str(script), str(EVENTS / "asyncapi.json")]
    done = subprocess.run(
        command, env={**os.environ, "NODE_PATH": modules}, capture_output=True, check=True, timeout=60
    )
    result = json.loads(done.stdout)
    assert [one for one in result["findings"] if one["code"] != "asyncapi-latest-version"] == []
    assert {"tell.segment.ready", "tellState", "command.start"} <= set(result["operations"])
