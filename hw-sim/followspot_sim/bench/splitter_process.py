"""One camera and one microphone for two programs at once: a device serves one, so this one opens it and passes it on.

`python -m followspot_sim.bench.splitter_process CAMERA MICROPHONE RATE_HZ` serves the outlets "daemon camera",
"daemon microphone", "ffmpeg camera" and "ffmpeg microphone". Both programs get the same bytes and time stamps.
"""

import sys
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer

from followspot_sim.bench.outlets import picture_outlet, serve, sound_outlet
from followspot_sim.nut_server import NutServer, Unit

CLIENTS = ("daemon", "ffmpeg")
QUICK = {"probesize": "65536", "analyzeduration": "0", "fpsprobesize": "0"}
"""The header says all; nothing need be read to find out more."""


def main(camera_url: str, microphone_url: str, rate_hz: Fraction) -> None:
    """Serve until standard input ends."""
    camera, microphone = (av.open(url, format="nut", options=QUICK) for url in (camera_url, microphone_url))
    size = camera.streams.video[0]
    pictures = {f"{c} camera": picture_outlet(c, size.width, size.height, rate_hz) for c in CLIENTS}
    sounds = {f"{c} microphone": sound_outlet(c) for c in CLIENTS}

    def pass_pictures() -> None:
        pass_on(camera, list(pictures.values()))

    def pass_sound() -> None:
        pass_on(microphone, list(sounds.values()))

    serve(pictures | sounds, [pass_pictures, pass_sound])


def pass_on(container: InputContainer, outlets: Sequence[NutServer]) -> None:
    """Offer every packet to every outlet, until the source ends."""
    for packet in container.demux(container.streams[0]):
        if packet.pts is not None:  # the last one, at the end of the source, is empty
            unit = Unit(np.frombuffer(memoryview(packet), np.uint8), packet.pts)
            for outlet in outlets:
                outlet.offer(unit)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Fraction(sys.argv[3]))
