"""What can be said of a lesson's sound: whose microphone, how loud, and what players hear."""

from dataclasses import dataclass
from enum import StrEnum

SILENCE_DBFS = -120.0
"""The meters' lower end: below the noise of every microphone, and what stands for digital silence."""


class MicrophoneRole(StrEnum):
    """Which microphone."""

    TEACHER = "teacher"
    """The one that the teacher wears: `[microphone]`."""
    ROOM = "room"
    """The one that hears the children: `[room_microphone]`."""


class Carrier(StrEnum):
    """What the sound track that players use is carried by."""

    TEACHER = "teacher"
    """The teacher's microphone, with the room softly under her where there is a room microphone."""
    ROOM = "room"
    """The room microphone alone: there is no other, or it gives nothing."""
    NONE = "none"
    """No microphone gives anything: there is silence."""
    MUTED = "muted"
    """The teacher has muted her marker: there is silence, whatever the microphones hear."""


@dataclass(frozen=True, slots=True)
class SoundLevel:
    """How loud it was within the last second; full scale is 0 dBFS, a full-scale sine has an RMS of -3."""

    peak_dbfs: float
    rms_dbfs: float
