"""Whether the daemon deserves its watchdog's trust: a pure decision. That the loop lives is proven by asking at all."""

from dataclasses import dataclass

STORAGE_LIMIT_NS = 20_000_000_000
"""A worn card can take 5 s or more for one sync; after 20 s the kernel's own retries have failed."""

LESSON_LIMIT_NS = 60_000_000_000
"""Fragments come every 2 s at most, and closing a lesson takes a few syncs, each of which has its own limit."""

PIPELINE_SLACK_NS = 10_000_000_000
"""Both threads beat several times a second; a loaded box may stall them for seconds, not for ten."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """Signs of life, CLOCK_MONOTONIC; None: no lesson is on, no thread runs, the storage is at rest.

    `unmoved_since_ns`: since when a lesson that has pictures, or is being closed, has made no progress.
    """

    lesson_since_ns: int | None
    capture_ns: int | None
    encode_ns: int | None
    storage_busy_since_ns: int | None
    unmoved_since_ns: int | None


def what_is_stuck(vitals: Vitals, now_ns: int, open_timeout_ns: int) -> str | None:
    """What keeps the daemon from doing its work, in words; None when it is healthy.

    A camera that is missing is no reason: its thread beats at every attempt, at most `open_timeout_ns` apart.
    """
    busy_since_ns = vitals.storage_busy_since_ns
    if busy_since_ns is not None and now_ns - busy_since_ns > STORAGE_LIMIT_NS:
        return f"the disk has not answered for {_seconds(now_ns - busy_since_ns)}"
    unmoved_since_ns = vitals.unmoved_since_ns
    if unmoved_since_ns is not None and now_ns - unmoved_since_ns > LESSON_LIMIT_NS:
        return f"the lesson has made no progress for {_seconds(now_ns - unmoved_since_ns)}"
    if vitals.lesson_since_ns is None:
        return None
    for name, beat_ns, allowance_ns in (
        ("capture", vitals.capture_ns, open_timeout_ns),
        ("encoding", vitals.encode_ns, 0),
    ):
        silent_ns = now_ns - max(beat_ns or 0, vitals.lesson_since_ns)
        if silent_ns > PIPELINE_SLACK_NS + allowance_ns:
            return f"{name} has made no progress for {_seconds(silent_ns)}"
    return None


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:.0f} s"
