"""What the recorder tells upwards. Each is said once per transition, on a media thread."""

from dataclasses import dataclass

from followspot.domain.rendition import RenditionName
from followspot.domain.sound import Carrier, MicrophoneRole, SoundLevel


@dataclass(frozen=True, slots=True)
class CameraOpened:
    """The camera gives pictures of this size, before they are turned upright.

    `rate_hz` is what it says of itself, or the configured rate.
    """

    width: int
    height: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class CameraLost:
    """The camera gives no pictures and is being tried again; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class MicrophoneOpened:
    """The microphone gives sound."""

    role: MicrophoneRole = MicrophoneRole.TEACHER


@dataclass(frozen=True, slots=True)
class MicrophoneLost:
    """The configured microphone gives no sound and is being tried again; the other one, or silence, stands in."""

    reason: str
    role: MicrophoneRole = MicrophoneRole.TEACHER


@dataclass(frozen=True, slots=True)
class MicrophoneSilent:
    """The microphone gives sound in which there is nothing, and has for `seconds`: it is off, or turned down."""

    role: MicrophoneRole
    seconds: float


@dataclass(frozen=True, slots=True)
class MicrophoneHeard:
    """There is something in the microphone's sound again, or nothing is expected of it any more."""

    role: MicrophoneRole


@dataclass(frozen=True, slots=True)
class SoundLevels:
    """About once a second of media: how loud each microphone was (None: not there, or muted), and what is heard."""

    carrier: Carrier
    teacher: SoundLevel | None
    room: SoundLevel | None


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """The first frame was encoded."""


@dataclass(frozen=True, slots=True)
class FramesDropped:
    """`count` frames in a row came faster than they could be encoded; the gap is declared to the sink too.

    `rendition`: it is that further picture alone which lost them.
    """

    count: int
    rendition: RenditionName | None = None


@dataclass(frozen=True, slots=True)
class RecorderStopped:
    """Everything captured was handed to the sink. With no `frames` the sink was never touched."""

    media_end_ns: int
    frames: int


@dataclass(frozen=True, slots=True)
class RecorderFailed:
    """The recording ended by a fault of its own; what was handed to the sink stays good."""

    message: str


MediaNotice = (
    CameraOpened
    | CameraLost
    | MicrophoneOpened
    | MicrophoneLost
    | MicrophoneSilent
    | MicrophoneHeard
    | SoundLevels
    | RecordingStarted
    | FramesDropped
    | RecorderStopped
    | RecorderFailed
)
