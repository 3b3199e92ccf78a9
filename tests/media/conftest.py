"""A camera and a microphone made by PyAV on loopback, and a sink that keeps what it is given."""

import contextlib
import itertools
import math
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from followspot.domain.recording import Gap, LessonOrigin, SegmentEnd
from followspot.domain.rendition import RenditionName
from followspot.domain.view import FramedView, Rect, TrackingState
from followspot.media.recorder import Recorder
from followspot.settings.models import Settings

MICROSECONDS = Fraction(1, 1_000_000)
PACKET_SAMPLES = 480


class SystemClock:
    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc_now(self) -> datetime:
        return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)


@dataclass
class FileSink:
    """A SegmentSink that writes each segment to a file of its own."""

    folder: Path
    origin: LessonOrigin | None = None
    opened: list[tuple[int, int]] = field(default_factory=list)
    fragments: list[tuple[int, int, int]] = field(default_factory=list)  # index, size, monotonic_ns
    framing: list[bytes] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    ends: list[SegmentEnd] = field(default_factory=list)
    further: "FurtherSink | None" = None

    def path(self, index: int) -> Path:
        return self.folder / f"segment-{index:05d}.mp4"

    @property
    def paths(self) -> list[Path]:
        return [self.path(end.index) for end in self.ends]

    def begin(self, origin: LessonOrigin) -> None:
        self.origin = origin

    def open_segment(self, index: int, start_ns: int) -> None:
        self.opened.append((index, start_ns))
        self.path(index).write_bytes(b"")

    def write_fragment(self, index: int, data: bytes) -> None:
        self.fragments.append((index, len(data), time.monotonic_ns()))
        with self.path(index).open("ab") as file:
            file.write(data)

    def write_framing(self, line: bytes) -> None:
        self.framing.append(line)

    def declare_gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def finish_segment(self, end: SegmentEnd) -> None:
        self.ends.append(end)

    def rendition(self, name: RenditionName) -> "FurtherSink":
        self.further = FurtherSink(self, name)
        return self.further


@dataclass
class FurtherSink:
    """A RenditionSink beside a FileSink, which it must not be ahead of."""

    own: FileSink
    name: RenditionName
    finished: list[int] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def path(self, index: int) -> Path:
        return self.own.folder / f"segment-{index:05d}.{self.name}.mp4"

    @property
    def paths(self) -> list[Path]:
        return [self.path(end.index) for end in self.own.ends]

    def open_segment(self, index: int) -> None:
        assert index in [opened for opened, _ in self.own.opened], "the lesson's own segment comes first"
        self.path(index).write_bytes(b"")

    def write_fragment(self, index: int, data: bytes) -> None:
        with self.path(index).open("ab") as file:
            file.write(data)

    def declare_gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def finish_segment(self, index: int) -> None:
        self.finished.append(index)


class FixedPlanner:
    """Always the same crop, or the whole picture."""

    def __init__(self, crop: Rect | None = None) -> None:
        self.crop = crop
        self.sizes: list[tuple[int, int]] = []

    def view_at(self, exposure_ns: int, sensor_width: int, sensor_height: int) -> FramedView:
        self.sizes.append((sensor_width, sensor_height))
        crop = self.crop or Rect(0, 0, sensor_width, sensor_height)
        return FramedView(crop, TrackingState.TRACKING)


class Notices:
    """Keeps notices and waits for them."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, notice: Any) -> None:
        with self._changed:
            self.all.append(notice)
            self._changed.notify_all()

    def of(self, kind: type) -> list[Any]:
        return [n for n in self.all if isinstance(n, kind)]

    def wait(self, kind: type, count: int = 1, timeout_s: float = 5.0) -> Any:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(kind)) >= count, timeout_s), (kind, self.all)
        return self.of(kind)[-1]


class _SocketFile:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)


def _close(container: Any) -> None:
    """Write the end, unless the client left."""
    with contextlib.suppress(OSError, av.FFmpegError):
        container.close()


class NutServer:
    """Serves NUT to each client in turn, until it is closed. `feed(container, stop)` writes one connection's stream."""

    def __init__(self, feed: Callable[[Any, threading.Event], None], port: int = 0) -> None:
        self._feed = feed
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self.url = f"tcp://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, name="nut-server")
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(2)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with contextlib.suppress(OSError):  # the client left
                    self._feed(connection, self._stop)


