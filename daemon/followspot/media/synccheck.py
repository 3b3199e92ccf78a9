"""Watch and listen for a while through the production capture path, and measure how far sound is behind the picture."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from followspot.domain.clock import Clock
from followspot.domain.sound import MicrophoneRole
from followspot.media.audio import AudioCapture
from followspot.media.capture import VideoCapture
from followspot.media.claps import ClapOffset, PictureSign, PictureWatch, claps_heard, claps_seen, offset_of
from followspot.media.encoder import SOUND_RATE_HZ
from followspot.media.framequeue import CapturedFrame
from followspot.media.mixing import Samples
from followspot.media.notices import CameraLost, MediaNotice, MicrophoneLost
from followspot.media.view import analysis_view
from followspot.settings.models import Settings

_LOG = logging.getLogger(__name__)

_JOIN_S = 2.0
# Some microphones crack when they are opened.
_OPENING_SAMPLES = SOUND_RATE_HZ // 2


@dataclass(frozen=True, slots=True)
class SyncFinding:
    """What was seen and heard of one microphone. `offset` is None where claps did not agree."""

    role: MicrophoneRole
    seen: int
    heard: int
    offset: ClapOffset | None


class DeviceMissingError(Exception):
    """A camera or microphone gave nothing: which, and what to do."""


class _Listener:
    """Keeps what a microphone gives: takes the place of the recorder's track."""

    def __init__(self) -> None:
        self.chunks: list[tuple[int, Samples]] = []

    def expect(self, expected: bool) -> None:
        """Nothing waits here."""

    def put(self, start: int, samples: Samples) -> None:
        """Keep samples by their index on the monotonic grid."""
        self.chunks.append((start, samples))

    def claps(self) -> list[int]:
        """When claps were heard."""
        if not self.chunks:
            return []
        begin = min(start for start, _ in self.chunks) + _OPENING_SAMPLES
        sound = np.zeros(max(0, max(start + len(samples) for start, samples in self.chunks) - begin), np.float32)
        for start, samples in self.chunks:
            if start >= begin:
                sound[start - begin : start - begin + len(samples)] = samples
        return claps_heard(begin, sound)


# A local camera's formats are measured before its first picture is given.
_FORMATS_S = 6.0


def measure(settings: Settings, clock: Clock, seconds: float, ready: Callable[[], None]) -> tuple[SyncFinding, ...]:
    """Watch and listen for `seconds` from when camera and microphones give something; `ready` is called then.

    Blocks. Raises DeviceMissingError.
    """
    watch, signs = PictureWatch(), list[PictureSign]()
    lost: dict[str, str] = {}
    started = threading.Event()

    def on_frame(captured: CapturedFrame) -> None:
        signs.append(watch.sign(captured.exposure_ns, analysis_view(captured.frame, captured.exposure_ns).y))
        started.set()

    def notify(notice: MediaNotice) -> None:
        if isinstance(notice, CameraLost | MicrophoneLost):
            lost[type(notice).__name__] = notice.reason

    listeners = {role: _Listener() for role, _ in settings.microphones}
    sources = [VideoCapture(settings.camera, clock, on_frame, notify).source]
    sources += [AudioCapture(role, m, clock, listeners[role], notify).source for role, m in settings.microphones]
    for source in sources:
        source.start()
    try:
        if started.wait(settings.camera.open_timeout_s + settings.camera.stall_timeout_s + _FORMATS_S):
            ready()
            threading.Event().wait(seconds)
    finally:
        for source in sources:
            source.stop()
        for source in sources:
            if not source.join(_JOIN_S):
                _LOG.warning("thread %s still waits for its device", source.name)
    silent = not signs or any(not listener.chunks for listener in listeners.values())
    if silent:
        raise DeviceMissingError("; ".join(lost.values()) or "the camera gave no picture")
    seen = claps_seen(signs)
    return tuple(_finding(role, seen, listener.claps()) for role, listener in listeners.items())


def _finding(role: MicrophoneRole, seen: list[int], heard: list[int]) -> SyncFinding:
    return SyncFinding(role, len(seen), len(heard), offset_of(seen, heard))
