"""The messages of protocol version 0, one frozen dataclass each.

Angles travel as signed 32-bit millidegrees, rates as millidegrees per second: exact, no NaN, no float on a small
microcontroller. Times are the dock's own clock in microseconds since its boot, unsigned 64 bits. Text is UTF-8 behind
a length byte. A receiver ignores bytes behind those it knows and skips types it does not know, so a message can grow.

The rules of the conversation:

- The dock is silent and does not move until the host's Hello; it answers every Hello with a HelloReply and stops.
- Then it sends Pose (50 Hz), Marker (30 Hz), Batteries (1 Hz). Half a second of silence means that the link is dead.
- A Drive holds for its time to live, at most MAX_TTL_MS, and replaces the one before; then the dock stops by itself.
- Stop is repeated until the dock's Ack with its id; Button is repeated until the host's Ack with its id.
- MarkerLamp is repeated by the host; unheard for MARKER_LAMP_HOLD_S, the lamp goes dark: it never outlives the host.
- A dock that hears nothing from the host for HOST_SILENCE_S is silent again until the next Hello.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from followspot_dock.protocol.frames import Frame, encode

MAX_TTL_MS = 500
MARKER_LAMP_HOLD_S = 2.0
HOST_SILENCE_S = 3.0
UNKNOWN_PERCENT = 255
MILLI = 1000
MAX_TEXT_BYTES = 64


class Message(Protocol):
    """What every message can do."""

    TYPE: ClassVar[int]

    def to_payload(self) -> bytes:
        """The payload of this message."""
        ...

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        """The message in a payload. Raises struct.error or ValueError where it is too short or makes no sense."""
        ...


@dataclass(frozen=True, slots=True)
class Hello:
    """Host to dock: who asks. Ends whatever an earlier host had begun."""

    TYPE: ClassVar[int] = 0x01
    host: str

    def to_payload(self) -> bytes:
        return _pack_text(self.host)

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        return cls(_unpack_texts(payload, 1)[0])


@dataclass(frozen=True, slots=True)
class HelloReply:
    """Dock to host: what the dock is and can do. `boot_id` differs at every boot; press ids count within it."""

    TYPE: ClassVar[int] = 0x02
    _FIXED: ClassVar[struct.Struct] = struct.Struct("<QI6iB")
    time_us: int
    boot_id: int
    pan_min_deg: float
    pan_max_deg: float
    tilt_min_deg: float
    tilt_max_deg: float
    max_rate_dps: float
    max_acceleration_dps2: float
    has_marker: bool
    model: str
    firmware: str
    serial_number: str

    def to_payload(self) -> bytes:
        angles = (self.pan_min_deg, self.pan_max_deg, self.tilt_min_deg, self.tilt_max_deg)
        limits = (self.max_rate_dps, self.max_acceleration_dps2)
        fixed = self._FIXED.pack(self.time_us, self.boot_id, *map(_milli, angles + limits), self.has_marker)
        return fixed + b"".join(map(_pack_text, (self.model, self.firmware, self.serial_number)))

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        time_us, boot_id, *limits, has_marker = cls._FIXED.unpack_from(payload)
        model, firmware, serial_number = _unpack_texts(payload[cls._FIXED.size :], 3)
        pan_min, pan_max, tilt_min, tilt_max, rate, acceleration = (value / MILLI for value in limits)
        return cls(
            time_us,
            boot_id,
            pan_min,
            pan_max,
            tilt_min,
            tilt_max,
            rate,
            acceleration,
            bool(has_marker),
            model,
            firmware,
            serial_number,
        )


@dataclass(frozen=True, slots=True)
class Ack:
    """Either way: a Stop (by the dock) or a Button (by the host) with this id was received."""

    TYPE: ClassVar[int] = 0x03
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")
    id: int

    def to_payload(self) -> bytes:
        return self._LAYOUT.pack(self.id)

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        return cls(*cls._LAYOUT.unpack_from(payload))


@dataclass(frozen=True, slots=True)
class Drive:
    """Host to dock: turn at these rates for at most `ttl_ms`, from now."""

    TYPE: ClassVar[int] = 0x10
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<HiiH")
    id: int
    pan_rate_dps: float
    tilt_rate_dps: float
    ttl_ms: int

    def to_payload(self) -> bytes:
        return self._LAYOUT.pack(self.id, _milli(self.pan_rate_dps), _milli(self.tilt_rate_dps), self.ttl_ms)

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        identity, pan_rate, tilt_rate, ttl_ms = cls._LAYOUT.unpack_from(payload)
        return cls(identity, pan_rate / MILLI, tilt_rate / MILLI, ttl_ms)


@dataclass(frozen=True, slots=True)
class Stop:
    """Host to dock: stop turning now, and acknowledge."""

    TYPE: ClassVar[int] = 0x11
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")
    id: int

    def to_payload(self) -> bytes:
        return self._LAYOUT.pack(self.id)

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        return cls(*cls._LAYOUT.unpack_from(payload))


@dataclass(frozen=True, slots=True)
class MarkerLamp:
    """Host to dock: the recording light on the marker."""

    TYPE: ClassVar[int] = 0x12
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<?")
    on: bool

    def to_payload(self) -> bytes:
        return self._LAYOUT.pack(self.on)

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        return cls(*cls._LAYOUT.unpack_from(payload))


@dataclass(frozen=True, slots=True)
class Pose:
    """Dock to host: where the encoders stood at `time_us`."""

    TYPE: ClassVar[int] = 0x20
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<Q4i")
    time_us: int
    pan_deg: float
    tilt_deg: float
    pan_rate_dps: float
    tilt_rate_dps: float

    def to_payload(self) -> bytes:
        values = (self.pan_deg, self.tilt_deg, self.pan_rate_dps, self.tilt_rate_dps)
        return self._LAYOUT.pack(self.time_us, *map(_milli, values))

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        time_us, *values = cls._LAYOUT.unpack_from(payload)
        return cls(time_us, *(value / MILLI for value in values))


@dataclass(frozen=True, slots=True)
class Marker:
    """Dock to host: where the marker was at `time_us`, seen from the base; `quality` 0 to 1, 0 when not seen."""

    TYPE: ClassVar[int] = 0x21
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QiiB")
    _QUALITY_STEPS: ClassVar[int] = 255
    time_us: int
    azimuth_deg: float
    elevation_deg: float
    quality: float

    def to_payload(self) -> bytes:
        angles = (_milli(self.azimuth_deg), _milli(self.elevation_deg))
        return self._LAYOUT.pack(self.time_us, *angles, round(self.quality * self._QUALITY_STEPS))

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        time_us, azimuth, elevation, quality = cls._LAYOUT.unpack_from(payload)
        return cls(time_us, azimuth / MILLI, elevation / MILLI, quality / cls._QUALITY_STEPS)


@dataclass(frozen=True, slots=True)
class Button:
    """Dock to host: the marker's button at `time_us`; `press` 1 short, 2 double, 3 long."""

    TYPE: ClassVar[int] = 0x22
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<QHB")
    time_us: int
    id: int
    press: int

    def to_payload(self) -> bytes:
        return self._LAYOUT.pack(self.time_us, self.id, self.press)

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        return cls(*cls._LAYOUT.unpack_from(payload))


