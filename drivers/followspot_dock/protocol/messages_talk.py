"""Messages that keep the conversation: greeting, answers, clocks."""

from dataclasses import dataclass
from typing import ClassVar

from followspot_dock.protocol.fields import MILLI, U8, U16, U32, U64, Kind, Message


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """Host to dock: who asks. A session id unlike the present one ends whatever an earlier host had begun."""

    TYPE: ClassVar[int] = 0x01
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U32, U8)
    TEXTS: ClassVar[int] = 1
    session_id: int
    minor: int
    host: str


@dataclass(frozen=True, slots=True)
class HelloReply(Message):
    """Dock to host: what the dock is and can do. `boot_id` differs at every boot; event ids count within it."""

    TYPE: ClassVar[int] = 0x02
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U32, U32, U64, U8, U8, U16, *(MILLI,) * 8)
    TEXTS: ClassVar[int] = 4
    session_id: int
    boot_id: int
    time_us: int
    minor: int
    max_markers: int
    features: int
    pan_min_deg: float
    pan_max_deg: float
    tilt_min_deg: float
    tilt_max_deg: float
    pan_max_rate_dps: float
    tilt_max_rate_dps: float
    pan_max_acceleration_dps2: float
    tilt_max_acceleration_dps2: float
    model: str
    firmware: str
    serial_number: str
    microphone: str


@dataclass(frozen=True, slots=True)
class Ack(Message):
    """Either way: the message of type `acked` with this id was received."""

    TYPE: ClassVar[int] = 0x03
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U8, U16)
    acked: int
    id: int


@dataclass(frozen=True, slots=True)
class Refusal(Message):
    """Dock to host: the message of type `refused` with this id (0 if it has none) was not obeyed; a RefusalCode."""

    TYPE: ClassVar[int] = 0x04
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U8, U16, U8)
    refused: int
    id: int
    code: int


@dataclass(frozen=True, slots=True)
class ClockRequest(Message):
    """Host to dock: what time is it? `host_us` is the host's clock at sending."""

    TYPE: ClassVar[int] = 0x05
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U64,)
    host_us: int


@dataclass(frozen=True, slots=True)
class ClockReply(Message):
    """Dock to host: `host_us` of the request, and the dock's clock when it came and when this leaves."""

    TYPE: ClassVar[int] = 0x06
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U64, U64, U64)
    host_us: int
    received_us: int
    sent_us: int


@dataclass(frozen=True, slots=True)
class Identify(Message):
    """Host to dock: blink, so that a person sees which dock this is. Acknowledged."""

    TYPE: ClassVar[int] = 0x07
    LAYOUT: ClassVar[tuple[Kind, ...]] = (U16, U16)
    id: int
    duration_ms: int
