"""How the simulated dock and its markers are, as whoever plays the world sets it."""

from dataclasses import dataclass, field

from followspot_dock.protocol import codes, messages


@dataclass(slots=True)
class MarkerState:
    """How one marker is."""

    battery_percent: int | None = 74
    charging: bool = False
    in_bay: bool = False
    muted: bool = False

    def flags(self) -> codes.MarkerFlag:
        """As MarkerStatus tells it."""
        flags = codes.MarkerFlag(0)
        for is_set, flag in zip((self.charging, self.in_bay, self.muted), codes.MarkerFlag, strict=True):
            flags |= flag if is_set else 0
        return flags


@dataclass(slots=True)
class Condition:
    """How dock and markers are; may be changed at any time, and is told at once. A marker not listed is as new."""

    status: messages.DockStatus = field(
        default_factory=lambda: messages.DockStatus(88, codes.PowerSource.BATTERY, charging=False, temperature_c=31.5)
    )
    markers: dict[int, MarkerState] = field(default_factory=dict)
    encoder_offset_deg: tuple[float, float] = (0.0, 0.0)
    """How wrong the encoders are: pan and tilt."""
    encoder_sigma_deg: float = 0.01
