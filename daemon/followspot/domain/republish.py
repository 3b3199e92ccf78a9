"""Asking for events again: what is wanted, and what that came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RepublishFrom:
    """Everything from this sequence number on."""

    sequence: int


@dataclass(frozen=True, slots=True)
class RepublishLesson:
    """Everything about one lesson."""

    lesson_id: str


@dataclass(frozen=True, slots=True)
class Republished:
    """How many events are sent again, the first of them (None: there is none), and the newest of this epoch."""

    count: int
    oldest: int | None
    newest: int
    epoch: str
