"""A lesson through the production recorder, faster than time passes: from stamps and packets to announced segments.

The clock is moved by hand, a picture at a time; each is waited for until it and the sound due with it are through.
"""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from followspot.domain.recording import LessonPlan, SegmentEnd
from followspot.domain.sound import MicrophoneRole
from followspot.domain.view import FramedView, TrackingState
from followspot.media.audio import Placer
from followspot.media.encode import EncodeLoop
from followspot.media.framequeue import CapturedFrame, FrameQueue
from followspot.media.mixingdesk import SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.media.sound import SoundTrack
from followspot.media.stamps import ExposureClock
from followspot.media.view import centre_view, plane_view
from followspot.settings.models import Settings
from followspot.storage.notices import SegmentDurable
from followspot.storage.storage import Storage
from support.storagelab import LESSON, FakeBoot, render
from tools.soak.measures import SOUND_HZ, Holding, holding, wave

NS = 1_000_000_000
WIDTH, HEIGHT, RATE_HZ = 160, 90, 5
PACKET_SAMPLES = 4800
"""A tenth of a second, as a slow device gives it: less work to make it."""
ORIGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
EPOCH_NS = 1_000 * NS
PICTURE_LATENCY_NS, SOUND_LATENCY_NS = 30_000_000, 4_000_000
BEEP_EVERY_S = 10
"""A flash and the teacher's beep at each; the room's beep comes half of it later, with a flash of its own."""


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_ns = EPOCH_NS

    def monotonic_ns(self) -> int:
        return self.now_ns

    def utc_now(self) -> datetime:
        return ORIGIN + timedelta(microseconds=(self.now_ns - EPOCH_NS) // 1000)


class LockstepQueue(FrameQueue):
    """Tells when the encoder is through with all that was put in: when it asks for more."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._asked = threading.Semaphore(0)

    def get(self, timeout_s: float) -> CapturedFrame | None:
        self._asked.release()
        return super().get(3600)

    def wait_until_through(self, timeout_s: float = 60) -> None:
        assert self._asked.acquire(timeout=timeout_s), "the encoder hangs"


class Whole:
    """Always the whole picture."""

    def view_at(self, exposure_ns: int, sensor_width: int, sensor_height: int) -> FramedView:
        return FramedView(centre_view(sensor_width, sensor_height, WIDTH, HEIGHT), TrackingState.TRACKING)


class Device:
    """A microphone with a clock of its own on a bus that hiccups; beeps at its moments of true time."""

    def __init__(self, ppm: float, beep_phase_s: float, seed: int) -> None:
        self._rate_hz = SOUND_HZ * (1 + ppm * 1e-6)
        self._phase_s = beep_phase_s
        self._spread = random.Random(seed)
        self._sample, self._due_sample = 0, -1
        self._placer: Placer | None = None
        self._arrival_ns = EPOCH_NS

    def deliver_until(self, now_ns: int, track: SoundTrack) -> None:
        """All packets that have arrived by then, through the capture's own placing."""
        while (arrival_ns := self._next_arrival_ns()) <= now_ns:
            frame = self._frame()
            self._placer = self._placer or Placer(frame, 0)
            for start, samples in [*self._placer.place([frame], arrival_ns), *self._placer.placed()]:
                track.put(start, samples)
            self._sample += PACKET_SAMPLES

    def _next_arrival_ns(self) -> int:
        """Late by milliseconds, and now and then by up to 150."""
        if self._due_sample != self._sample:
            self._due_sample = self._sample
            due_ns = self._captured_ns(self._sample + PACKET_SAMPLES) + SOUND_LATENCY_NS
            due_ns += round(self._spread.expovariate(1 / 3e6))
            if self._spread.random() < 0.001:
                due_ns += self._spread.randrange(20_000_000, 150_000_000)
            self._arrival_ns = max(self._arrival_ns + 1, due_ns)
        return self._arrival_ns

    def _captured_ns(self, sample: int) -> int:
        return EPOCH_NS + round(sample / self._rate_hz * NS)

    def _frame(self) -> av.AudioFrame:
        times_s = (self._sample + np.arange(PACKET_SAMPLES)) / self._rate_hz
        nearest_s = np.round((times_s[[0, -1]] - self._phase_s) / BEEP_EVERY_S) * BEEP_EVERY_S + self._phase_s
        sound = wave(times_s, np.unique(nearest_s)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), "flt", "mono")
        frame.sample_rate = SOUND_HZ
        return frame


@dataclass
class Durable:
    """A segment when it was announced. `announce_ms`: from its last fragment to its event in the outbox."""

    end: SegmentEnd
    announce_ms: float
    holding: Holding
    at_s: float
    """time.monotonic()."""


