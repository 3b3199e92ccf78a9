"""Events as CloudEvents 1.0 in JSON, structured mode."""

import json
from datetime import UTC, datetime
from typing import Literal

from pydantic import ConfigDict, Field

from followspot.bus.topics import Topics
from followspot.domain.events import EventData, EventRenderer, EventStamp, OutboxMessage, schema_id
from followspot.domain.statement import Statement

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
"""The MQTT 5 content type of every event."""


class Envelope(Statement):
    """What stands round the data of every event: CloudEvents 1.0 and two extension attributes.

    `source` and `id` together name the event: the same pair is the same event, sent again.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    specversion: Literal["1.0"]
    id: str = Field(description="UUID version 7.")
    source: str = Field(description="urn:followspot:<device>.")
    type: str
    subject: str | None = Field(
        default=None, description="The lesson, or lesson/index for one segment; absent where it is about the box."
    )
    time: str = Field(
        description="When it was put on record, RFC 3339: a label, as right as the box's clock then.",
        json_schema_extra={"format": "date-time"},
    )
    datacontenttype: Literal["application/json"]
    dataschema: str = Field(description="Which schema the data keeps to.", json_schema_extra={"format": "uri"})
    sequence: str = Field(
        pattern=r"^[1-9][0-9]*$", description="Decimal, from 1 without holes in an epoch: order and gaps show by it."
    )
    epoch: str = Field(description="UUID of the database that counts: a new card, a new epoch.")
    data: dict[str, object]


def renderer(device_id: str) -> EventRenderer:
    """What turns an event of this box into the bytes on the wire. Pure, and fit for any thread."""
    topics = Topics(device_id)
    source = f"urn:followspot:{device_id}"

    def render(event: EventData, stamp: EventStamp) -> OutboxMessage:
        envelope = Envelope(
            specversion="1.0",
            id=stamp.id,
            source=source,
            type=event.type,
            subject=_subject(event),
            time=_rfc3339(stamp.time),
            datacontenttype="application/json",
            dataschema=schema_id(type(event)),
            sequence=str(stamp.sequence),
            epoch=stamp.epoch,
            data=event.model_dump(mode="json"),
        )
        attributes = {name: value for name, value in dict(envelope).items() if value is not None}
        payload = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        return OutboxMessage(topics.event(event.type), payload)

    return render


def _subject(event: EventData) -> str | None:
    lesson_id, index = getattr(event, "lesson_id", None), getattr(event, "index", None)
    return lesson_id if lesson_id is None or index is None else f"{lesson_id}/{index}"


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
