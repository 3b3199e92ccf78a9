"""What one lesson was, frame by frame: the truth, and the view that was recorded. Every figure comes from this."""

import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Floats, Lens

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Task:
    """What was to be filmed, by whom (`operator`), and what the shot asks for. Shares as in the configuration."""

    scenario: str
    seed: int
    operator: str
    rate_hz: float
    sensor_width: int
    sensor_height: int
    hfov_deg: float
    width: int
    height: int
    shot_share: float
    headroom_share: float
    lead_share: float
    max_upscale: float


@dataclass(frozen=True)
class Series:
    """One row per frame. Sensor pixels, degrees in the dock's base frame, NaN where there is none.

    `box`: true head and shoulders, x, y, width, height; `head`: the middle of the head; `crop`: what was recorded.
    `others_deg`: bearings of other people and of mirror images, one column each. `pan_deg`, `tilt_deg`: where the
    camera truly pointed. `present`: she is in the room. `believed_deg`: where she was believed to be.
    """

    task: Task
    box: Floats
    head: Floats
    azimuth_deg: Floats
    distance_m: Floats
    walking: Bools
    present: Bools
    visible: Floats
    others_deg: Floats
    pan_deg: Floats
    tilt_deg: Floats
    crop: Floats
    believed_deg: Floats

    def __len__(self) -> int:
        return len(self.crop)

    @property
    def frame_s(self) -> float:
        """From one frame to the next."""
        return 1 / self.task.rate_hz

    @cached_property
    def focal_px(self) -> float:
        """Of the sensor's picture."""
        task = self.task
        return Lens(task.sensor_width, task.sensor_height, task.hfov_deg).focal_px

    @cached_property
    def scale(self) -> Floats:
        """Recorded pixels for each sensor pixel."""
        return np.asarray(self.task.width / self.crop[:, 2])

    @cached_property
    def view(self) -> Floats:
        """Where the middle of the recorded picture looked: azimuth and elevation, radians."""
        return self.bearing(self.crop[:, :2] + self.crop[:, 2:] / 2)

    def bearing(self, pixels: Floats) -> Floats:
        """The bearings (n, 2), in radians, that a sensor pixel of each frame shows."""
        task, tilt = self.task, np.radians(self.tilt_deg)
        right = (pixels[:, 0] - task.sensor_width / 2) / self.focal_px
        rise = (task.sensor_height / 2 - pixels[:, 1]) / self.focal_px
        ahead, up = np.cos(tilt) - rise * np.sin(tilt), np.sin(tilt) + rise * np.cos(tilt)
        azimuth = np.radians(self.pan_deg) + np.arctan2(right, ahead)
        return np.stack([azimuth, np.arctan2(up, np.hypot(right, ahead))], axis=1)

    @cached_property
    def shares(self) -> Floats:
        """The box as x, y, width, height in shares of the recorded picture."""
        size = np.concatenate([self.crop[:, 2:], self.crop[:, 2:]], axis=1)
        return np.asarray((self.box - np.pad(self.crop[:, :2], ((0, 0), (0, 2)))) / size)

    @cached_property
    def wanted_px(self) -> Floats:
        """How many sensor rows the shot ought to show of this frame, as far as sensor and enlarging allow."""
        task = self.task
        greatest = min(task.sensor_height, task.sensor_width * task.height / task.width)
        return np.clip(self.box[:, 3] / task.shot_share, task.height / task.max_upscale, greatest)

    def save(self, file: Path) -> None:
        """Write it down, as `load` reads it."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "task"}
        np.savez_compressed(file, task=json.dumps(asdict(self.task)), **arrays)


def load(file: Path) -> Series:
    """Read what `save` wrote. Raises SimulatorError."""
    try:
        with np.load(file) as held:
            task = Task(**json.loads(str(held["task"])))
            return Series(task, **{field.name: held[field.name] for field in fields(Series) if field.name != "task"})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SimulatorError(f"{file} is no recorded series of this version: {error}") from error
