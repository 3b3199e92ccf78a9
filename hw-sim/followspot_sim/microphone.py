"""A simulated microphone: 10 ms packets of sound, as time passes, counted by a clock that is a little off."""

import threading
import time
from fractions import Fraction

import numpy as np
from av.container import OutputContainer
from av.stream import Stream
from cv2.typing import MatLike

from followspot_sim.claps import Claps
from followspot_sim.nut_server import JOIN_TIMEOUT_S, NutServer, Unit
from followspot_sim.voice import SAMPLE_HZ

PACKET_SAMPLES = SAMPLE_HZ // 100
BACKLOG_PACKETS = 100
"""A sound driver keeps about a second."""

LATE_NS = 500_000_000
"""A microphone that the machine held up for longer than this goes on with what sounds now."""


class Microphone:
    """Plays `speech` round and round, with the claps laid over it. Sample n is heard at `heard_ns(n)`.

    Sound needs `delay_ms` to get into it, as by radio. While `silent` it gives sound in which there is nothing.
    """

    def __init__(
        self, name: str, speech: MatLike, claps: Claps, clock_ppm: float, delay_ms: float, epoch_ns: int
    ) -> None:
        self._speech = speech
        self._claps = claps
        self._sample_hz = SAMPLE_HZ * (1 + clock_ppm * 1e-6)
        self._delay_ns = round(delay_ms * 1e6)
        self._epoch_ns = epoch_ns
        self.silent = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sim-{name}")
        self.server = NutServer(name, _add_stream, Fraction(1, SAMPLE_HZ), BACKLOG_PACKETS, from_zero=True)

    def start(self) -> None:
        """Listen and sound."""
        self.server.replug()
        self._thread.start()

    def close(self) -> None:
        """End both threads."""
        self._stopping.set()
        self._thread.join(JOIN_TIMEOUT_S)
        self.server.unplug()

    @property
    def running(self) -> bool:
        """Whether sound is being made."""
        return self._thread.is_alive()

    def heard_ns(self, sample: int) -> int:
        """When a sample is heard, CLOCK_MONOTONIC."""
        return self._epoch_ns + round(sample / self._sample_hz * 1e9)

    def packet(self, first: int) -> MatLike:
        """PACKET_SAMPLES 16-bit samples from number `first` on."""
        samples = self._speech.take(np.arange(first, first + PACKET_SAMPLES), mode="wrap").astype(np.float64)
        self._claps.add_to(samples, self.heard_ns(first) - self._delay_ns, self._sample_hz)
        if self.silent:
            samples[:] = 0
        return np.round(samples * 32767).astype("<i2")

    def _run(self) -> None:
        first = 0
        while True:
            due_ns = self.heard_ns(first + PACKET_SAMPLES)
            now_ns = time.monotonic_ns()
            if self._stopping.wait(max(due_ns - now_ns, 0) / 1e9):
                return
            if now_ns - due_ns > LATE_NS:
                first += int((now_ns - due_ns) / 1e9 * 100) * PACKET_SAMPLES
            elif self.server.watched:
                self.server.offer(Unit(self.packet(first), first))
            first += PACKET_SAMPLES


def _add_stream(container: OutputContainer) -> Stream:
    return container.add_stream("pcm_s16le", rate=SAMPLE_HZ, layout="mono")
