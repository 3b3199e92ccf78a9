"""Claps: the light dips for one frame while a tone begins to sound, so that a recording shows its A/V offset."""

from dataclasses import dataclass

import numpy as np
from cv2.typing import MatLike

LIGHT = 0.8
"""The luma of a clap's frame, relative to the frames around it: seen in any crop."""

TONE_HZ, TONE_S, TONE_LEVEL = 2000.0, 0.005, 0.9
"""Well above speech, which is kept below `voice.PEAK`."""


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """The exact grid of frame times: frame n is exposed around `time_ns(n)`, a whole number of microseconds."""

    epoch_ns: int
    rate_hz: float

    def time_ns(self, number: int) -> int:
        """The middle of the exposure, CLOCK_MONOTONIC."""
        return self.epoch_ns + round(number * 1e6 / self.rate_hz) * 1000

    def number_from(self, time_ns: int) -> int:
        """The first frame at or after a time."""
        number = max(int((time_ns - self.epoch_ns) * self.rate_hz / 1e9) - 1, 0)
        while self.time_ns(number) < time_ns:
            number += 1
        return number


@dataclass(frozen=True, slots=True)
class Claps:
    """A clap at every `every_s` seconds' worth of frames; none when that is 0."""

    grid: FrameGrid
    every_s: float

    @property
    def _every_frames(self) -> int:
        return max(round(self.every_s * self.grid.rate_hz), 1)

    def at_frame(self, number: int) -> bool:
        """Whether the light dips in this frame."""
        return self.every_s > 0 and number > 0 and number % self._every_frames == 0

    def add_to(self, samples: MatLike, start_ns: int, sample_hz: float) -> None:
        """Lay the tones over mono `samples` (float, full scale 1) that begin at `start_ns`."""
        if self.every_s <= 0:
            return
        time_s = np.arange(len(samples)) / sample_hz
        end_ns = start_ns + round(len(samples) / sample_hz * 1e9)
        number = max(self.grid.number_from(start_ns - round(TONE_S * 1e9)), 1)
        number += -number % self._every_frames
        while (clap_ns := self.grid.time_ns(number)) < end_ns:
            since_s = time_s - (clap_ns - start_ns) / 1e9
            sounding = (since_s >= 0) & (since_s < TONE_S)
            samples[sounding] = TONE_LEVEL * np.sin(2 * np.pi * TONE_HZ * since_s[sounding])
            number += self._every_frames
