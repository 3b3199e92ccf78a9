"""What the box tells the world: one frozen model per event, the single source of every schema.

`type` is the CloudEvents type and the last level of the topic. An event is a fact: it is rendered once,
in the transaction of the change it reports, and sent with that id until it is acknowledged.

A new event is a new subclass of EventData and nothing else; `make schemas` then writes its schema. Within one
`schema_version` a model may only gain fields (docs/events.md); every other change needs the next version.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from followspot.domain.acknowledgement import StoreKey, StoreName
from followspot.domain.alerts import AlertCode
from followspot.domain.rendition import RenditionName
from followspot.domain.retention import DeletionReason
from followspot.domain.segments import (
    BookmarkRecord,
    ClockState,
    GapRecord,
    MediaNs,
    RenditionRecord,
    Sha256,
    SoundRecord,
    SpanNs,
    Track,
)
from followspot.domain.statement import LessonDetails, Statement

BootId = Annotated[str, Field(description="Of the box's run since power came: wall times of one boot err alike.")]
Ticks = Annotated[int, Field(ge=0, description="In ticks of 1/timescale s, exact.")]


class EventData(Statement):
    """Base of every event's data."""

    type: ClassVar[str]
    schema_version: ClassVar[int] = 1


def event_models() -> tuple[type[EventData], ...]:
    """Every event of the product, by type."""
    models = [model for model in EventData.__subclasses__() if model.__module__ == __name__]
    return tuple(sorted(models, key=lambda model: model.type))


def schema_id(model: type[EventData]) -> str:
    """The `dataschema` of an event: which schema its data keeps to."""
    return f"urn:followspot:schema:{model.type}:{model.schema_version}"


class LessonStarted(EventData):
    """The first frame of a new lesson was captured."""

    type: ClassVar[str] = "lesson.started"

    lesson_id: str
    started: AwareDatetime = Field(description="Wall time of the first frame: a label, corrected by later events.")
    clock: ClockState
    boot_id: BootId
    width: int = Field(gt=0, description="Of the recorded picture, pixels.")
    height: int = Field(gt=0, description="Of the recorded picture, pixels.")
    started_by: str = Field(description="marker, panel, command-line, mqtt or recovery.")
    details: LessonDetails


class LessonPaused(EventData):
    """Nothing is recorded until the lesson is resumed or completed; the camera is closed."""

    type: ClassVar[str] = "lesson.paused"

    lesson_id: str
    at_ns: MediaNs
    paused: AwareDatetime = Field(description="Wall time of the last frame: a label, corrected by later events.")
    clock: ClockState
    boot_id: BootId
    paused_by: str


class LessonResumed(EventData):
    """The first frame after a pause was captured: media time goes on where it stopped."""

    type: ClassVar[str] = "lesson.resumed"

    lesson_id: str
    at_ns: MediaNs
    missing_ns: int | None = Field(ge=0, description="Real time absent at at_ns; null where nobody can know.")
    resumed: AwareDatetime = Field(description="Wall time of the first frame: a label, corrected by later events.")
    clock: ClockState
    boot_id: BootId
    resumed_by: str


class BookmarkSet(BookmarkRecord, EventData):
    """A person marked a moment of the lesson."""

    type: ClassVar[str] = "bookmark"

    lesson_id: str


class SegmentReady(EventData):
    """A segment's file is complete, on the disk, and as stated here."""

    type: ClassVar[str] = "segment.ready"

    lesson_id: str
    index: int = Field(ge=0)
    path: str = Field(description="Below the media root, with forward slashes.")
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256
    start_ns: MediaNs
    duration_ns: SpanNs
    timescale: int = Field(gt=0, description="Ticks per second of the picture track.")
    start_ticks: Ticks
    duration_ticks: Ticks
    started: AwareDatetime = Field(description="Wall time of the first frame: a label, corrected by later events.")
    clock: ClockState
    boot_id: BootId
    frames: int = Field(ge=0)
    last: bool = Field(description="Known to be the lesson's last; lesson.completed alone is certain of it.")
    tracks: tuple[Track, ...]
    sounds: tuple[SoundRecord, ...] = ()
    renditions: tuple[RenditionRecord, ...] = Field(
        default=(), description="Further pictures of the segment, complete and on the disk as well."
    )


