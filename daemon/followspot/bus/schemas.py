"""The JSON Schemas of all that goes over the wire or lies beside the media, made from the models."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from followspot.bus.asyncapi import asyncapi_document
from followspot.bus.envelope import Envelope
from followspot.domain.acknowledgement import Acknowledgement
from followspot.domain.commands import COMMAND_MODELS, Answer
from followspot.domain.events import event_models, schema_id
from followspot.domain.segments import ClockFile, Manifest
from followspot.domain.state import Availability, BoxState

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI_FILE = "asyncapi.json"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """One schema. `heard` is what the box takes, closed; `told` is what it says, open for fields to come."""

    name: str
    model: type[BaseModel]
    schema_id: str
    direction: Literal["told", "heard"]

    @property
    def file(self) -> str:
        """Its file below docs/events."""
        return f"{self.name}.schema.json"

    def schema(self) -> Schema:
        """The schema, complete in itself."""
        mode: Literal["validation", "serialization"] = "validation" if self.direction == "heard" else "serialization"
        schema = self.model.model_json_schema(mode=mode)
        if self.direction == "told":
            open_up(schema)
        return {"$schema": DIALECT, "$id": self.schema_id, **schema}


def catalogue() -> tuple[Document, ...]:
    """Every schema there is."""
    events = [Document(model.type, model, schema_id(model), "told") for model in event_models()]
    commands = [_plain(f"command.{name}", model, "heard") for name, model in COMMAND_MODELS.items()]
    others = [
        *(_plain("envelope", Envelope), _plain("state", BoxState), _plain("availability", Availability)),
        _plain("ack", Acknowledgement, "heard"),
        *(_plain("answer", Answer), _plain("manifest", Manifest), _plain("clock", ClockFile)),
    ]
    return (*events, *commands, *others)


def files() -> Mapping[str, bytes]:
    """Every file of docs/events that is made from the models: its name and its content."""
    schemas = {document.file: document.schema() for document in catalogue()}
    return {name: _bytes(schema) for name, schema in {**schemas, ASYNCAPI_FILE: asyncapi_document()}.items()}


def open_up(schema: object) -> None:
    """Readers must bear fields that a later box adds: nothing in `schema` is closed any more."""
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
        for part in schema.values():
            open_up(part)
    elif isinstance(schema, list):
        for part in schema:
            open_up(part)


def _plain(name: str, model: type[BaseModel], direction: Literal["told", "heard"] = "told") -> Document:
    return Document(name, model, f"urn:followspot:schema:{name}:1", direction)


def _bytes(document: Schema) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
