"""The Dock port: what every dock driver does, and what it tells.

Angles in degrees, positive right (pan, azimuth) and up (tilt, elevation), in the dock's base frame; rates in
degrees per second. Every time is the host's CLOCK_MONOTONIC in nanoseconds: a driver maps the dock's own clock.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class LinkState(StrEnum):
    """The life cycle of the link."""

    SEARCHING = "searching"
    """No dock yet, or an attempt to reach it failed: the reason says which."""
    CONNECTING = "connecting"
    NEGOTIATING = "negotiating"
    READY = "ready"
    LOST = "lost"
    """A link that was READY broke; the search for it begins at once."""


class ButtonPress(StrEnum):
    """How the marker's button was pressed."""

    SHORT = "short"
    DOUBLE = "double"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the dock can do, as it said in its hello."""

    model: str
    firmware: str
    serial_number: str
    pan_min_deg: float
    pan_max_deg: float
    tilt_min_deg: float
    tilt_max_deg: float
    max_rate_dps: float
    max_acceleration_dps2: float
    has_marker: bool

    def fault(self) -> str | None:
        """Why no dock can be like this, naming the field; None where one can."""
        for axis in ("pan", "tilt"):
            low, high = getattr(self, f"{axis}_min_deg"), getattr(self, f"{axis}_max_deg")
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                return f"{axis}_min_deg {low} must be below {axis}_max_deg {high}"
        for field in ("max_rate_dps", "max_acceleration_dps2"):
            if not (math.isfinite(value := getattr(self, field)) and value > 0):
                return f"{field} {value} must be above 0"
        return None


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link moved on; `reason` is for people, `capabilities` is there from READY on."""

    state: LinkState
    reason: str
    capabilities: Capabilities | None = None


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the dock pointed at `time_ns`."""

    time_ns: int
    pan_deg: float
    tilt_deg: float
    pan_rate_dps: float
    tilt_rate_dps: float


@dataclass(frozen=True, slots=True)
class MarkerReport:
    """Where the dock saw the marker at `time_ns`, relative to its base; `quality` 0 to 1, 0 when not seen."""

    time_ns: int
    azimuth_deg: float
    elevation_deg: float
    quality: float


@dataclass(frozen=True, slots=True)
class MarkerButton:
    """The teacher pressed the marker's button."""

    time_ns: int
    press: ButtonPress


@dataclass(frozen=True, slots=True)
class Batteries:
    """Charge in percent; None where there is no such battery or it is not known."""

    dock_percent: int | None
    marker_percent: int | None


DockEvent = LinkChanged | Pose | MarkerReport | MarkerButton | Batteries
DockListener = Callable[[DockEvent], None]


class DockError(Exception):
    """The dock did not do what was asked: what, and why."""


class Dock(ABC):
    """One dock. Lives on one asyncio loop; no method blocks it.

    `run` keeps the link alive until it is cancelled and is silent about faults other than through LinkChanged.
    Events reach the listener on the loop, in order, and the listener must return at once.
    """

    @abstractmethod
    async def run(self) -> None:
        """Search, connect, negotiate, stay ready, and begin again with back-off when lost, until cancelled.

        Leaves the dock stopped and the port closed.
        """

    @property
    @abstractmethod
    def link(self) -> LinkState:
        """The link's state now."""

    @abstractmethod
    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        """Turn at these rates for at most `ttl_ms` (1 to 500); each call replaces the one before and a `stop`.

        Dropped without a word unless READY: intent must be fresh.
        Raises ValueError for a rate that is not finite or a time to live out of range.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop turning now; repeated on the wire until the dock acknowledges or the link is lost."""

    @abstractmethod
    def marker_lamp(self, on: bool) -> None:
        """Set the recording light on the marker; kept and sent again after a reconnect."""