class LessonCompleted(EventData):
    """Nothing will be added to the lesson any more; its manifest is on the disk."""

    type: ClassVar[str] = "lesson.completed"

    lesson_id: str
    reason: str
    duration_ns: SpanNs
    segments: int = Field(ge=0, description="How many segments the lesson has.")
    size: int = Field(ge=0, description="Bytes of all segments.")
    frames: int = Field(ge=0, description="Pictures in all segments.")
    manifest: str = Field(description="Below the media root, with forward slashes.")
    manifest_sha256: Sha256
    gaps: tuple[GapRecord, ...]


class LessonAvailable(EventData):
    """The completed lesson is there as one file: all its segments joined, not encoded anew."""

    type: ClassVar[str] = "lesson.available"

    lesson_id: str
    path: str = Field(description="Below the media root, with forward slashes.")
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256
    duration_ns: SpanNs
    rendition: RenditionName | None = Field(
        default=None, description="Which further picture of the lesson it is; null: the one that players get."
    )


class LessonUnavailable(EventData):
    """The lesson's one file is no longer on the box. While all segments are, it is made and announced again one day."""

    type: ClassVar[str] = "lesson.unavailable"

    lesson_id: str
    path: str = Field(description="Below the media root, with forward slashes: where it was.")
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256
    reason: DeletionReason
    rendition: RenditionName | None = Field(
        default=None, description="Which further picture of the lesson it was; null: the one that players get."
    )


class GapDeclared(GapRecord, EventData):
    """Media is held, silent or missing."""

    type: ClassVar[str] = "gap"

    lesson_id: str


class ClockSpan(Statement):
    """Segments whose wall times were wrong alike. Segment i of it began at `started` + (its start_ns - `start_ns`)."""

    first_index: int = Field(ge=0)
    last_index: int = Field(ge=0)
    start_ns: MediaNs
    started: AwareDatetime = Field(description="The right wall time of media time start_ns.")
    offset_ns: int = Field(description="What to add to every announced `started` of these segments.")


class ClockLabel(Statement):
    """The event `sequence`, of the same epoch, told a wrong wall time (`paused`, `resumed` or `given`)."""

    sequence: int = Field(ge=1)
    time: AwareDatetime = Field(description="What it ought to have told.")


class ClockCorrected(EventData):
    """The box has learnt the wall time: what it announced of a lesson is corrected. No duration changes."""

    type: ClassVar[str] = "clock.corrected"

    lesson_id: str
    boot_id: BootId
    started: AwareDatetime = Field(description="Wall time of the lesson's first frame, as known now.")
    spans: tuple[ClockSpan, ...] = Field(description="Empty where no segment of the lesson was announced yet.")
    labels: tuple[ClockLabel, ...] = Field(default=(), description="Of pauses and bookmarks of the lesson.")
    clock_file: str = Field(description="clock.json, with every wall time of the lesson; below the media root.")


class SegmentStored(EventData):
    """The pipeline has acknowledged a segment: it is in `store`, under `key`. Said again when it has moved."""

    type: ClassVar[str] = "segment.stored"

    lesson_id: str
    index: int = Field(ge=0)
    sha256: Sha256
    store: StoreName
    key: StoreKey


class LessonStored(EventData):
    """Every segment and the manifest of a completed lesson are acknowledged. `key` is the manifest's."""

    type: ClassVar[str] = "lesson.stored"

    lesson_id: str
    segments: int = Field(ge=0, description="How many segments the lesson has.")
    manifest_sha256: Sha256
    store: StoreName
    key: StoreKey


class SegmentDeleted(EventData):
    """A segment's file is no longer on the box; `stored`: the pipeline had acknowledged it."""

    type: ClassVar[str] = "segment.deleted"

    lesson_id: str
    index: int = Field(ge=0)
    path: str = Field(description="Below the media root, with forward slashes: where it was.")
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256
    reason: DeletionReason
    stored: bool


class AlertRaised(EventData):
    """Something is wrong with the box."""

    type: ClassVar[str] = "alert.raised"

    code: AlertCode
    subject: str
    message: str


class AlertCleared(EventData):
    """What was wrong has healed."""

    type: ClassVar[str] = "alert.cleared"

    code: AlertCode
    subject: str


@dataclass(frozen=True, slots=True)
class EventStamp:
    """What the outbox adds to an event: its id (UUIDv7), its place in the box's history, and when.

    `sequence` counts from 1 without holes within `epoch`, the id of the database that counts.
    """

    id: str
    epoch: str
    sequence: int
    time: datetime


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """An event as it goes on the wire, every time it is sent."""

    topic: str
    payload: bytes


EventRenderer = Callable[[EventData, EventStamp], OutboxMessage]
