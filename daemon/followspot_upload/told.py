"""What the device's events tell of its history: their numbers, and how far its lessons are."""

import json
from dataclasses import dataclass
from typing import Any

from followspot_upload.announced import SOURCE

MAX_SEQUENCE = 2**63 - 1
"""What the database can count."""
MAX_EPOCH = 64
MAX_SEGMENTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """An event's place in the device's history: numbers count from 1 without holes in an epoch."""

    device: str
    epoch: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Completed:
    """A lesson has ended. `segments`: how many it has, None where that was not told."""

    device: str
    lesson_id: str
    segments: int | None


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """The device has noted that somebody stored a segment, and where."""

    device: str
    lesson_id: str
    index: int
    sha256: str
    store: str
    key: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing of a lesson is to be waited for any more: it is stored whole, or `lost` says that it never can be."""

    device: str
    lesson_id: str
    lost: bool


LessonNews = Completed | StoredCopy | Closed


@dataclass(frozen=True, slots=True)
class Told:
    """One event. `stamp` None: it bears no number."""

    device: str
    stamp: Stamp | None
    news: LessonNews | None


def read_told(raw: bytes) -> Told:
    """What a CloudEvent tells. ValueError for what cannot be read."""
    try:
        event: dict[str, Any] = json.loads(raw)
        device = str(event["source"]).removeprefix(SOURCE)
        return Told(device, _stamp(device, event), _news(device, event["type"], event["data"]))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not an event of a Followspot: {error!r}") from error


def _stamp(device: str, event: dict[str, Any]) -> Stamp | None:
    if "sequence" not in event or "epoch" not in event:
        return None
    epoch, sequence = str(event["epoch"]), int(event["sequence"])
    if not (1 <= sequence <= MAX_SEQUENCE and len(epoch) <= MAX_EPOCH):
        raise ValueError(f"number {sequence} of the epoch {epoch!r} cannot be")
    return Stamp(device, epoch, sequence)


def _news(device: str, kind: object, data: dict[str, Any]) -> LessonNews | None:
    match kind:
        case "lesson.completed":
            return Completed(device, str(data["lesson_id"]), _count(data.get("segments")))
        case "segment.stored":
            texts = (str(data[name]) for name in ("sha256", "store", "key"))
            return StoredCopy(device, str(data["lesson_id"]), _count(data["index"]) or 0, *texts)
        case "lesson.stored":
            return Closed(device, str(data["lesson_id"]), lost=False)
        case "segment.deleted" if data.get("stored") is False:
            return Closed(device, str(data["lesson_id"]), lost=True)
    return None


def _count(number: object) -> int | None:
    if number is None:
        return None
    if not isinstance(number, int) or not 0 <= number <= MAX_SEGMENTS:
        raise ValueError(f"there are not {number!r} segments")
    return number
