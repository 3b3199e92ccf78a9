"""What a dock says it can do: translated, and refused where it cannot be true."""

import math
from dataclasses import fields

from followspot_dock.port import Capabilities, Feature
from followspot_dock.protocol import codes
from followspot_dock.protocol.messages import HelloReply

_FULL_TURN_DEG = 360.0
"""No pan/tilt head without a slip ring turns further than this from its middle, and one with it needs no more."""
_LIMITS = (
    "pan_max_rate_dps",
    "tilt_max_rate_dps",
    "pan_max_acceleration_dps2",
    "tilt_max_acceleration_dps2",
)
_FEATURES = {
    codes.Feature.MARKER: Feature.MARKER,
    codes.Feature.MARKER_BUTTON: Feature.MARKER_BUTTON,
    codes.Feature.MARKER_LAMP: Feature.MARKER_LAMP,
    codes.Feature.MICROPHONE: Feature.MICROPHONE,
    codes.Feature.GRAVITY: Feature.GRAVITY,
    codes.Feature.BATTERY: Feature.BATTERY,
    codes.Feature.THERMOMETER: Feature.THERMOMETER,
    codes.Feature.PARK: Feature.PARK,
    codes.Feature.IDENTIFY: Feature.IDENTIFY,
}


def from_reply(reply: HelloReply) -> Capabilities:
    """The port's words for it; features that this driver does not know are left out."""
    return Capabilities(
        model=reply.model,
        firmware=reply.firmware,
        serial_number=reply.serial_number,
        pan_min_deg=reply.pan_min_deg,
        pan_max_deg=reply.pan_max_deg,
        tilt_min_deg=reply.tilt_min_deg,
        tilt_max_deg=reply.tilt_max_deg,
        pan_max_rate_dps=reply.pan_max_rate_dps,
        tilt_max_rate_dps=reply.tilt_max_rate_dps,
        pan_max_acceleration_dps2=reply.pan_max_acceleration_dps2,
        tilt_max_acceleration_dps2=reply.tilt_max_acceleration_dps2,
        features=frozenset(feature for code, feature in _FEATURES.items() if reply.features & code),
        max_markers=reply.max_markers,
        microphone=reply.microphone,
    )


def absurdity(capabilities: Capabilities) -> str | None:
    """What cannot be true of it, naming the field; None where all of it can."""
    for field in fields(capabilities):
        value = getattr(capabilities, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            return f"{field.name} is {value}"
    for name in _LIMITS:
        value = getattr(capabilities, name)
        if value <= 0:
            return f"{name} is {value:g}, which is not above 0"
    for axis in ("pan", "tilt"):
        least, most = getattr(capabilities, f"{axis}_min_deg"), getattr(capabilities, f"{axis}_max_deg")
        if least >= most:
            return f"{axis}_min_deg is {least:g}, which is not below {axis}_max_deg {most:g}"
        if least < -_FULL_TURN_DEG or most > _FULL_TURN_DEG:
            return f"{axis}_min_deg {least:g} to {axis}_max_deg {most:g} is more than a full turn each way"
    return None
