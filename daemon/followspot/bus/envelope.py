"""Events as CloudEvents 1.0 in JSON, structured mode."""

import json
from datetime import UTC, datetime

from followspot.bus.topics import Topics
from followspot.domain.events import EventData, EventRenderer, EventStamp, OutboxMessage, schema_id

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
"""The MQTT 5 content type of every event."""


def renderer(device_id: str) -> EventRenderer:
    """What turns an event of this box into the bytes on the wire. Pure, and fit for any thread.

    `sequence` and `epoch` are extension attributes: the place in the box's history as a decimal string, and which
    history. `subject` is the lesson, or lesson/index for one segment; absent where the event is about the box.
    """
    topics = Topics(device_id)
    source = f"urn:followspot:{device_id}"

    def render(event: EventData, stamp: EventStamp) -> OutboxMessage:
        envelope = {
            "specversion": "1.0",
            "id": stamp.id,
            "source": source,
            "type": event.type,
            **_subject(event),
            "time": _rfc3339(stamp.time),
            "datacontenttype": "application/json",
            "dataschema": schema_id(type(event)),
            "sequence": str(stamp.sequence),
            "epoch": stamp.epoch,
            "data": event.model_dump(mode="json"),
        }
        payload = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        return OutboxMessage(topics.event(event.type), payload)

    return render


def _subject(event: EventData) -> dict[str, str]:
    lesson_id, index = getattr(event, "lesson_id", None), getattr(event, "index", None)
    if lesson_id is None:
        return {}
    return {"subject": lesson_id if index is None else f"{lesson_id}/{index}"}


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
