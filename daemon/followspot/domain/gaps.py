"""Why media is missing or filled: a closed vocabulary (docs/segments.md explains each)."""

from enum import StrEnum


class GapReason(StrEnum):
    """Every reason a gap may be declared with."""

    CAMERA_LOST = "camera-lost"
    """The camera gave no picture, or the same one for too long: it was held, or black was shown; the sound went on."""
    SOUND_LOST = "sound-lost"
    """The microphones gave nothing: silence was recorded."""
    ROOM_SOUND = "room-sound"
    """The teacher's microphone gave nothing: the room microphone stands in for it."""
    MUTED = "muted"
    """The teacher had muted her marker: silence was recorded."""
    ENCODER_OVERFLOW = "encoder-overflow"
    """Pictures came faster than they could be encoded and were dropped."""
    DISK_OVERFLOW = "disk-overflow"
    """The disk could not keep up: the recording was cut."""
    DISK_FAILED = "disk-failed"
    """The disk failed or was pulled out: the recording goes on in another place."""
    PAUSE = "pause"
    """A person wanted nothing recorded: media time goes on where it stopped."""
    RECORDER_FAILED = "recorder-failed"
    """The recorder ended by a fault of its own and was started again: media time goes on where it stopped."""
    CRASH = "crash"
    """The daemon ended without closing the lesson: media time goes on where it stopped."""
