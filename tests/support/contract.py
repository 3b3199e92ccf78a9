"""What a consumer holds the box to: every message keeps to its committed schema, read by libraries of others."""

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cloudevents.core.bindings.common import get_event_factory_for_version
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator

EVENTS = Path(__file__).parents[2] / "docs" / "events"


@functools.cache
def validator(name: str) -> Draft202012Validator:
    """The validator for one of the committed schemas."""
    schema = json.loads((EVENTS / f"{name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def check_event(event: Mapping[str, Any]) -> None:
    """An event as a CloudEvents library, the envelope's schema and its data's schema see it."""
    read = JSONFormat().read(get_event_factory_for_version("1.0"), json.dumps(event).encode())
    assert read.get_dataschema() == validator(read.get_type()).schema["$id"]
    validator("envelope").validate(event)
    validator(read.get_type()).validate(read.get_data())


def check_messages(messages: Iterable[tuple[str, Any]]) -> None:
    """Every message of a box by its topic; an id never stands for two events, nor an event for two ids."""
    ids: dict[tuple[str, str, str], str] = {}
    for topic, payload in messages:
        kind, _, rest = topic.removeprefix("followspot/v1/").partition("/")[2].partition("/")
        if kind == "event":
            check_event(payload)
            assert rest == payload["type"]
            place = (payload["source"], payload["epoch"], payload["sequence"])
            assert ids.setdefault(place, payload["id"]) == payload["id"], f"{place} changed its id"
        elif kind in ("state", "availability"):
            validator(kind).validate(payload)
