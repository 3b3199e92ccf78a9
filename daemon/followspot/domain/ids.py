"""Identifiers that sort by time (UUID version 7, RFC 9562 section 5.7)."""

import secrets
import uuid
from datetime import UTC, datetime


def uuid7(now: datetime) -> uuid.UUID:
    """A new UUIDv7 stamped with `now` (aware), milliseconds since the Unix epoch in its first 48 bits."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def stamp_of(name: str) -> datetime | None:
    """The moment in a UUIDv7's text; None for any other text, and for moments that no calendar has."""
    try:
        value = uuid.UUID(name)
        if value.version != 7 or str(value) != name:
            return None
        return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