@dataclass(frozen=True, slots=True)
class Batteries:
    """Dock to host: charge in percent, None where there is no such battery or it is not known."""

    TYPE: ClassVar[int] = 0x23
    _LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BB")
    dock_percent: int | None
    marker_percent: int | None

    def to_payload(self) -> bytes:
        charges = (self.dock_percent, self.marker_percent)
        return self._LAYOUT.pack(*(UNKNOWN_PERCENT if charge is None else charge for charge in charges))

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        return cls(*(charge if charge <= 100 else None for charge in cls._LAYOUT.unpack_from(payload)))


_KNOWN: tuple[type[Message], ...] = (
    Hello,
    HelloReply,
    Ack,
    Drive,
    Stop,
    MarkerLamp,
    Pose,
    Marker,
    Button,
    Batteries,
)
_BY_TYPE = {message.TYPE: message for message in _KNOWN}


def to_wire(message: Message, sequence: int) -> bytes:
    """The message as one frame on the wire."""
    return encode(Frame(message.TYPE, sequence, message.to_payload()))


def from_frame(frame: Frame) -> Message | None:
    """The message in a frame; None for a type not known here, or a payload too short for its type."""
    known = _BY_TYPE.get(frame.type)
    try:
        return known.from_payload(frame.payload) if known is not None else None
    except (struct.error, ValueError):
        return None


def _milli(value: float) -> int:
    return round(value * MILLI)


def _pack_text(text: str) -> bytes:
    data = text.encode()[:MAX_TEXT_BYTES]
    return bytes((len(data),)) + data


def _unpack_texts(payload: bytes, count: int) -> list[str]:
    texts = []
    for _ in range(count):
        if not payload or len(payload) <= payload[0]:
            raise ValueError("text is cut short")
        end = 1 + payload[0]
        texts.append(payload[1:end].decode(errors="replace"))
        payload = payload[end:]
    return texts
