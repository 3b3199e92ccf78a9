"""Messages about the dock itself: power and faults."""

from dataclasses import dataclass
from typing import ClassVar

from followspot_dock.protocol.fields import FLAG, PERCENT, TENTHS, U8, U16, U64, Kind, Message


@dataclass(frozen=True, slots=True)
class ClearFault(Message):
    """Host to dock: try to clear this FaultCode, 0 for all. Acknowledged, or refused while its cause stands."""

    TYPE: ClassVar[int] = 0x16
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U8)
    id: int
    fault: int


@dataclass(frozen=True, slots=True)
class DockStatus(Message):
    """Dock to host: power and warmth; None where the dock has no such battery or sensor."""

    TYPE: ClassVar[int] = 0x24
    LAYOUT: ClassVar[tuple[Kind, ...]] = (PERCENT, U8, FLAG, TENTHS)
    battery_percent: int | None
    power_source: int
    charging: bool
    temperature_c: float | None


@dataclass(frozen=True, slots=True)
class Fault(Message):
    """Dock to host: a FaultCode on an Axis began or ended. Repeated until acknowledged by `id`."""

    TYPE: ClassVar[int] = 0x25
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U64, U8, U8, FLAG)
    id: int
    time_us: int
    fault: int
    axis: int
    active: bool