class WatchingSink:
    """The lesson's sink; notes when segments end."""

    def __init__(self, sink: Any, on_end: Callable[[SegmentEnd], None]) -> None:
        self._sink = sink
        self._on_end = on_end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)

    def finish_segment(self, end: SegmentEnd) -> None:
        self._on_end(end)
        self._sink.finish_segment(end)


@dataclass
class SoakLesson:
    """One lesson of `seconds` with two microphones whose clocks are off by `teacher_ppm` and `room_ppm`."""

    folder: Path
    seconds: float
    teacher_ppm: float
    room_ppm: float
    until_s: float
    """time.monotonic() at which the lesson is ended, however long it has become."""
    segment_s: float = 60.0
    _ends: dict[int, tuple[SegmentEnd, float]] = field(default_factory=dict)
    _durable: list[Durable] = field(default_factory=list)

    @property
    def media(self) -> Path:
        """Where the lesson's folder is."""
        return self.folder / "media"

    def settings(self) -> Settings:
        names = {name: str(self.folder / name) for name in ("media", "state", "runtime")}
        return Settings.model_validate(
            {
                "paths": {**names},
                "camera": {"url": "by hand", "format": "nut", "rate_hz": float(RATE_HZ)},
                "microphone": {"url": "teacher"},
                "room_microphone": {"url": "room", "single_files": False},
                "view": {"width": WIDTH, "height": HEIGHT},
                "encoder": {"bitrate_kbps": 200, "audio_bitrate_kbps": 32, "codec": "libx264"},
                "recording": {"segment_s": self.segment_s, "reserve_mb": 1, "one_file": False},
            }
        )

    async def run(self) -> AsyncIterator[Durable]:
        """Record; yields each segment once it is announced."""
        clock, settings = HandClock(), self.settings()
        storage = Storage(settings, clock, render, self._noted, lambda: None, boot=FakeBoot())
        await storage.open()
        sink = WatchingSink(storage.lesson_sink(LessonPlan(LESSON), "soak"), self._ended)
        tracks = [SoundTrack(expected=True) for _ in MicrophoneRole]
        queue = LockstepQueue(16)
        inputs = SoundInputs(*tracks, MuteSwitch())
        loop = EncodeLoop(settings, clock, Whole(), lambda _: None, LessonPlan(LESSON), sink, queue, inputs)
        with ThreadPoolExecutor(1, "encode") as encoding, ThreadPoolExecutor(1, "feed") as feeding:
            done = encoding.submit(loop.run)
            run, aio = self._feed(clock, queue, tracks), asyncio.get_running_loop()
            while await aio.run_in_executor(feeding, lambda: next(run, None)) is not None:
                await storage.pending(0, 1)  # all that was handed over is written
                while self._durable:
                    yield self._durable.pop(0)
            queue.close()
            await asyncio.wrap_future(done)
            await storage.complete_lesson(LESSON, "stopped")
            while self._durable:
                yield self._durable.pop(0)
        await storage.close()

    def _feed(self, clock: HandClock, queue: LockstepQueue, tracks: list[SoundTrack]) -> Iterator[int]:
        """A second of pictures and sound at a time."""
        exposures = ExposureClock(0, trusted=True)
        devices = (Device(self.teacher_ppm, 0.0, 1), Device(self.room_ppm, BEEP_EVERY_S / 2, 2))
        queue.wait_until_through()
        for number in range(round(self.seconds * RATE_HZ)):
            stamp_ns = EPOCH_NS + number * NS // RATE_HZ
            clock.now_ns = stamp_ns + PICTURE_LATENCY_NS
            for device, track in zip(devices, tracks, strict=True):
                device.deliver_until(clock.now_ns, track)
            exposure_ns = exposures.exposure_ns(stamp_ns, clock.now_ns)
            queue.put(CapturedFrame(_picture(number), exposure_ns, clock.now_ns))
            queue.wait_until_through()
            if number % RATE_HZ == 0:
                yield number
                if time.monotonic() > self.until_s:
                    return

    def _ended(self, end: SegmentEnd) -> None:
        self._ends[end.index] = end, time.perf_counter()

    def _noted(self, notice: object) -> None:
        if isinstance(notice, SegmentDurable):
            end, since_s = self._ends.pop(notice.index)
            self._durable.append(Durable(end, (time.perf_counter() - since_s) * 1000, holding(), time.monotonic()))


def _picture(number: int) -> av.VideoFrame:
    """Bright where a beep sounds, and how bright says in which microphone; else grey with a moving bar."""
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    rows = plane_view(frame, 0)
    half, rest = divmod(number, BEEP_EVERY_S * RATE_HZ // 2)
    rows[:] = 60 if rest else (180 if half % 2 else 235)
    rows[:, number % WIDTH : number % WIDTH + 8] = 120
    for index in (1, 2):
        plane_view(frame, index)[:] = 128
    frame.time_base = Fraction(1, RATE_HZ)
    return frame
