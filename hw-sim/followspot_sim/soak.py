"""A driver and a simulated dock that talk at full rate for a long time: what is lost, how late, and what grows.

A command answers each pose, as the daemon's steering answers each marker report.
"""

import asyncio
import math
import os
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from followspot_dock import Dock, DockEvent, DockSettings, LinkChanged, LinkState, Pose, open_dock
from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import Codec
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import Sight
from followspot_sim.sim_dock import Cable, Port, SimDock

POSE_HZ = 50
_TTL_MS = 250
_TURN_AFTER = 100
"""Commands until the dock turns the other way: it stays about where it is."""
_MARKS = 10_000
_MARK_DPS = 0.001
"""Each command carries its number in the thousandths of its rate: so the plant knows which one came."""
_BASE_DPS = 10.0
_READY_S = 30.0
_SETTLE_S = 1.0
_SAMPLE_EVERY_S = 1.0
_TOGETHER_NS = 12_000_000
"""Poses that one connection event brings are told within this time on a busy machine; of the commands that answer them
only the last counts."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the process holds."""

    resident_bytes: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> "Footprint":
        """As it is."""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(pages * _PAGE_BYTES, len(os.listdir("/proc/self/fd")), threading.active_count())


@dataclass(slots=True)
class Soak:
    """What was counted and measured. Latencies in milliseconds."""

    seconds: float = 0.0
    poses_sent: int = 0
    poses_heard: int = 0
    commands_sent: int = 0
    commands_heard: int = 0
    commands_replaced: int = 0
    losses_of_link: int = 0
    command_ms: "array[float]" = field(default_factory=lambda: array("d"))
    pose_ms: "array[float]" = field(default_factory=lambda: array("d"))
    footprints: list[Footprint] = field(default_factory=list)

    @property
    def poses_lost(self) -> int:
        """Poses that the dock sent and the driver did not tell."""
        return self.poses_sent - self.poses_heard

    @property
    def commands_lost(self) -> int:
        """Commands that the driver was given, that no newer one replaced, and that the motors did not get."""
        return self.commands_sent - self.commands_heard - self.commands_replaced

    def growth(self) -> tuple[int, int, int]:
        """Of resident bytes, descriptors and threads, from the end of the first quarter to the end."""
        first, last = self.footprints[len(self.footprints) // 4], self.footprints[-1]
        return (
            last.resident_bytes - first.resident_bytes,
            last.descriptors - first.descriptors,
            last.threads - first.threads,
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed; 0 where there is none."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else 0.0


class _CountingPort:
    def __init__(self, port: Port, codec: Codec, count: Callable[[], None]) -> None:
        self._port = port
        self._codec = codec
        self._count = count

    def write(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            for sent in self._codec.feed(frame):
                if sent.type == messages.Pose.TYPE:
                    self._count()
        self._port.write(frames)

    def unplug(self) -> None:
        self._port.unplug()


class _CountingCable:
    """Counts the poses that leave the dock. A Cable."""

    def __init__(self, cable: Cable, count: Callable[[], None]) -> None:
        self._cable = cable
        self._count = count

    def new_codec(self) -> Codec:
        return self._cable.new_codec()

    def plug(self, on_data: Callable[[bytes], None]) -> Port:
        return _CountingPort(self._cable.plug(on_data), self._cable.new_codec(), self._count)


class _MarkedPlant(Plant):
    """Tells which command reached the motors."""

    def __init__(self, arrived: Callable[[int], None]) -> None:
        super().__init__(time.monotonic_ns())
        self._arrived = arrived

    def drive(self, now_ns: int, pan_dps: float, tilt_dps: float, ttl_s: float) -> None:
        if pan_dps:
            self._arrived(round((abs(pan_dps) - _BASE_DPS) / _MARK_DPS))
        super().drive(now_ns, pan_dps, tilt_dps, ttl_s)


class Soaker:
    """Runs one soak of the dock that `settings` name, which hangs on `cable`; files go into `folder`.

    `each_second` is called with the number of seconds that went by: it may spoil the link. `late_s` tells by how much
    the simulated link is late just now, because its process is: that is not held against the driver.
    """

    def __init__(
        self,
        cable: Cable,
        settings: DockSettings,
        folder: Path,
        each_second: Callable[[int], None] = lambda _: None,
        late_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._settings = settings
        self._late_s = late_s
        self._each_second = each_second
        self._dock: Dock | None = None
        self._wanted = self._over = False
        self._sent_ns: dict[int, int] = {}
        self._soak = Soak()
        sight = Sight(azimuth_deg=10.0, elevation_deg=5.0, distance_m=3.0, visible=True)
        self._sim = SimDock(
            _MarkedPlant(self._arrived),
            lambda _: sight,
            _CountingCable(cable, self._pose_sent),
            folder / "marker.jsonl",
            seed=1,
            sensor=MarkerSensor(MarkerTable()),
        )

    async def run(self, seconds: float) -> Soak:
        """Talk for so long. Raises TimeoutError where no link comes about."""
        dock = self._dock = open_dock(self._settings, self._on_event)
        assert dock is not None
        tasks = [
            asyncio.create_task(self._sim.run(), name="sim-dock"),
            asyncio.create_task(dock.run(), name="dock"),
        ]
        try:
            async with asyncio.timeout(_READY_S):  # noqa: TID251  # this task is not being cancelled here
                while not dock.link.works:  # noqa: ASYNC110  # the port tells states, not waits
                    await asyncio.sleep(0.01)
            await asyncio.sleep(_SETTLE_S)
            await self._talk(seconds)
        finally:
            for task in reversed(tasks):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return self._soak

    async def _talk(self, seconds: float) -> None:
        begun_s = time.monotonic()
        self._wanted = True
        for second in range(math.ceil(seconds / _SAMPLE_EVERY_S)):
            self._soak.footprints.append(Footprint.now())
            self._each_second(second)
            end_s = min((second + 1) * _SAMPLE_EVERY_S, seconds)
            await asyncio.sleep(max(begun_s + end_s - time.monotonic(), 0.0))
        self._soak.seconds = time.monotonic() - begun_s
        self._wanted = False
        await asyncio.sleep(_SETTLE_S)  # the last commands arrive: a dock that hangs would not hear them
        self._sim.freeze(math.inf)
        await asyncio.sleep(_SETTLE_S)  # the last poses arrive, and nothing follows them
        self._over = True
        self._overtake(time.monotonic_ns())

    def _command(self) -> None:
        assert self._dock is not None
        number = self._soak.commands_sent
        mark = number % _MARKS
        self._sent_ns[mark] = time.monotonic_ns()
        self._soak.commands_sent += 1
        sign = 1.0 if number // _TURN_AFTER % 2 else -1.0
        self._dock.drive(sign * (_BASE_DPS + mark * _MARK_DPS), 0.0, _TTL_MS)

    def _arrived(self, mark: int) -> None:
        sent_ns = self._sent_ns.pop(mark, None)
        if sent_ns is not None:
            self._soak.commands_heard += 1
            self._soak.command_ms.append((time.monotonic_ns() - sent_ns) / 1e6 - self._late_s() * 1000)
            self._overtake(sent_ns)

    def _overtake(self, sent_ns: int) -> None:
        """What was sent before and did not arrive never will: it was replaced, if a newer command came at once."""
        gone = [(mark, then_ns) for mark, then_ns in self._sent_ns.items() if then_ns < sent_ns]
        for (mark, then_ns), next_ns in zip(gone, [then_ns for _, then_ns in gone[1:]] + [sent_ns], strict=False):
            del self._sent_ns[mark]
            self._soak.commands_replaced += next_ns - then_ns < _TOGETHER_NS

    def _pose_sent(self) -> None:
        self._soak.poses_sent += not self._over

    def _on_event(self, event: DockEvent) -> None:
        match event:
            case Pose(time_ns=time_ns):
                self._pose_heard(time_ns)
            case LinkChanged(state=LinkState.NEGOTIATING) if not self._soak.footprints:
                self._soak.poses_sent = self._soak.poses_heard = 0  # none is sent before the Hello that comes now
            case LinkChanged(state=LinkState.LOST):
                self._soak.losses_of_link += self._wanted

    def _pose_heard(self, time_ns: int) -> None:
        self._soak.poses_heard += 1
        if self._wanted:
            self._soak.pose_ms.append((time.monotonic_ns() - time_ns) / 1e6)
            self._command()
