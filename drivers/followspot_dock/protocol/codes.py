"""The closed code tables of the wire protocol. A receiver must stand values that are not listed here."""

from enum import IntEnum, IntFlag


class MarkerRole(IntEnum):
    """Of several markers the primary one is followed; a hand-over makes another one primary."""

    PRIMARY = 1
    SECONDARY = 2


class Press(IntEnum):
    """How a marker's button was pressed."""

    SHORT = 1
    DOUBLE = 2
    LONG = 3


class FaultCode(IntEnum):
    """What can be wrong in the dock."""

    STALL = 1
    OVER_CURRENT = 2
    BROWN_OUT = 3
    END_STOP = 4


class Axis(IntEnum):
    """Which axis a fault concerns."""

    NONE = 0
    PAN = 1
    TILT = 2


class PowerSource(IntEnum):
    """What feeds the dock."""

    UNKNOWN = 0
    BATTERY = 1
    USB = 2
    MAINS = 3


class Outcome(IntEnum):
    """How a MoveTo or a Park ended."""

    REACHED = 1
    EXPIRED = 2
    REPLACED = 3
    STOPPED = 4
    FAILED = 5


class RefusalCode(IntEnum):
    """Why the dock did not do what a message asked."""

    NO_HELLO = 1
    TTL_OUT_OF_RANGE = 2
    VALUE_OUT_OF_RANGE = 3
    FAULT_STANDS = 4
    TOO_OLD = 5
    VERSION = 6
    NOT_SUPPORTED = 7
    UNKNOWN_MARKER = 8
    MALFORMED = 9


class Feature(IntFlag):
    """What a dock has, as its HelloReply says."""

    MARKER = 1
    MARKER_BUTTON = 2
    MARKER_LAMP = 4
    MICROPHONE = 8
    GRAVITY = 16
    BATTERY = 32
    THERMOMETER = 64
    PARK = 128
    IDENTIFY = 256


class MarkerFlag(IntFlag):
    """The state of a marker."""

    CHARGING = 1
    IN_BAY = 2
    MUTED = 4
