"""The joints between recorder, storage and session: small frozen facts and two ports.

Media time: nanoseconds since the lesson's first frame, cuts taken out. It never goes backwards.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from followspot.domain.gaps import GapReason
from followspot.domain.rendition import RenditionName
from followspot.domain.sound import MicrophoneRole
from followspot.domain.statement import NO_DETAILS, LessonDetails


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """One track of a segment as it was encoded. `codec` is the RFC 6381 string, `timescale` ticks per second."""

    kind: str
    codec: str
    timescale: int
    width: int | None = None
    height: int | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class SoundPart:
    """One microphone by itself for the time of a segment: a whole MP4 file with AAC, in lesson time."""

    role: MicrophoneRole
    data: bytes


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A SoundPart on the disk, in the file called `file` beside the segment."""

    role: MicrophoneRole
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RenditionFile:
    """A further picture of a segment, with the same sound, in the file called `file` beside it. Both start together.

    `duration_ns` and `frames` are its own picture's: it may be shorter than the segment, never longer.
    `init_sha256` is the hash of its first `init_size` bytes, what lies before its first fragment.
    """

    name: RenditionName
    file: str
    size: int
    sha256: str
    init_size: int
    init_sha256: str
    duration_ns: int
    frames: int
    tracks: tuple[TrackInfo, ...]


@dataclass(frozen=True, slots=True)
class SegmentEnd:
    """What the segmenter knows when a segment is complete. Times are media time.

    `renditions`: further pictures of it that are being recorded, whose own ends follow.
    """

    index: int
    start_ns: int
    duration_ns: int
    frames: int
    last: bool
    tracks: tuple[TrackInfo, ...]
    sounds: tuple[SoundPart, ...] = ()
    renditions: tuple[RenditionName, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of media that is held, silent or missing.

    Filled (`missing_ns` 0): the media from `start_ns` for `duration_ns` is a stand-in.
    Cut (`duration_ns` 0): `missing_ns` of real time is absent at `start_ns`; None when nobody can know how much.
    `rendition`: it is that further picture alone which is held or missing there; the lesson itself is whole.
    """

    reason: GapReason
    start_ns: int
    duration_ns: int
    missing_ns: int | None = 0
    rendition: RenditionName | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that a person marked: CLOCK_MONOTONIC of the command."""

    given_ns: int
    tag: str
    text: str
    given_by: str


@dataclass(frozen=True, slots=True)
class LessonPlan:
    """What the recorder must know to begin or to go on with a lesson; `cut`: why it has to go on.

    `details` is what was said of a lesson that begins; of one that goes on it is on record.
    """

    lesson_id: str
    first_index: int = 0
    media_start_ns: int = 0
    cut: GapReason = GapReason.CRASH
    details: LessonDetails = NO_DETAILS


@dataclass(frozen=True, slots=True)
class LessonOrigin:
    """The first frame ties media time to the other times, once. `width` and `height` are the recorded picture's."""

    exposure_ns: int
    wall: datetime
    width: int
    height: int


class SegmentSink(Protocol):
    """Where a lesson's media goes. Every call returns at once; the work is done on the storage worker, in order.

    A failure there (full disk, I/O error) reaches the session through the alert registry and the storage's
    own failure callback, never as an exception here.
    """

    def begin(self, origin: LessonOrigin) -> None:
        """The lesson's first frame was captured."""
        ...

    def open_segment(self, index: int, start_ns: int) -> None:
        """A new unfinished segment file, before its first fragment."""
        ...

    def write_fragment(self, index: int, data: bytes) -> None:
        """Append one whole fragment (the first call: the init segment) and make it durable: one write, one sync."""
        ...

    def write_framing(self, line: bytes) -> None:
        """Append one line (with its line feed) to the lesson's framing track."""
        ...

    def declare_gap(self, gap: Gap) -> None:
        """Put a gap on record, in the catalogue and as an event."""
        ...

    def finish_segment(self, end: SegmentEnd) -> None:
        """All fragments were given: make the file complete, name it, catalogue and announce it."""
        ...

    def rendition(self, name: RenditionName) -> "RenditionSink":
        """Where a further picture of the lesson goes."""
        ...


class RenditionSink(Protocol):
    """Where a further picture of a lesson goes, segment by segment, under the numbers of the lesson's own segments.

    Called on a thread of its own. Every call returns at once; a failure here never harms the lesson's own picture,
    whose segment `index` must be opened before this one.
    """

    def open_segment(self, index: int) -> None:
        """A new unfinished file, before its first fragment."""
        ...

    def write_fragment(self, index: int, data: bytes) -> None:
        """Append one whole fragment (the first call: the init segment) and make it durable."""
        ...

    def declare_gap(self, gap: Gap) -> None:
        """Put a gap of this picture on record."""
        ...

    def finish_segment(self, index: int) -> None:
        """All fragments were given that will be, of this segment and of those before."""
        ...
