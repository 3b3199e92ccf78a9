"""When things happen in virtual time, and how late they are told."""

from datetime import UTC, datetime

START_NS = 1_000_000_000_000
"""Of every lesson, in the clock that stands for CLOCK_MONOTONIC."""
STEP_NS = 10_000_000
POSE_EVERY, MARKER_EVERY = 2, 3
"""In steps: 50 and 33 reports a second, as docks send them."""
FRAME_NS = 33_333_333
VISION_EVERY_FRAMES = 3
POSE_LATE_NS, MARKER_LATE_NS, VISION_LATE_NS, FRAME_LATE_NS = 10_000_000, 20_000_000, 90_000_000, 60_000_000
"""From the instant to where it is used: over the wire, through vision, to the encoder."""


class VirtualClock:
    """A clock that its owner sets."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now_ns = now_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds."""
        return self.now_ns

    def utc_now(self) -> datetime:
        """The same, as a date."""
        return datetime.fromtimestamp(self.now_ns / 1e9, UTC)