class Show:
    """What happens in front of camera and microphone: a flash and a beep each second, else a moving grey."""

    def __init__(self, width: int = 320, height: int = 180, rate_hz: int = 30) -> None:
        self.width, self.height, self.rate_hz = width, height, rate_hz
        self.zero_ns = time.monotonic_ns()
        self.stamp_shift_ns = 0
        self.late_ns = 0

    def flash_at(self, time_ns: int) -> bool:
        return (time_ns - self.zero_ns) % 1_000_000_000 < 100_000_000

    def picture(self, time_ns: int, count: int) -> av.VideoFrame:
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        level = 235 if self.flash_at(time_ns) else 40 + count % 8
        for plane, value in zip(frame.planes, (level, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        return frame

    def camera(self, connection: socket.socket, stop: threading.Event, frames: int | None = None) -> None:
        container = av.open(_SocketFile(connection), "w", format="nut", options={"flush_packets": "1"})
        stream = container.add_stream("rawvideo", rate=self.rate_hz)
        stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
        stream.codec_context.time_base = MICROSECONDS
        count = (time.monotonic_ns() - self.zero_ns) * self.rate_hz // 1_000_000_000
        sent = 0
        try:
            while not stop.is_set() and sent != frames:
                due_ns = self.zero_ns + count * 1_000_000_000 // self.rate_hz
                time.sleep(max(0, due_ns + self.late_ns - time.monotonic_ns()) / 1e9)
                frame = self.picture(due_ns, count)
                frame.pts, frame.time_base = (due_ns + self.stamp_shift_ns) // 1000, MICROSECONDS
                for packet in stream.encode(frame):
                    container.mux_one(packet)
                count += 1
                sent += 1
        finally:
            _close(container)

    def microphone(
        self,
        connection: socket.socket,
        stop: threading.Event,
        *,
        ppm: float = 0.0,
        jitter_s: float = 0.0,
        late_s: float = 0.0,
        tone_hz: float | None = None,
        packets: int | None = None,
        hole: range = range(0),
    ) -> None:
        """Sound as a device with a clock of its own gives it; beeps with the flashes, or a steady tone.

        The packets in `hole` are lost, as by an overrun; all come `late_s` late.
        """
        container = av.open(_SocketFile(connection), "w", format="nut", options={"flush_packets": "1"})
        stream = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        start_ns = time.monotonic_ns()
        rate_hz = 48_000 * (1 + ppm * 1e-6)
        spread = random.Random(7)
        n = 0
        try:
            while not stop.is_set() and n != packets:
                first = n * PACKET_SAMPLES
                times_s = start_ns / 1e9 + (first + np.arange(PACKET_SAMPLES)) / rate_hz
                end_ns = start_ns + int((first + PACKET_SAMPLES) / rate_hz * 1e9)
                jitter = spread.uniform(0, jitter_s) if n % 10 else 0.0
                time.sleep(max(0.0, (end_ns - time.monotonic_ns()) / 1e9 + late_s + jitter))
                if tone_hz is None:
                    on = np.mod(times_s - self.zero_ns / 1e9, 1.0) < 0.1
                    wave = np.where(on, np.sin(2 * math.pi * 1000 * times_s), 0.0)
                else:
                    wave = np.sin(2 * math.pi * tone_hz * times_s)
                frame = av.AudioFrame.from_ndarray((wave * 16000).astype(np.int16).reshape(1, -1), "s16", "mono")
                frame.sample_rate, frame.pts, frame.time_base = 48_000, first, Fraction(1, 48_000)
                for packet in stream.encode(frame) if n not in hole else ():
                    container.mux_one(packet)
                n += 1
        finally:
            _close(container)


def _decoded_sound(paths: list[Path]) -> Any:
    """The sound of the segments played one after the other through one decoder."""
    data = bytearray().join(path.read_bytes() for path in paths)
    joined = paths[0].parent / "joined.mp4"
    joined.write_bytes(data)
    with av.open(str(joined)) as container:
        return np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])


def _av_offsets_s(sink: FileSink) -> list[float]:
    """Beep minus flash for each flash well inside the recording."""
    joined = sink.folder / "joined.mp4"
    joined.write_bytes(b"".join(path.read_bytes() for path in sink.paths))
    with av.open(str(joined)) as container:
        level = [(f.time, np.frombuffer(memoryview(f.planes[0]), np.uint8).mean()) for f in container.decode(video=0)]
    flashes = [b[0] for a, b in itertools.pairwise(level) if a[1] < 140 <= b[1]]
    loud = np.flatnonzero(np.abs(_decoded_sound(sink.paths)) > 0.1) / 48_000
    beeps = loud[1:][np.diff(loud) > 0.5]
    return [float(beeps[np.abs(beeps - flash).argmin()] - flash) for flash in flashes[1:-1]]


@pytest.fixture(scope="session")
def decoded_sound() -> Callable[[list[Path]], Any]:
    """The sound of segments played one after the other."""
    return _decoded_sound


@pytest.fixture(scope="session")
def av_offsets_s() -> Callable[[FileSink], list[float]]:
    """How far each beep is from its flash."""
    return _av_offsets_s


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The classes above, for fixtures and tests that need several or longer-lived ones."""
    return SimpleNamespace(
        FileSink=FileSink, FixedPlanner=FixedPlanner, Notices=Notices, NutServer=NutServer, Show=Show
    )


@pytest.fixture(scope="session")
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def sink(tmp_path: Path) -> FileSink:
    return FileSink(tmp_path)


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def show() -> Show:
    return Show()


@pytest.fixture
def serve() -> Iterator[Callable[..., NutServer]]:
    servers: list[NutServer] = []

    def start(feed: Callable[[Any, threading.Event], None], port: int = 0) -> NutServer:
        servers.append(NutServer(feed, port))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def make_settings() -> Callable[..., Settings]:
    """Settings for a small, quick recording; keyword arguments name tables."""

    def make(camera_url: str, microphone_url: str = "", **tables: dict[str, Any]) -> Settings:
        base: dict[str, dict[str, Any]] = {
            "camera": {"url": camera_url, "format": "nut", "stall_timeout_s": 0.5, "open_timeout_s": 2},
            "microphone": {"url": microphone_url, "format": "nut"},
            "view": {"width": 320, "height": 180},
            "encoder": {"bitrate_kbps": 600},
            "recording": {"segment_s": 2, "fragment_s": 0.5},
        }
        for name, values in tables.items():
            base.setdefault(name, {}).update(values)
        return Settings.model_validate(base)

    return make


@pytest.fixture
def planner() -> FixedPlanner:
    return FixedPlanner()


@pytest.fixture
def recorder(clock: SystemClock, planner: FixedPlanner, notices: Notices) -> Iterator[Callable[..., Recorder]]:
    """Makes recorders; leaves no thread behind."""
    made: list[Recorder] = []

    def make(settings: Settings, planner: Any = planner, analyse: Any = None) -> Recorder:
        made.append(Recorder(settings, clock, planner, notices, analyse))
        return made[-1]

    yield make
    for each in made:
        each.stop()
        assert each.join(5)
