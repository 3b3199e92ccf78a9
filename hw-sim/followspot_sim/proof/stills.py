"""Small pictures of a lesson for its contact sheet."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stills:
    """`pictures` (n, height, width, 3) in BGR of the whole sensor, and which `frames` of the series they are."""

    WIDTH = 480
    frames: NDArray[np.int64]
    pictures: NDArray[np.uint8]

    @staticmethod
    def beside(series: Path) -> Path:
        """Where the stills of a series lie."""
        return series.with_suffix(".stills.npz")

    def save(self, file: Path) -> None:
        """As `load` reads it."""
        np.savez_compressed(file, frames=self.frames, pictures=self.pictures)

    @classmethod
    def load(cls, file: Path) -> "Stills":
        """Read what `save` wrote."""
        with np.load(file) as held:
            return cls(held["frames"], held["pictures"])
