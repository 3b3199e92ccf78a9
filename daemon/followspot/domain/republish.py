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
    """How many events are sent again, the first of them (None: there is none), and the newest of this epoch.

    From `kept_from` on the box has every one. `gone`: how many of those that were asked for by number it has no more.
    """

    count: int
    oldest: int | None
    newest: int
    epoch: str
    kept_from: int = 1
    gone: int = 0
