"""What storage tells the session. Notices are given on the storage thread."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FragmentDurable:
    """Frames of this segment have reached the disk."""

    lesson_id: str
    index: int


@dataclass(frozen=True, slots=True)
class SegmentDurable:
    """A segment is complete, named, catalogued and announced."""

    lesson_id: str
    index: int


@dataclass(frozen=True, slots=True)
class StorageFailed:
    """Nothing more of the lesson can be kept; given once. What was whole on the disk is announced.

    `full`: no space is left. `lesson_id` None: no lesson is concerned yet.
    """

    lesson_id: str | None
    full: bool
    message: str


@dataclass(frozen=True, slots=True)
class DiskOverflow:
    """The disk could not keep up: media is thrown away until the next segment after it has caught up."""

    lesson_id: str
    message: str


@dataclass(frozen=True, slots=True)
class MediaMoved:
    """The disk failed and the lesson goes on in the fallback folder, with a later segment if one was open."""

    lesson_id: str
    message: str


StorageNotice = FragmentDurable | SegmentDurable | StorageFailed | DiskOverflow | MediaMoved
