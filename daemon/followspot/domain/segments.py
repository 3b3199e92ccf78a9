"""What a lesson's media is made of: tracks, gaps and the manifest, as the files and events state them."""

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, RenditionFile, SoundFile, TrackInfo
from followspot.domain.rendition import RenditionName
from followspot.domain.sound import MicrophoneRole
from followspot.domain.statement import LessonDetails, Statement

MANIFEST_FILE = "manifest.json"
FRAMING_FILE = "framing.jsonl"
CLOCK_FILE = "clock.json"
SEGMENT_PREFIX = "segment-"
"""Begins the name of every file of a segment, whole or on its way."""
SOUND_SUFFIX = ".m4a"
RENDITION_PREFIX = "render-"
"""Begins the name of a folder with the lesson framed again; its segments are named as the lesson's."""
BOOKMARKS_FILE = "bookmarks.vtt"

NANOSECONDS = 1_000_000_000

MediaNs = Annotated[int, Field(ge=0, description="Media time in nanoseconds since the lesson's first frame.")]
SpanNs = Annotated[int, Field(ge=0, description="A length of media time in nanoseconds.")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the whole file, in hex.")]


class ClockState(StrEnum):
    """Whether the box knew the wall time when it labelled something with it."""

    SYNCED = "synced"
    UNSYNCED = "unsynced"
    """Not yet set since power came: the label may be hours off, until `clock.corrected` mends it."""


def clock_state(synced: bool) -> ClockState:
    """The state in words."""
    return ClockState.SYNCED if synced else ClockState.UNSYNCED


class VideoTrack(Statement):
    """The picture of a segment. `codec` as in RFC 6381, `timescale` in ticks per second."""

    kind: Literal["video"] = "video"
    codec: str
    timescale: int = Field(gt=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class AudioTrack(Statement):
    """The sound of a segment. `codec` as in RFC 6381, `timescale` in ticks per second."""

    kind: Literal["audio"] = "audio"
    codec: str
    timescale: int = Field(gt=0)
    sample_rate_hz: int = Field(gt=0)
    channels: int = Field(gt=0)


Track = Annotated[VideoTrack | AudioTrack, Field(discriminator="kind")]
_TRACK: TypeAdapter[VideoTrack | AudioTrack] = TypeAdapter(Track)


def track_of(info: TrackInfo) -> VideoTrack | AudioTrack:
    """The statement of an encoded track; a ValueError (pydantic's) names what is missing for its kind."""
    fields = ("kind", "codec", "timescale", "width", "height", "sample_rate_hz", "channels")
    known = {name: getattr(info, name) for name in fields}
    return _TRACK.validate_python({name: value for name, value in known.items() if value is not None})


def nearest_tick(media_ns: int, timescale: int) -> int:
    """The tick of 1/`timescale` s that `media_ns` stands for: nanoseconds are ticks, rounded down."""
    return (media_ns * timescale + NANOSECONDS // 2) // NANOSECONDS


class GapRecord(Statement):
    """A declared gap: filled (`missing_ns` 0) or a cut (`duration_ns` 0). docs/segments.md explains each reason."""

    reason: GapReason
    start_ns: MediaNs
    duration_ns: SpanNs
    missing_ns: int | None = Field(ge=0, description="Real time absent at start_ns; null where nobody can know.")
    rendition: RenditionName | None = Field(
        default=None, description="It is this further picture alone that is held or missing; null: the lesson itself."
    )


def gap_record(gap: Gap) -> GapRecord:
    """The statement of `gap`."""
    return GapRecord(
        reason=gap.reason,
        start_ns=gap.start_ns,
        duration_ns=gap.duration_ns,
        missing_ns=gap.missing_ns,
        rendition=gap.rendition,
    )


BookmarkTag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
BookmarkText = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class BookmarkRecord(Statement):
    """A marked moment. In a pause or a lost stretch it is the cut."""

    at_ns: MediaNs
    tag: BookmarkTag
    text: BookmarkText = Field(description="May be empty.")
    given: AwareDatetime = Field(description="Wall time at which it was given: a label, corrected by later events.")
    clock: ClockState = ClockState.UNSYNCED
    given_by: str

    @property
    def title(self) -> str:
        """What people read."""
        return f"{self.tag}: {self.text}" if self.text else self.tag


class SoundRecord(Statement):
    """One microphone by itself for the time of a segment. `file` lies beside the segment's."""

    role: MicrophoneRole
    file: str
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256


def sound_record(sound: SoundFile) -> SoundRecord:
    """The statement of `sound`."""
    return SoundRecord(role=sound.role, file=sound.file, size=sound.size, sha256=sound.sha256)


class RenditionRecord(Statement):
    """A further picture of a segment with the same sound. `file` lies beside the segment's; both start together."""

    name: RenditionName
    file: str
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256
    duration_ns: SpanNs = Field(description="Of its own picture: shorter than the segment's where its end was lost.")
    frames: int = Field(ge=0)
    tracks: tuple[Track, ...]


def rendition_record(rendition: RenditionFile) -> RenditionRecord:
    """The statement of `rendition`."""
    return RenditionRecord(
        name=rendition.name,
        file=rendition.file,
        size=rendition.size,
        sha256=rendition.sha256,
        duration_ns=rendition.duration_ns,
        frames=rendition.frames,
        tracks=tuple(track_of(track) for track in rendition.tracks),
    )


class ManifestSegment(Statement):
    """One file of the lesson, in playing order. `file` lies beside the manifest."""

    index: int = Field(ge=0)
    file: str
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256
    start_ns: MediaNs
    duration_ns: SpanNs
    started: AwareDatetime
    clock: ClockState
    boot_id: str
    frames: int = Field(ge=0)
    sounds: tuple[SoundRecord, ...] = ()
    renditions: tuple[RenditionRecord, ...] = ()


class Manifest(Statement):
    """The whole lesson, written once when it is completed and never changed after."""

    version: Literal[1] = 1
    lesson_id: str
    device_id: str
    started: AwareDatetime
    clock: ClockState
    details: LessonDetails
    reason: str = Field(description="Why the lesson ended.")
    width: int = Field(gt=0, description="Of the recorded picture, pixels.")
    height: int = Field(gt=0, description="Of the recorded picture, pixels.")
    duration_ns: SpanNs
    tracks: tuple[Track, ...]
    segments: tuple[ManifestSegment, ...]
    gaps: tuple[GapRecord, ...]
    bookmarks: tuple[BookmarkRecord, ...]

    def to_bytes(self) -> bytes:
        """The file's content: equal manifests give equal bytes."""
        return file_bytes(self)


class ClockSegment(Statement):
    """When a segment began, by the newest knowledge."""

    index: int = Field(ge=0)
    started: AwareDatetime
    clock: ClockState


class ClockFile(Statement):
    """`clock.json` beside the manifest: the lesson's wall times as corrected since they were announced."""

    version: Literal[1] = 1
    lesson_id: str
    started: AwareDatetime
    clock: ClockState
    segments: tuple[ClockSegment, ...]
    bookmarks: tuple[BookmarkRecord, ...] = Field(default=(), description="As in the manifest, with the right times.")

    def to_bytes(self) -> bytes:
        """The file's content: equal knowledge gives equal bytes."""
        return file_bytes(self)


def file_bytes(statement: Statement) -> bytes:
    """A statement as a file that people may read too: equal statements give equal bytes."""
    text = json.dumps(statement.model_dump(mode="json"), ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def segment_file(index: int, rendition: RenditionName | None = None) -> str:
    """The name of a finished segment, or of a further picture of it."""
    return f"{SEGMENT_PREFIX}{index:05d}{_infix(rendition)}.mp4"


def playlist_file(rendition: RenditionName | None = None) -> str:
    """The name of the lesson's playlist, or of a further picture's."""
    return f"playlist{_infix(rendition)}.m3u8"


def whole_file(rendition: RenditionName | None = None) -> str:
    """The name of the completed lesson as one file, or of a further picture of it."""
    return f"lesson{_infix(rendition)}.mp4"


def _infix(rendition: RenditionName | None) -> str:
    return "" if rendition is None else f".{rendition}"


def sound_file(index: int, role: MicrophoneRole) -> str:
    """The name of a single microphone's file beside a segment."""
    return f"{SEGMENT_PREFIX}{index:05d}.{role}{SOUND_SUFFIX}"


def relative_path(lesson_id: str, file: str) -> str:
    """A file of a lesson as events name it: below the media root, with forward slashes."""
    return f"{lesson_id}/{file}"
