"""Sound between microphone and encoder, placed by the monotonic clock."""

import threading
from collections import deque

import numpy as np
import numpy.typing as npt

from followspot.media.encoder import SOUND_RATE_HZ

Samples = npt.NDArray[np.float32]

_NS_PER_S = 1_000_000_000
# More than the encoder ever waits for the latest picture that is believed; what is older was before the lesson began.
_KEPT_SAMPLES = 6 * SOUND_RATE_HZ


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

    def expect(self, expected: bool) -> None:
        """State whether sound is to come."""
        with self._changed:
            self._expected = expected
            self._changed.notify_all()

    def put(self, start: int, samples: Samples) -> None:
        """Add samples from index `start` on."""
        with self._changed:
            self._chunks.append((start, samples))
            while start + len(samples) - self._chunks[0][0] > _KEPT_SAMPLES:
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

    def take(self, start: int, count: int) -> tuple[Samples, int]:
        """The samples from `start` on, silence where there are none, and how many there were.

        Everything before `start + count` is forgotten.
        """
        out = np.zeros(count, np.float32)
        heard = 0
        with self._changed:
            for chunk_start, samples in self._chunks:
                begin, end = max(start, chunk_start), min(start + count, chunk_start + len(samples))
                if begin < end:
                    out[begin - start : end - start] = samples[begin - chunk_start : end - chunk_start]
                    heard += end - begin
            while self._chunks and self._chunks[0][0] + len(self._chunks[0][1]) <= start + count:
                self._chunks.popleft()
        return out, min(heard, count)

    def _end(self) -> int:
        if not self._chunks:
            return -1
        start, samples = self._chunks[-1]
        return start + len(samples)
