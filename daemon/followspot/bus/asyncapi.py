"""The AsyncAPI 3 document of the box: every topic, who speaks there, and what is said."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from followspot import __version__
from followspot.bus.envelope import CONTENT_TYPE, Envelope
from followspot.bus.topics import Topics
from followspot.domain.acknowledgement import Acknowledgement, StoredFile, StoredSegment
from followspot.domain.commands import COMMAND_MODELS, Answer
from followspot.domain.events import EventData, event_models, schema_id
from followspot.domain.state import Availability, BoxState

DEVICE = "{device}"
"""The channel parameter that stands for a box's id."""
JSON_TYPE = "application/json"

Part = dict[str, Any]


def asyncapi_document() -> Part:
    """The whole document, complete in itself."""
    topics = Topics(DEVICE)
    channels: Part = {
        "availability": _channel(topics.availability, "availability", "Retained; offline is the last will."),
        "state": _channel(topics.state, "state", "Retained; sent when it changed, at most once a second."),
        "answer": {
            "address": None,
            "description": "The response topic that the command or acknowledgement named.",
            "messages": {"answer": {"$ref": "#/components/messages/answer"}},
        },
    }
    operations: Part = {
        "tellAvailability": _operation("send", "availability"),
        "tellState": _operation("send", "state"),
    }
    for event in event_models():
        channels[event.type] = _channel(topics.event(event.type), event.type, _summary(event))
        operations[f"tell.{event.type}"] = _operation("send", event.type)
    for name, command in COMMAND_MODELS.items():
        channel = f"command.{name}"
        channels[channel] = _channel(topics.command(name), channel, _summary(command))
        operations[channel] = {**_operation("receive", channel), "reply": _reply()}
    channels["ack"] = _channel(topics.ack, "ack", _summary(Acknowledgement))
    operations["ack"] = {**_operation("receive", "ack"), "reply": _reply()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:followspot:v1",
        "info": {
            "title": "Followspot",
            "version": __version__,
            "description": "What a classroom recorder tells and takes over MQTT 5. docs/events.md explains the rules.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _channel(address: str, message: str, description: str) -> Part:
    return {
        "address": address,
        "description": description,
        "parameters": {"device": {"description": "The box: device.id of its configuration."}},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operation(action: str, channel: str) -> Part:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": 1, "retain": channel in ("availability", "state"), "bindingVersion": "0.2.0"}},
    }


def _reply() -> Part:
    return {
        "address": {"location": "$message.header#/responseTopic", "description": "The MQTT 5 response topic."},
        "channel": {"$ref": "#/channels/answer"},
    }


def _messages() -> Part:
    events = {event.type: _event_message(event) for event in event_models()}
    commands = {f"command.{name}": _message(command) for name, command in COMMAND_MODELS.items()}
    others = {
        "availability": _message(Availability),
        "state": _message(BoxState),
        "ack": _message(Acknowledgement),
        "answer": {**_message(Answer), "description": "Bears the command's correlation data."},
    }
    return {**events, **commands, **others}


def _message(model: type[BaseModel]) -> Part:
    return {"name": model.__name__, "contentType": JSON_TYPE, "summary": _summary(model), "payload": _ref(model)}


def _event_message(event: type[EventData]) -> Part:
    told = {"type": {"const": event.type}, "dataschema": {"const": schema_id(event)}, "data": _ref(event)}
    return {
        **_message(event),
        "contentType": CONTENT_TYPE,
        "payload": {"allOf": [_ref(Envelope), {"type": "object", "properties": told}]},
    }


def _schemas() -> Part:
    told = (Envelope, *event_models(), Availability, BoxState, Answer)
    heard: tuple[type[BaseModel], ...] = (*COMMAND_MODELS.values(), Acknowledgement, StoredSegment, StoredFile)
    wanted = [*((model, "serialization") for model in told), *((model, "validation") for model in heard)]
    _, schemas = models_json_schema(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    heard_names = {model.__name__ for model in heard}
    return {name: _plain(part, closed=name in heard_names) for name, part in schemas["$defs"].items()}


def _plain(schema: Any, *, closed: bool) -> Any:
    """What AsyncAPI's schemas know: a discriminator is a name there, and what the box tells is open."""
    if isinstance(schema, list):
        return [_plain(part, closed=closed) for part in schema]
    if not isinstance(schema, dict):
        return schema
    left_out = {key for key in ("discriminator",) if isinstance(schema.get(key), dict) and "mapping" in schema[key]}
    if not closed and schema.get("additionalProperties") is False:
        left_out.add("additionalProperties")
    return {key: _plain(part, closed=closed) for key, part in schema.items() if key not in left_out}


def _ref(model: type[BaseModel]) -> Part:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or model.__name__).strip().partition("\n")[0]
