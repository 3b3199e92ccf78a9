"""The messages of protocol version 1: `docs/dock-protocol.md` says when each is sent and what each byte means."""

import struct

from followspot_dock.protocol.fields import MAX_TEXT_BYTES, Message
from followspot_dock.protocol.frames import Frame
from followspot_dock.protocol.messages_base import ClearFault, DockStatus, Fault
from followspot_dock.protocol.messages_marker import Button, FollowMarker, MarkerLamp, MarkerReport, MarkerStatus
from followspot_dock.protocol.messages_motion import Drive, MotionDone, MoveTo, Park, Pose, Stop
from followspot_dock.protocol.messages_talk import Ack, ClockReply, ClockRequest, Hello, HelloReply, Identify, Refusal

__all__ = [
    "BY_TYPE",
    "HOST_SILENCE_S",
    "KNOWN",
    "MARKER_LAMP_HOLD_S",
    "MAX_TEXT_BYTES",
    "MAX_TTL_MS",
    "PROTOCOL_MINOR",
    "Ack",
    "Button",
    "ClearFault",
    "ClockReply",
    "ClockRequest",
    "DockStatus",
    "Drive",
    "Fault",
    "FollowMarker",
    "Hello",
    "HelloReply",
    "Identify",
    "MarkerLamp",
    "MarkerReport",
    "MarkerStatus",
    "Message",
    "MotionDone",
    "MoveTo",
    "Park",
    "Pose",
    "Refusal",
    "Stop",
    "from_frame",
    "is_newer",
    "to_frame",
]

PROTOCOL_MINOR = 0
"""Grows when messages or fields are added; no receiver needs to know it."""
MAX_TTL_MS = 500
MARKER_LAMP_HOLD_S = 2.0
HOST_SILENCE_S = 3.0
_HALF_CIRCLE = 0x8000

KNOWN: tuple[type[Message], ...] = (
    Hello,
    HelloReply,
    Ack,
    Refusal,
    ClockRequest,
    ClockReply,
    Identify,
    Drive,
    MoveTo,
    Stop,
    Park,
    MarkerLamp,
    FollowMarker,
    ClearFault,
    Pose,
    MarkerReport,
    MarkerStatus,
    Button,
    DockStatus,
    Fault,
    MotionDone,
)
BY_TYPE = {message.TYPE: message for message in KNOWN}


def to_frame(message: Message, sequence: int) -> Frame:
    """The message as a frame."""
    return Frame(message.TYPE, sequence & 0xFFFF, message.to_payload())


def from_frame(frame: Frame) -> Message | None:
    """The message in a frame; None for a type that is not known here.

    Raises ValueError for a payload that is too short for its type.
    """
    known = BY_TYPE.get(frame.type)
    try:
        return known.from_payload(frame.payload) if known is not None else None
    except struct.error as error:
        raise ValueError(str(error)) from error


def is_newer(number: int, than: int) -> bool:
    """Whether a wrapping 16-bit number comes after another (RFC 1982, "Serial Number Arithmetic")."""
    return 0 < (number - than) & 0xFFFF < _HALF_CIRCLE
