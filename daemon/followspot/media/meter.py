"""How loud a microphone is, told once a second."""

import math

import numpy as np

from followspot.domain.sound import SILENCE_DBFS, SoundLevel
from followspot.media.mixing import Heard


class LevelMeter:
    """Adds frames up; `read` gives their level and begins anew."""

    def __init__(self) -> None:
        self._peak = 0.0
        self._energy = 0.0
        self._count = 0

    def feed(self, heard: Heard) -> None:
        """Add a frame."""
        if heard.count:
            self._peak = max(self._peak, float(np.abs(heard.samples).max()))
            self._energy += heard.rms**2 * heard.count
            self._count += heard.count

    def read(self) -> SoundLevel | None:
        """The level since the last call; None if nothing came."""
        peak, energy, count = self._peak, self._energy, self._count
        self._peak, self._energy, self._count = 0.0, 0.0, 0
        if not count:
            return None
        return SoundLevel(_dbfs(peak), _dbfs(math.sqrt(energy / count)))


def _dbfs(amplitude: float) -> float:
    if amplitude <= 0:
        return SILENCE_DBFS
    return round(max(20 * math.log10(amplitude), SILENCE_DBFS), 1)
