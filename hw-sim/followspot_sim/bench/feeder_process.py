"""A camera and a microphone that cost little: a clip and a sound, round and round, in real time.

`python -m followspot_sim.bench.feeder_process CLIP WIDTH HEIGHT RATE_HZ` serves the outlets "camera" and "microphone".
"""

import itertools
import sys
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from cv2.typing import MatLike

from followspot_sim.bench.outlets import picture_outlet, serve, sound_outlet
from followspot_sim.microphone import PACKET_SAMPLES
from followspot_sim.nut_server import Unit
from followspot_sim.voice import SAMPLE_HZ

NS_PER_S = 1_000_000_000
SOUND_S = 4
SOUND_LEVEL = 2500
"""Root mean square, of 32768."""
SYLLABLES_HZ = 4


def main(clip: str, width: int, height: int, rate_hz: int) -> None:
    """Serve until standard input ends."""
    camera = picture_outlet("camera", width, height, Fraction(rate_hz))
    microphone = sound_outlet("microphone")
    pictures = np.memmap(clip, np.uint8, "r").reshape(-1, width * height * 3 // 2)
    packets = sound().reshape(-1, PACKET_SAMPLES)

    def play_pictures() -> None:
        for number, due_ns in periods(Fraction(rate_hz)):
            camera.offer(Unit(pictures[number % len(pictures)], due_ns // 1000))

    def play_sound() -> None:
        for number, _ in periods(Fraction(SAMPLE_HZ, PACKET_SAMPLES)):
            microphone.offer(Unit(packets[number % len(packets)], number * PACKET_SAMPLES))

    serve({"camera": camera, "microphone": microphone}, [play_pictures, play_sound])


def sound() -> MatLike:
    """Noise that swells and fades as syllables do."""
    times_s = np.arange(SOUND_S * SAMPLE_HZ) / SAMPLE_HZ
    noise = np.random.default_rng(1).normal(0, SOUND_LEVEL, len(times_s))
    swollen = noise * (1 + np.sin(2 * np.pi * SYLLABLES_HZ * times_s))
    return np.asarray(np.clip(swollen, -32_768, 32_767), "<i2")


def periods(rate_hz: Fraction) -> Iterator[tuple[int, int]]:
    """Wait for each period; its number and CLOCK_MONOTONIC nanoseconds."""
    begun_ns = time.monotonic_ns()
    for number in itertools.count():
        due_ns = begun_ns + int(number * NS_PER_S / rate_hz)
        time.sleep(max(due_ns - time.monotonic_ns(), 0) / NS_PER_S)
        yield number, due_ns


if __name__ == "__main__":
    main(sys.argv[1], *(int(text) for text in sys.argv[2:5]))
