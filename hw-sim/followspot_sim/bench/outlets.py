"""What the bench's helper processes have in common: their streams, and a life as long as their standard input."""

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from followspot_sim.nut_server import NutServer
from followspot_sim.voice import SAMPLE_HZ

PICTURE_TIME_BASE = Fraction(1, 1_000_000)
PICTURE_BACKLOG, SOUND_BACKLOG = 8, 100
"""A quarter of a second of pictures and a second of sound: what a client that opens slowly may find waiting."""


def picture_outlet(name: str, width: int, height: int, rate_hz: Fraction, codec: str = "rawvideo") -> NutServer:
    """Raw yuv420p pictures, or JPEGs (codec "mjpeg"), stamped with CLOCK_MONOTONIC microseconds."""

    def add_stream(container: OutputContainer) -> Stream:
        stream = container.add_stream(codec, rate=rate_hz)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p" if codec == "rawvideo" else "yuvj422p"
        return stream

    return NutServer(name, add_stream, PICTURE_TIME_BASE, PICTURE_BACKLOG, from_zero=False)


def sound_outlet(name: str) -> NutServer:
    """Raw mono sound, 16 bits, counted in samples from each client's beginning."""

    def add_stream(container: OutputContainer) -> Stream:
        return container.add_stream("pcm_s16le", rate=SAMPLE_HZ, layout="mono")

    return NutServer(name, add_stream, Fraction(1, SAMPLE_HZ), SOUND_BACKLOG, from_zero=True)


def serve(outlets: Mapping[str, NutServer], sources: Sequence[Callable[[], None]]) -> None:
    """Print where the outlets listen, run each source on a thread, and end the process when standard input ends."""
    for outlet in outlets.values():
        outlet.replug()
    for source in sources:
        threading.Thread(target=source, name=f"bench-{source.__name__}", daemon=True).start()
    print(json.dumps({name: outlet.url for name, outlet in outlets.items()}), flush=True)
    sys.stdin.buffer.read()
    # The threads hold nothing but sockets, which the kernel closes.
    os._exit(0)
