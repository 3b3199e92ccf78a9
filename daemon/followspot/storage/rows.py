"""What the catalogue keeps of a lesson, as the rest of storage sees it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from followspot.domain.recording import RenditionFile, SoundFile, TrackInfo
from followspot.domain.rendition import RenditionName
from followspot.domain.segments import NANOSECONDS
from followspot.domain.statement import LessonDetails

MICROSECOND_NS = 1000
CLOCK_TOLERANCE = timedelta(seconds=1)
"""Wall times are labels for people: a clock that is set drifts by less within a lesson, a step is more."""


class LessonState(StrEnum):
    """How far a lesson is."""

    RECORDING = "recording"
    PAUSING = "pausing"
    """A pause is decided; where the media stops is not yet known and announced."""
    PAUSED = "paused"
    STOPPING = "stopping"
    """Its end is decided and its reason known: whatever happens now, it is completed, never resumed."""
    COMPLETED = "completed"

    @property
    def is_paused(self) -> bool:
        """Whether nothing may be recorded before a person says so."""
        return self in (LessonState.PAUSING, LessonState.PAUSED)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was, by the clock of a boot that nobody sets; `synced`: its wall time can be believed."""

    boot_id: str
    boottime_ns: int
    synced: bool


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A wall time that the event `sequence` told."""

    sequence: int
    boottime_ns: int
    told: datetime
    synced: bool


@dataclass(frozen=True, slots=True)
class Anchor:
    """Ties media time to the other times: at `media_ns` it was `wall` and, in that boot, `boottime_ns`.

    `synced`: whether the wall clock was set then, or has been found right since.
    """

    media_ns: int
    wall: datetime
    boot_id: str
    boottime_ns: int
    synced: bool = True

    def wall_at(self, media_ns: int) -> datetime:
        """The wall time of a moment of media not before a later cut."""
        return self.wall + timedelta(microseconds=(media_ns - self.media_ns) // MICROSECOND_NS)

    def boottime_at(self, media_ns: int) -> int:
        """CLOCK_BOOTTIME of a moment of media not before a later cut, in the anchor's boot."""
        return self.boottime_ns + media_ns - self.media_ns

    def moment_at(self, media_ns: int) -> Moment:
        """A moment of media not before a later cut."""
        return Moment(self.boot_id, self.boottime_at(media_ns), self.synced)

    def wall_of(self, boottime_ns: int) -> datetime:
        """The wall time of a moment of this boot: like all labels of a lesson it follows the anchor."""
        return self.wall + timedelta(microseconds=(boottime_ns - self.boottime_ns) // MICROSECOND_NS)

    def media_at(self, boottime_ns: int) -> int:
        """The media time of a moment of this boot; one before the anchor lies in the cut that it stands behind."""
        return self.media_ns + max(0, boottime_ns - self.boottime_ns)

    def after_cut(self, media_ns: int, missing_ns: int) -> "Anchor":
        """The anchor for the media behind a cut of `missing_ns` at `media_ns`."""
        wall = self.wall_at(media_ns) + timedelta(microseconds=missing_ns // MICROSECOND_NS)
        return replace(self, media_ns=media_ns, wall=wall, boottime_ns=self.boottime_at(media_ns) + missing_ns)


@dataclass(frozen=True, slots=True)
class LessonRow:
    """A lesson. `started` is the wall time of its first frame; `reason` why it ended, once that is decided."""

    id: str
    state: LessonState
    reason: str | None
    started: datetime
    started_by: str
    width: int
    height: int
    anchor: Anchor
    details: LessonDetails
    paused_by: str = ""


@dataclass(frozen=True, slots=True)
class WholeKey:
    """Which one file: a completed lesson's own, or that of a further picture of it."""

    lesson_id: str
    rendition: RenditionName | None = None


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A completed lesson as one file, or a further picture of it."""

    lesson_id: str
    file: str
    size: int
    sha256: str
    duration_ns: int
    rendition: RenditionName | None = None

    @property
    def key(self) -> WholeKey:
        """Which it is."""
        return WholeKey(self.lesson_id, self.rendition)


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A finished, synced segment. `init_size`: the bytes of its file before its first fragment.

    It began `boottime_ns` after the start of the boot; `synced`: its wall time `started` can be believed.
    """

    lesson_id: str
    index: int
    file: str
    size: int
    sha256: str
    init_size: int
    start_ns: int
    duration_ns: int
    started: datetime
    frames: int
    tracks: tuple[TrackInfo, ...]
    boot_id: str
    boottime_ns: int
    synced: bool
    sounds: tuple[SoundFile, ...] = ()
    renditions: tuple[RenditionFile, ...] = ()

    @property
    def timescale(self) -> int:
        """Ticks per second of the picture."""
        return next((track.timescale for track in self.tracks if track.kind == "video"), NANOSECONDS)

    @property
    def end_ns(self) -> int:
        """Where its media ends."""
        return self.start_ns + self.duration_ns


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """An event that the broker has not acknowledged."""

    sequence: int
    topic: str
    payload: bytes
