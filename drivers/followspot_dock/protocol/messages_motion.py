"""Messages about motion. Motion ids come from one counter: an id that is not newer than the last is no fresh intent."""

from dataclasses import dataclass
from typing import ClassVar

from followspot_dock.protocol.fields import MILLI, U8, U16, U64, Kind, Message


@dataclass(frozen=True, slots=True)
class Drive(Message):
    """Host to dock: turn at these rates for at most `ttl_ms` from `issued_us` (dock's clock; 0: from arrival)."""

    TYPE: ClassVar[int] = 0x10
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U16, U64, MILLI, MILLI)
    id: int
    ttl_ms: int
    issued_us: int
    pan_rate_dps: float
    tilt_rate_dps: float


@dataclass(frozen=True, slots=True)
class MoveTo(Message):
    """Host to dock: turn to this position, no faster than `max_rate_dps` (0: as fast as the dock can).

    Repeated under the same id it lives on; MotionDone tells its end.
    """

    TYPE: ClassVar[int] = 0x11
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U16, U64, MILLI, MILLI, MILLI)
    id: int
    ttl_ms: int
    issued_us: int
    pan_deg: float
    tilt_deg: float
    max_rate_dps: float


@dataclass(frozen=True, slots=True)
class Stop(Message):
    """Host to dock: stop turning now, and acknowledge."""

    TYPE: ClassVar[int] = 0x12
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16,)
    id: int


@dataclass(frozen=True, slots=True)
class Park(Message):
    """Host to dock: turn to the resting place and rest there. Lives and ends like a MoveTo."""

    TYPE: ClassVar[int] = 0x13
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U16, U64)
    id: int
    ttl_ms: int
    issued_us: int


@dataclass(frozen=True, slots=True)
class Pose(Message):
    """Dock to host: where the encoders stood at `time_us`; `motion_id` of the motion under way, 0 at rest."""

    TYPE: ClassVar[int] = 0x20
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U64, MILLI, MILLI, MILLI, MILLI, U16)
    time_us: int
    pan_deg: float
    tilt_deg: float
    pan_rate_dps: float
    tilt_rate_dps: float
    motion_id: int


@dataclass(frozen=True, slots=True)
class MotionDone(Message):
    """Dock to host: a MoveTo or Park ended, with an Outcome. Repeated until acknowledged by `id`."""

    TYPE: ClassVar[int] = 0x26
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U16, U64, MILLI, MILLI, U8)
    id: int
    motion_id: int
    time_us: int
    pan_deg: float
    tilt_deg: float
    outcome: int
