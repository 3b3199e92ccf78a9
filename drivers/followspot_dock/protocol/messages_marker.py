"""Messages about markers: what the teacher wears. Marker ids are 1 to 65535."""

from dataclasses import dataclass
from typing import ClassVar

from followspot_dock.protocol.fields import FLAG, MILLI, PERCENT, QUALITY, U8, U16, U64, Kind, Message


@dataclass(frozen=True, slots=True)
class MarkerLamp(Message):
    """Host to dock: the recording light on the markers."""

    TYPE: ClassVar[int] = 0x14
    LAYOUT: ClassVar[tuple[Kind, ...]] = (FLAG,)
    on: bool


@dataclass(frozen=True, slots=True)
class FollowMarker(Message):
    """Host to dock: this marker is the primary one from now on. Acknowledged."""

    TYPE: ClassVar[int] = 0x15
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U16)
    id: int
    marker_id: int


@dataclass(frozen=True, slots=True)
class MarkerReport(Message):
    """Dock to host: where a marker was at `time_us`, seen from the base; `quality` 0 to 1, 0 when not seen."""

    TYPE: ClassVar[int] = 0x21
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U64, U16, U8, QUALITY, MILLI, MILLI)
    time_us: int
    marker_id: int
    role: int
    quality: float
    azimuth_deg: float
    elevation_deg: float


@dataclass(frozen=True, slots=True)
class MarkerStatus(Message):
    """Dock to host: how a marker is; `flags` are MarkerFlags, `battery_percent` None where it is not known."""

    TYPE: ClassVar[int] = 0x22
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U8, U8, PERCENT)
    marker_id: int
    role: int
    flags: int
    battery_percent: int | None


@dataclass(frozen=True, slots=True)
class Button(Message):
    """Dock to host: a marker's button at `time_us`; a Press. Repeated until acknowledged by `id`."""

    TYPE: ClassVar[int] = 0x23
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U16, U64, U8)
    id: int
    marker_id: int
    time_us: int
    press: int
