"""What part of the sensor picture is recorded, frame by frame."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in sensor pixels: origin top left, x right, y down; edges may lie between pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2


class TrackingState(StrEnum):
    """What the framing knows of the teacher."""

    TRACKING = "tracking"
    COASTING = "coasting"
    SEARCHING = "searching"
    PARKED = "parked"


class Hiding(StrEnum):
    """What the blocked zones did to a picture."""

    NONE = "none"
    MOVED = "moved"
    """The crop was moved or made smaller, so that it shows no zone."""
    COVERED = "covered"
    """There was no crop without a zone: the picture is black."""


@dataclass(frozen=True, slots=True)
class FramedView:
    """The view of one frame and what it was decided from: a line of the framing track.

    `crop` always lies on the sensor and has the output's aspect ratio. Angles: degrees, dock base frame,
    None where nothing is known. `box` is the believed head and shoulders in sensor pixels. A view whose `hiding` is
    COVERED must not be shown.
    """

    crop: Rect
    state: TrackingState
    pan_deg: float | None = None
    tilt_deg: float | None = None
    azimuth_deg: float | None = None
    elevation_deg: float | None = None
    box: Rect | None = None
    hiding: Hiding = Hiding.NONE


class ViewPlanner(Protocol):
    """Decides the recorded view. Called once per frame, in order, on the encoding thread."""

    def view_at(self, exposure_ns: int, sensor_width: int, sensor_height: int) -> FramedView:
        """The view of the frame exposed at `exposure_ns` (CLOCK_MONOTONIC). Must not block or raise."""
        ...
