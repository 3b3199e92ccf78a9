"""The Dock port: what every dock driver does, and what it tells.

Angles in degrees, positive right (pan, azimuth) and up (tilt, elevation), in the dock's base frame; rates in
degrees per second. Every time is the host's CLOCK_MONOTONIC in nanoseconds: a driver maps the dock's own clock.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

MAX_TTL_MS = 500
"""A motion that nobody renews within this time is over: nothing moves on stale intent."""


class LinkState(StrEnum):
    """The life cycle of the link."""

    SEARCHING = "searching"
    """No dock yet, or an attempt to reach it failed: the reason says which."""
    CONNECTING = "connecting"
    NEGOTIATING = "negotiating"
    READY = "ready"
    DEGRADED = "degraded"
    """Works as READY does, but loses more frames than it should: the reason says how many."""
    LOST = "lost"
    """A link that was READY or DEGRADED broke; the search for it begins at once."""

    @property
    def works(self) -> bool:
        """Whether commands get through: READY or DEGRADED."""
        return self in (LinkState.READY, LinkState.DEGRADED)


class ButtonPress(StrEnum):
    """How the marker's button was pressed."""

    SHORT = "short"
    DOUBLE = "double"
    LONG = "long"


class MarkerRole(StrEnum):
    """Of several markers the primary one is followed."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class PowerSource(StrEnum):
    """What feeds the dock."""

    UNKNOWN = "unknown"
    BATTERY = "battery"
    USB = "usb"
    MAINS = "mains"


class FaultKind(StrEnum):
    """What can be wrong in the dock."""

    STALL = "stall"
    OVER_CURRENT = "over-current"
    BROWN_OUT = "brown-out"
    END_STOP = "end stop"
    OTHER = "other"
    """Something this driver has no name for."""


class Axis(StrEnum):
    """Which motor."""

    PAN = "pan"
    TILT = "tilt"


class MotionOutcome(StrEnum):
    """How a `drive_to` or `park` ended."""

    REACHED = "reached"
    EXPIRED = "expired"
    REPLACED = "replaced"
    STOPPED = "stopped"
    FAILED = "failed"
    """A fault ended it, or the dock refused it."""


class Request(StrEnum):
    """What is asked of a dock once, and answered with RequestDone."""

    FOLLOW_MARKER = "follow marker"
    CLEAR_FAULT = "clear fault"
    IDENTIFY = "identify"


class Feature(StrEnum):
    """What a dock may have."""

    MARKER = "marker"
    MARKER_BUTTON = "marker button"
    MARKER_LAMP = "marker lamp"
    MICROPHONE = "microphone"
    GRAVITY = "gravity"
    """A sensor of the vertical: the base frame is level however the dock stands."""
    BATTERY = "battery"
    THERMOMETER = "thermometer"
    PARK = "park"
    IDENTIFY = "identify"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the dock is and can do. `microphone` is the name of its sound device, "" if it has none."""

    model: str
    firmware: str
    serial_number: str
    pan_min_deg: float
    pan_max_deg: float
    tilt_min_deg: float
    tilt_max_deg: float
    pan_max_rate_dps: float
    tilt_max_rate_dps: float
    pan_max_acceleration_dps2: float
    tilt_max_acceleration_dps2: float
    features: frozenset[Feature] = frozenset()
    max_markers: int = 0
    microphone: str = ""

    @property
    def has_marker(self) -> bool:
        """Whether the dock sees markers at all; framing without one follows by vision."""
        return Feature.MARKER in self.features


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link moved on; `reason` is for people, `capabilities` is there in READY and DEGRADED."""

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
    """Where the dock saw a marker at `time_ns`, relative to its base; `quality` 0 to 1, 0 when not seen."""

    time_ns: int
    azimuth_deg: float
    elevation_deg: float
    quality: float
    marker_id: int = 1
    role: MarkerRole = MarkerRole.PRIMARY


@dataclass(frozen=True, slots=True)
class MarkerStatus:
    """How a marker is; told once a second and at each change. `battery_percent` is None where it is not known."""

    marker_id: int
    role: MarkerRole
    battery_percent: int | None
    charging: bool
    in_bay: bool
    muted: bool


@dataclass(frozen=True, slots=True)
class MarkerButton:
    """The teacher pressed a marker's button at `time_ns`."""

    time_ns: int
    press: ButtonPress
    marker_id: int = 1


