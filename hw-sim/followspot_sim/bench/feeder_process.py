"""A camera and a microphone that cost little: a clip and a sound, round and round, in real time.

`python -m followspot_sim.bench.feeder_process CLIP WIDTH HEIGHT RATE_HZ CODEC` serves the outlets "camera" and
"microphone"; CODEC is rawvideo or mjpeg, as a USB camera compresses.
"""

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange
from cv2.typing import MatLike

from followspot_sim.bench.outlets import picture_outlet, serve, sound_outlet
from followspot_sim.microphone import PACKET_SAMPLES
from followspot_sim.nut_server import Unit
from followspot_sim.voice import SAMPLE_HZ

JPEG_SCALE = "3"
"""Some 10:1, as USB cameras compress."""
NS_PER_S = 1_000_000_000
SOUND_S = 4
SOUND_LEVEL = 2500
"""Root mean square, of 32768."""
SYLLABLES_HZ = 4


def main(clip: str, width: int, height: int, rate_hz: int, codec: str) -> None:
    """Serve until standard input ends."""
    camera = picture_outlet("camera", width, height, Fraction(rate_hz), codec)
    microphone = sound_outlet("microphone")
    pictures: Sequence[MatLike] = np.memmap(clip, np.uint8, "r").reshape(-1, width * height * 3 // 2)  # type: ignore[assignment]
    if codec == "mjpeg":
        pictures = [jpeg(picture, width, height) for picture in pictures]
    packets = sound().reshape(-1, PACKET_SAMPLES)

    def play_pictures() -> None:
        for number, due_ns in periods(Fraction(rate_hz)):
            camera.offer(Unit(pictures[number % len(pictures)], due_ns // 1000))

    def play_sound() -> None:
        for number, _ in periods(Fraction(SAMPLE_HZ, PACKET_SAMPLES)):
            microphone.offer(Unit(packets[number % len(packets)], number * PACKET_SAMPLES))

    serve({"camera": camera, "microphone": microphone}, [play_pictures, play_sound])


def jpeg(picture: MatLike, width: int, height: int) -> MatLike:
    """One I420 picture as a camera compresses it: 4:2:2, full range."""
    frame = av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8).reshape(height * 3 // 2, width), "yuv420p")
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuvj422p", Fraction(1, 30)
    encoder.options = {"qmin": JPEG_SCALE, "qmax": JPEG_SCALE}
    full = frame.reformat(format="yuvj422p", src_color_range=ColorRange.MPEG, dst_color_range=ColorRange.JPEG)
    full.pts, full.time_base = 0, Fraction(1, 30)
    return np.frombuffer(b"".join(map(bytes, encoder.encode(full) + encoder.encode(None))), np.uint8)


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
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
