"""How the fields of a message travel: little-endian, fixed size, in the order of the dataclass; texts come last.

Angles and rates are signed 32-bit thousandths (millidegrees, millidegrees per second): exact, no NaN, no float on a
small microcontroller. Text is UTF-8 behind a length byte. Bytes behind the known fields are
ignored: a message can grow.
"""

import dataclasses
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

MAX_TEXT_BYTES = 32
UNKNOWN_PERCENT = 255
UNKNOWN_TEMPERATURE = -0x8000
_MILLI = 1000
_QUALITY_STEPS = 255


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """A wire type: its name in the protocol document, struct code, and the way to and from a Python value."""

    name: str
    code: str
    to_wire: Callable[[Any], Any] = _same
    from_wire: Callable[[Any], Any] = _same


U8 = Kind("u8", "B")
U16 = Kind("u16", "H")
U32 = Kind("u32", "I")
U64 = Kind("u64", "Q")
FLAG = Kind("bool", "B", int, bool)
MILLI = Kind("i32", "i", lambda value: round(value * _MILLI), lambda wire: wire / _MILLI)
QUALITY = Kind("u8", "B", lambda value: round(value * _QUALITY_STEPS), lambda wire: wire / _QUALITY_STEPS)
PERCENT = Kind(
    "u8", "B", lambda value: UNKNOWN_PERCENT if value is None else value, lambda wire: wire if wire <= 100 else None
)
TENTHS = Kind(
    "i16",
    "h",
    lambda value: UNKNOWN_TEMPERATURE if value is None else round(value * 10),
    lambda wire: None if wire == UNKNOWN_TEMPERATURE else wire / 10,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message; its dataclass fields are those of LAYOUT, then TEXTS texts."""

    TYPE: ClassVar[int]
    LAYOUT: ClassVar[tuple[Kind, ...]] = ()
    TEXTS: ClassVar[int] = 0

    def to_payload(self) -> bytes:
        """The payload. Raises struct.error or ValueError for a value that its field cannot hold."""
        values = [getattr(self, name) for name in self.names()]
        fixed = (kind.to_wire(value) for kind, value in zip(self.LAYOUT, values, strict=False))
        texts = values[len(self.LAYOUT) :]
        return self.fixed().pack(*fixed) + b"".join(map(_pack_text, texts))

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        """The message in a payload. Raises struct.error or ValueError where it is too short."""
        fixed = cls.fixed()
        wires = fixed.unpack_from(payload)
        values = [kind.from_wire(wire) for kind, wire in zip(cls.LAYOUT, wires, strict=True)]
        return cls(*values, *_unpack_texts(payload[fixed.size :], cls.TEXTS))

    @classmethod
    @cache
    def fixed(cls) -> struct.Struct:
        """The layout in front of the texts."""
        return struct.Struct("<" + "".join(kind.code for kind in cls.LAYOUT))

    @classmethod
    @cache
    def names(cls) -> tuple[str, ...]:
        """The fields in their order on the wire."""
        return tuple(field.name for field in dataclasses.fields(cls))


def _pack_text(text: str) -> bytes:
    data = text.encode(errors="replace")[:MAX_TEXT_BYTES].decode(errors="ignore").encode()
    return bytes((len(data),)) + data


def _unpack_texts(payload: bytes, count: int) -> list[str]:
    texts = []
    for _ in range(count):
        if not payload or len(payload) <= payload[0]:
            raise ValueError("text is cut short")
        end = 1 + payload[0]
        text = payload[1:end][:MAX_TEXT_BYTES].decode(errors="replace")
        texts.append("".join(character if character.isprintable() else "\ufffd" for character in text))
        payload = payload[end:]
    return texts
