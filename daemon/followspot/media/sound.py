"""Sound between microphone and encoder, placed by the monotonic clock, faded where it breaks off or begins."""

import threading
from collections import deque

import numpy as np
import numpy.typing as npt

from followspot.media.encoder import SOUND_RATE_HZ
from followspot.media.mixing import Heard, Samples

_NS_PER_S = 1_000_000_000
# More than the encoder ever waits for the latest picture that is believed; what is older was before the lesson began.
_KEPT_SAMPLES = 6 * SOUND_RATE_HZ
FADE_SAMPLES = SOUND_RATE_HZ // 200
"""5 ms: sound that breaks off within less clicks. `take` looks this far ahead of what it gives."""


def sample_at(time_ns: int) -> int:
    """Index on the 48 kHz grid of CLOCK_MONOTONIC of the first sample at or after `time_ns`."""
    return -(-time_ns * SOUND_RATE_HZ // _NS_PER_S)


class SoundTrack:
    """Mono samples by their index on the monotonic grid. One thread puts, another takes.

    `expected` says whether more is to come: set while a microphone is being opened or gives sound.
    """

    def __init__(self, *, expected: bool) -> None:
        self._chunks: deque[tuple[int, Samples]] = deque()
        self._changed = threading.Condition()
        self._expected = expected
        self._breaks: list[int] = []
        """Samples round which the sound is faded though there are samples: it does not go on there as it was."""
        self._whole = 0
        """How many samples before the next ones to be taken are whole, up to FADE_SAMPLES."""
        self._taken = 0

    def expect(self, expected: bool) -> None:
        """State whether sound is to come."""
        with self._changed:
            self._expected = expected
            self._changed.notify_all()

    def put(self, start: int, samples: Samples) -> None:
        """Add samples from index `start` on; they replace what there is from there on."""
        with self._changed:
            if start < self._end():
                # What was taken already was not faded: the old sound goes on until it can be.
                begin = max(start, self._taken + FADE_SAMPLES)
                start, samples = begin, samples[begin - start :]
                self._forget_from(begin)
                self._breaks.append(begin)
            if not len(samples):
                return
            self._chunks.append((start, samples))
            while len(self._chunks) > 1 and start + len(samples) - self._chunks[0][0] > _KEPT_SAMPLES:
                self._chunks.popleft()
            self._changed.notify_all()

    def ready_for(self, index: int) -> bool:
        """Whether there is sound from `index` on, or none is expected."""
        with self._changed:
            return not self._expected or (bool(self._chunks) and self._chunks[0][0] <= index)

    def wait_covered(self, end: int, timeout_s: float) -> bool:
        """Wait until every sample before `end` is here, or none is expected; whether there is nothing to wait for."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._expected or self._end() >= end, timeout_s)

    def take(self, start: int, count: int) -> Heard:
        """The samples from `start` on, silence where there are none; to be asked without holes.

        Everything before `start + count` is forgotten.
        """
        ahead = count + FADE_SAMPLES
        out, present = np.zeros(ahead, np.float32), np.zeros(ahead, np.bool_)
        with self._changed:
            for chunk_start, samples in self._chunks:
                begin, end = max(start, chunk_start), min(start + ahead, chunk_start + len(samples))
                if begin < end:
                    out[begin - start : end - start] = samples[begin - chunk_start : end - chunk_start]
                    present[begin - start : end - start] = True
            while self._chunks and self._chunks[0][0] + len(self._chunks[0][1]) <= start + count:
                self._chunks.popleft()
            self._taken = start + count
            heard = int(np.count_nonzero(present[:count]))
            self._mark_breaks(present, start)
            if not present.all() or self._whole < FADE_SAMPLES:
                out *= self._fade(present, start, count)
        return Heard(out[:count], heard)

    def _mark_breaks(self, present: npt.NDArray[np.bool_], start: int) -> None:
        self._breaks = [index for index in self._breaks if index >= start]
        for index in self._breaks:
            if index < start + len(present):
                present[index - start] = False

    def _fade(self, present: npt.NDArray[np.bool_], start: int, count: int) -> Samples:
        """The gain of each sample: 0 where there is none, and rising with the distance from there.

        A hole that is faded towards stays one, even if its samples come before they are taken.
        """
        index = np.arange(len(present))
        before = np.maximum.accumulate(np.where(present, -1 - self._whole, index))
        after = np.minimum.accumulate(np.where(present, 2 * len(present), index)[::-1])[::-1]
        self._whole = min(count - 1 - int(before[count - 1]), FADE_SAMPLES)
        if after[count] < len(present) and start + int(after[count]) not in self._breaks:
            self._breaks.append(start + int(after[count]))
        near = np.minimum(np.minimum(index - before, after - index), FADE_SAMPLES)
        return (0.5 - 0.5 * np.cos(np.pi / FADE_SAMPLES * near)).astype(np.float32)

    def _forget_from(self, start: int) -> None:
        while self._chunks and self._chunks[-1][0] >= start:
            self._chunks.pop()
        if self._chunks:
            first, samples = self._chunks.pop()
            self._chunks.append((first, samples[: start - first]))

    def _end(self) -> int:
        if not self._chunks:
            return -1
        start, samples = self._chunks[-1]
        return start + len(samples)
