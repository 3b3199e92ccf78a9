"""What a lesson's media is made of: tracks, gaps and the manifest, as the files and events state them."""

import json
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, SoundFile, TrackInfo
from followspot.domain.sound import MicrophoneRole

MANIFEST_FILE = "manifest.json"
PLAYLIST_FILE = "playlist.m3u8"
FRAMING_FILE = "framing.jsonl"
WHOLE_FILE = "lesson.mp4"
SOUND_SUFFIX = ".m4a"
BOOKMARKS_FILE = "bookmarks.vtt"
WHOLE_FILE = "lesson.mp4"
"""The completed lesson as one file."""

MediaNs = Annotated[int, Field(ge=0, description="Media time in nanoseconds since the lesson's first frame.")]
SpanNs = Annotated[int, Field(ge=0, description="A length of media time in nanoseconds.")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the whole file, in hex.")]


class Statement(BaseModel):
    """Base of what the product states to others: strict, frozen, nothing unknown."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


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


class GapRecord(Statement):
    """A declared gap: filled (`missing_ns` 0) or a cut (`duration_ns` 0). docs/segments.md explains each reason."""

    reason: GapReason
    start_ns: MediaNs
    duration_ns: SpanNs
    missing_ns: int | None = Field(ge=0, description="Real time absent at start_ns; null where nobody can know.")


def gap_record(gap: Gap) -> GapRecord:
    """The statement of `gap`."""
    return GapRecord(reason=gap.reason, start_ns=gap.start_ns, duration_ns=gap.duration_ns, missing_ns=gap.missing_ns)


BookmarkTag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
BookmarkText = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class BookmarkRecord(Statement):
    """A marked moment. In a pause or a lost stretch it is the cut."""

    at_ns: MediaNs
    tag: BookmarkTag
    text: BookmarkText = Field(description="May be empty.")
    given: AwareDatetime = Field(description="Wall time at which it was given.")
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


class ManifestSegment(Statement):
    """One file of the lesson, in playing order. `file` lies beside the manifest."""

    index: int = Field(ge=0)
    file: str
    size: int = Field(gt=0, description="Bytes.")
    sha256: Sha256
    start_ns: MediaNs
    duration_ns: SpanNs
    started: AwareDatetime
    frames: int = Field(ge=0)
    sounds: tuple[SoundRecord, ...] = ()


class Manifest(Statement):
    """The whole lesson, written once when it is completed and never changed after."""

    version: Literal[1] = 1
    lesson_id: str
    device_id: str
    started: AwareDatetime
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
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=2, sort_keys=True)
        return f"{text}\n".encode()


def segment_file(index: int) -> str:
    """The name of a finished segment."""
    return f"segment-{index:05d}.mp4"


def sound_file(index: int, role: MicrophoneRole) -> str:
    """The name of a single microphone's file beside a segment."""
    return f"segment-{index:05d}.{role}{SOUND_SUFFIX}"


def relative_path(lesson_id: str, file: str) -> str:
    """A file of a lesson as events name it: below the media root, with forward slashes."""
    return f"{lesson_id}/{file}"
