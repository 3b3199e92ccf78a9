"""Events as an independent CloudEvents library reads them, and the topics they go to."""

import json
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest
from cloudevents.core.bindings.common import get_event_factory_for_version
from cloudevents.core.formats.json import JSONFormat

from followspot.bus.envelope import renderer
from followspot.bus.topics import Topics, is_answerable
from followspot.domain.alerts import AlertCode
from followspot.domain.events import AlertRaised, EventStamp, SegmentReady
from followspot.domain.segments import ClockState

SEGMENT = SegmentReady(
    lesson_id="0190",
    index=3,
    path="0190/segment-00003.mp4",
    size=1234,
    sha256="ab" * 32,
    start_ns=180_000_000_000,
    duration_ns=60_000_000_000,
    timescale=90_000,
    start_ticks=16_200_000,
    duration_ticks=5_400_000,
    started=datetime(2026, 3, 2, 8, 33, tzinfo=UTC),
    clock=ClockState.SYNCED,
    boot_id="boot-1",
    frames=1800,
    last=False,
    tracks=(),
)
STAMP = EventStamp("0190-event", "0190-epoch", 42, datetime(2026, 3, 2, 9, 34, 0, 1000, timezone(timedelta(hours=1))))


def test_a_segment_as_a_cloud_event() -> None:
    message = renderer("box-7")(SEGMENT, STAMP)
    assert message.topic == "followspot/v1/box-7/event/segment.ready"
    event = JSONFormat().read(get_event_factory_for_version("1.0"), message.payload)
    assert event.get_id() == "0190-event"
    assert urlsplit(event.get_source()).scheme == "urn"
    assert event.get_source() == "urn:followspot:box-7"
    assert event.get_type() == "segment.ready"
    assert event.get_subject() == "0190/3"
    assert event.get_time() == STAMP.time
    assert event.get_datacontenttype() == "application/json"
    assert event.get_dataschema() == "urn:followspot:schema:segment.ready:1"
    assert (event.get_extension("sequence"), event.get_extension("epoch")) == ("42", "0190-epoch")
    assert SegmentReady.model_validate_json(json.dumps(event.get_data())) == SEGMENT


def test_time_is_rfc_3339_in_utc() -> None:
    assert json.loads(renderer("box-7")(SEGMENT, STAMP).payload)["time"] == "2026-03-02T08:34:00.001Z"


def test_an_event_about_the_box_has_no_subject() -> None:
    alert = AlertRaised(code=AlertCode.DOCK_LOST, subject="/dev/ttyACM0", message="Kabel gelöst")
    envelope = json.loads(renderer("box-7")(alert, STAMP).payload)
    assert "subject" not in envelope
    assert envelope["data"]["message"] == "Kabel gelöst"


def test_the_same_event_gives_the_same_bytes() -> None:
    assert renderer("box-7")(SEGMENT, STAMP) == renderer("box-7")(SEGMENT, STAMP)


def test_topics() -> None:
    topics = Topics("box-7")
    assert topics.availability == "followspot/v1/box-7/availability"
    assert topics.state == "followspot/v1/box-7/state"
    assert topics.ack == "followspot/v1/box-7/ack"
    assert topics.commands == "followspot/v1/box-7/command/+"


@pytest.mark.parametrize("topic", ["reply/1", "followspot/v1/box-7/answer/1", "followspot", "école/réponse"])
def test_answers_may_go_to_plain_topics(topic: str) -> None:
    assert is_answerable(topic)


@pytest.mark.parametrize(
    "topic",
    ["", "reply/+", "reply/#", "#", "$SYS/x", "a\0b", "x" * 70_000, "followspot/v1/box-7/state",
     "followspot/v1/other/command/start", "followspot/v1/box-7/event/gap"],
)  # fmt: skip
def test_answers_may_not_go_where_boxes_speak(topic: str) -> None:
    assert not is_answerable(topic)
