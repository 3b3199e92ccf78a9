"""The simulated camera: a picture at every tick of an exact grid, from where the dock truly points at that instant."""

import threading
import time
from dataclasses import asdict
from fractions import Fraction
from typing import Protocol

from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream
from cv2.typing import MatLike

from followspot_sim import claps
from followspot_sim.claps import Claps, FrameGrid
from followspot_sim.journal import Journal
from followspot_sim.nut_server import JOIN_TIMEOUT_S, NutServer, Unit
from followspot_sim.render import Shot
from followspot_sim.scenario import CameraTable
from followspot_sim.scene import FrameTruth, Scene

BACKLOG_FRAMES = 4
"""A camera driver keeps about this many filled buffers."""

RENDER_NS = 15_000_000
"""Set aside for taking a picture, so that it is ready when the latency is over."""

LATE_FRAMES = 2
"""A picture that would be ready this many frame times late is skipped: the next ones come in time."""


class Mount(Protocol):
    """What the camera stands on."""

    def pose_at(self, time_ns: int) -> tuple[float, float]:
        """(pan, tilt) in degrees at a moment of CLOCK_MONOTONIC, some of it past."""
        ...

    def rates_at(self, time_ns: int) -> tuple[float, float]:
        """(pan, tilt) in degrees per second."""
        ...


class Camera:
    """Films `scene` on a thread of its own; every frame's truth goes to `truth`, every clap to `claps_log`."""

    def __init__(
        self,
        table: CameraTable,
        scene: Scene,
        mount: Mount,
        grid: FrameGrid,
        schedule: Claps,
        truth: Journal,
        claps_log: Journal,
    ) -> None:
        self._table = table
        self._scene = scene
        self._mount = mount
        self._grid = grid
        self._claps = schedule
        self._truth = truth
        self._claps_log = claps_log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sim-camera")
        self.server = NutServer("camera", self._add_stream, Fraction(1, 1_000_000), BACKLOG_FRAMES, from_zero=False)
        self.frames = 0
        self.skipped = 0

    def start(self) -> None:
        """Listen and film."""
        self.server.replug()
        self._thread.start()

    def close(self) -> None:
        """End both threads."""
        self._stopping.set()
        self._thread.join(JOIN_TIMEOUT_S)
        self.server.unplug()

    @property
    def running(self) -> bool:
        """Whether frames are being made."""
        return self._thread.is_alive()

    def _run(self) -> None:
        number = self._grid.number_from(time.monotonic_ns())
        latency_ns = round(self._table.latency_ms * 1e6)
        while self._wait_until(self._grid.time_ns(number) + max(latency_ns - RENDER_NS, 0)):
            number = self._skip_late(number, latency_ns)
            data = self._film(number)
            if not self._wait_until(self._grid.time_ns(number) + latency_ns):
                return
            self.server.offer(Unit(data, self._grid.time_ns(number) // 1000))
            number += 1

    def _skip_late(self, number: int, latency_ns: int) -> int:
        oldest_ns = time.monotonic_ns() - latency_ns - round(LATE_FRAMES * 1e9 / self._table.rate_hz)
        next_number = max(self._grid.number_from(oldest_ns), number)
        self.skipped += next_number - number
        return next_number

    def _film(self, number: int) -> MatLike:
        time_ns = self._grid.time_ns(number)
        clap = self._claps.at_frame(number)
        pan_deg, tilt_deg = self._mount.pose_at(time_ns)
        pan_rate_dps, tilt_rate_dps = self._mount.rates_at(time_ns)
        shot = Shot(
            pan_deg,
            tilt_deg,
            pan_rate_dps,
            tilt_rate_dps,
            exposure_s=self._table.exposure_ms / 1000,
            light=claps.LIGHT if clap else 1.0,
        )
        picture, truth = self._scene.take(time_ns, shot)
        self._note(number, time_ns, shot, truth, clap=clap)
        return picture.buffer

    def _note(self, number: int, time_ns: int, shot: Shot, truth: FrameTruth, *, clap: bool) -> None:
        self.frames += 1
        pose = {"pan_deg": shot.pan_deg, "tilt_deg": shot.tilt_deg}
        self._truth.add({"frame": number, "t_ns": time_ns, **pose, **asdict(truth), "skipped": self.skipped})
        if clap:
            self._claps_log.add({"t_ns": time_ns})

    def _wait_until(self, time_ns: int) -> bool:
        """False when the camera shall end."""
        return not self._stopping.wait(max(time_ns - time.monotonic_ns(), 0) / 1e9)

    def _add_stream(self, container: OutputContainer) -> Stream:
        stream: VideoStream = container.add_stream(
            "rawvideo", rate=Fraction(self._table.rate_hz).limit_denominator(1001)
        )
        stream.width, stream.height, stream.pix_fmt = self._table.width, self._table.height, "yuv420p"
        return stream