@dataclass(frozen=True, slots=True)
class DockStatus:
    """How the dock is fed; None where there is no such battery or sensor, or it is not known."""

    battery_percent: int | None
    power_source: PowerSource
    charging: bool
    temperature_c: float | None


@dataclass(frozen=True, slots=True)
class DockFault:
    """A fault began (`active`) or ended at `time_ns`; `axis` is None where it concerns the whole dock."""

    time_ns: int
    kind: FaultKind
    axis: Axis | None
    active: bool


@dataclass(frozen=True, slots=True)
class MotionDone:
    """The motion that `drive_to` or `park` gave this id ended, there and then."""

    time_ns: int
    motion_id: int
    outcome: MotionOutcome
    pan_deg: float
    tilt_deg: float


@dataclass(frozen=True, slots=True)
class RequestDone:
    """The last such request was carried out; or `refusal` says, for people, why it was not."""

    request: Request
    refusal: str = ""


DockReport = Pose | MarkerReport | MarkerStatus | DockStatus
DockEvent = LinkChanged | DockReport | MarkerButton | DockFault | MotionDone | RequestDone
DockListener = Callable[[DockEvent], None]


class DockError(Exception):
    """The dock did not do what was asked: what, and why."""


class Dock(ABC):
    """One dock. Lives on one asyncio loop; no method blocks it.

    `run` keeps the link alive until it is cancelled and is silent about faults other than through LinkChanged.
    Events reach the listener on the loop, in order, and the listener must return at once. Commands are dropped without
    a word unless the link works (READY or DEGRADED): intent must be fresh.
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
        """Turn at these rates for at most `ttl_ms` (1 to 500); each call replaces every motion and stop before it.

        Rates beyond what the dock can do are cut to that.
        Raises ValueError for a rate that is not finite or a time to live out of range.
        """

    @abstractmethod
    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int) -> int | None:
        """Turn to this position, at most for `ttl_ms` (1 to 500). Ask again within that time to keep it going.

        Returns the motion's id, which MotionDone will name; asking for the position under way lets that motion live
        on under its id. None where it was dropped. Positions beyond the dock's range are cut to that.
        Raises ValueError for a position that is not finite or a time to live out of range.
        """

    @abstractmethod
    def park(self, ttl_ms: int) -> int | None:
        """Turn to the dock's resting place and rest there; otherwise like `drive_to`. None without Feature.PARK."""

    @abstractmethod
    def stop(self) -> None:
        """Stop turning now; repeated on the wire until the dock acknowledges or the link is lost."""

    @abstractmethod
    def marker_lamp(self, on: bool) -> None:
        """Set the recording light on the markers; kept and sent again after a reconnect."""

    @abstractmethod
    def follow_marker(self, marker_id: int) -> None:
        """Make this marker the primary one. The dock keeps it; its reports tell the roles from then on. RequestDone."""

    @abstractmethod
    def clear_fault(self) -> None:
        """Try to clear every fault; DockFault tells which ended, RequestDone whether all did."""

    @abstractmethod
    def identify(self) -> None:
        """Let the dock blink for some seconds, so that a person sees which one it is. RequestDone."""

    def lesson(self, active: bool) -> None:  # noqa: B027  # most docks have nothing to do
        """Whether a lesson runs: while it does, a link that works is neither exchanged nor disturbed by a search.

        While none does, poses and marker reports may be told ten times a second only, and everything 80 ms late. A
        driver that was not asked tells all.
        """


def check_motion(first: float, second: float, ttl_ms: int) -> None:
    """Raise ValueError where the port's contract on motions is broken."""
    if not (math.isfinite(first) and math.isfinite(second)):
        raise ValueError(f"rates and positions must be finite, not {first} and {second}")
    if not 1 <= ttl_ms <= MAX_TTL_MS:
        raise ValueError(f"a time to live of {ttl_ms} ms is not within 1 to {MAX_TTL_MS}")
