"""Host and dock at one table: both ends, a clock stepped by the millisecond, and a link as bad as one likes."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from followspot_dock import Capabilities, DockEvent, MotionDone
from followspot_dock.event_memory import EventMemory
from followspot_dock.host import HostSession
from followspot_dock.protocol.frames import Codec, StreamCodec
from followspot_sim.firmware import Firmware
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import Plant
from followspot_sim.scenario import MarkerTable
from followspot_sim.sight import MarkerSight, Sight

Kind = TypeVar("Kind", bound=DockEvent)
MS = 1_000_000
START_NS = 5_000_000_000
SENSOR = MarkerSensor(MarkerTable(sigma_deg=0.5))
TICK_MS = 20


@dataclass
class Weather:
    """What happens to frames: shares of those lost, doubled, and held back for up to `late_ms`."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    late_ms: int = 0
    delay_ms: int = 0
    chunk_bytes: int = 0
    """Cut into pieces of this size; 0 leaves frames whole."""


class Table:
    """`host` and `dock` in conversation through `weather`."""

    def __init__(self, weather: Weather | None = None, codec: Callable[[], Codec] = StreamCodec, seed: int = 1) -> None:
        self.now_ns = START_NS
        self.weather = weather or Weather()
        self.codec = codec
        self.events: list[DockEvent] = []
        self.memory = EventMemory()
        self.rng = random.Random(seed)
        self.plant = Plant(START_NS)
        self.sights = [MarkerSight(1, Sight(20.0, 5.0, 3.0, True))]
        self.boot()
        self.connect()

    def boot(self) -> None:
        self.dock = Firmware(
            self.plant, lambda _: self.sights, lambda *_: None, self.rng, SENSOR, self.now_ns, self.codec()
        )

    def connect(self) -> None:
        self.ready: list[Capabilities] = []
        self.sent: list[bytes] = []
        self._under_way: list[tuple[int, int, bytes, bool]] = []
        self.host = HostSession(
            self.codec(),
            self._to_dock,
            self.events.append,
            self.ready.append,
            self.memory,
            False,
            self.rng.getrandbits(32),
        )
        self.host.begin(self.now_ns)
        self._deliver()

    def run_ms(self, milliseconds: int, *, tick_host: bool = True) -> None:
        for _ in range(milliseconds):
            self.now_ns += MS
            for frame in self.dock.advance(self.now_ns):
                self._to_host(frame)
            if tick_host and self.now_ns // MS % TICK_MS == 0:
                self.host.tick(self.now_ns)
            self._deliver()

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def done(self) -> list[tuple[int, str]]:
        return [(event.motion_id, event.outcome.value) for event in self.of(MotionDone)]

    def rates(self) -> tuple[float, float]:
        return self.plant.rates_at(self.now_ns)

    def pose(self) -> tuple[float, float]:
        return self.plant.pose_at(self.now_ns)

    def _to_dock(self, frame: bytes) -> None:
        self.sent.append(frame)
        self._send(frame, to_host=False)

    def _to_host(self, frame: bytes) -> None:
        self._send(frame, to_host=True)

    def _send(self, frame: bytes, *, to_host: bool) -> None:
        weather, chance = self.weather, self.rng.random
        for _ in range(2 if chance() < weather.doubled else 1):
            if chance() < weather.lost:
                continue
            late_ms = self.rng.randint(1, weather.late_ms) if chance() < weather.late else 0
            due_ns = self.now_ns + (weather.delay_ms + late_ms) * MS
            self._under_way.append((due_ns, len(self._under_way), frame, to_host))

    def _deliver(self) -> None:
        while due := [item for item in self._under_way if item[0] <= self.now_ns]:
            self._under_way = [item for item in self._under_way if item[0] > self.now_ns]
            for _, _, frame, to_host in sorted(due, key=lambda item: item[:2]):
                for piece in self._pieces(frame):
                    if to_host:
                        self.host.receive(piece, self.now_ns)
                    else:
                        for answer in self.dock.receive(piece, self.now_ns):
                            self._to_host(answer)

    def _pieces(self, frame: bytes) -> Iterator[bytes]:
        size = self.weather.chunk_bytes or len(frame)
        return (frame[start : start + size] for start in range(0, len(frame), size))
