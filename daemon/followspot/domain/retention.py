"""When media may go, and what a shrinking disk asks for: pure decisions over bytes and minutes."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

SECONDS_PER_MINUTE = 60
BITS_PER_BYTE = 8
OVERHEAD = 1.03
"""Container, framing track and the encoder's excursions above its mean rate, over minutes."""
WHOLE_FILES_FACTOR = 2.0
"""Lessons as one file go at so many times the mark at which a start is refused: they can be made again."""
HYSTERESIS = 0.9
"""A rung is left upwards when a tenth more than its mark is free."""


class DeletionReason(StrEnum):
    """Why a segment's file is no longer on the box."""

    TIME_UP = "time-up"
    """Acknowledged, and kept as long as the configuration says."""
    SPACE = "space"
    """Acknowledged, its grace time over, and the space was needed."""
    UNACKNOWLEDGED_TIME_UP = "unacknowledged-time-up"
    """Never acknowledged, and older than the configuration lets such media grow."""
    MISSING = "missing"
    """Nothing of ours deleted it: it was found missing or cut short."""


class Rung(IntEnum):
    """The disk budget's ladder, from enough to nothing. Each rung includes what the ones before it ask for."""

    PLENTY = 0
    LOW = 1
    """An alert with the minutes left."""
    NO_NEW_LESSON = 2
    """A lesson that runs goes on; none begins."""
    FINISH = 3
    """The running lesson is ended in order while there is room for its last segment."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The ladder's marks in minutes of recording, and what a minute takes."""

    warn_min: float
    free_min: float
    start_min: float
    end_min: float
    bytes_per_min: float

    def rung(self, space: "Space") -> Rung:
        """How far down the ladder the disk is: what can be deleted at once counts as free."""
        left_min = self.minutes(space.usable_bytes)
        if left_min < self.end_min:
            return Rung.FINISH
        if left_min < self.start_min:
            return Rung.NO_NEW_LESSON
        return Rung.LOW if left_min < self.warn_min else Rung.PLENTY

    def next_rung(self, rung: Rung, space: "Space") -> Rung:
        """Down at once; up only with some room to spare, so that no alert comes and goes with every segment."""
        return max(self.rung(space), min(rung, self.rung(Space(round(space.usable_bytes * HYSTERESIS)))))

    def to_free(self, free_bytes: int) -> int:
        """How many bytes of acknowledged media are to be deleted now, so that `free_min` stay free; 0 for none."""
        return max(0, round(self.free_min * self.bytes_per_min) - free_bytes)

    @property
    def start_bytes(self) -> int:
        """What must be free for a lesson to begin."""
        return round(self.start_min * self.bytes_per_min)

    @property
    def whole_files_min(self) -> float:
        """With less than so many minutes lessons as one file are given up."""
        return WHOLE_FILES_FACTOR * max(self.start_min, self.end_min)

    def minutes(self, size: int) -> float:
        """How many minutes of recording fit into `size` bytes."""
        return size / self.bytes_per_min


@dataclass(frozen=True, slots=True)
class Space:
    """The media's disk: `free_bytes` now, and `deletable_bytes` that may be deleted for space at once.

    `deletable_bytes` counts only as far as anybody needs to know.
    """

    free_bytes: int
    deletable_bytes: int = 0

    @property
    def usable_bytes(self) -> int:
        """What can be recorded before unacknowledged media stands in the way."""
        return self.free_bytes + self.deletable_bytes


def bytes_per_minute(video_kbps: int, audio_kbps: int) -> float:
    """What a minute of a lesson takes on the disk."""
    return (video_kbps + audio_kbps) * 1000 / BITS_PER_BYTE * SECONDS_PER_MINUTE * OVERHEAD
