"""The production framing and the production protocol around a simulated dock without marker, in simulated time.

No marker report ever comes: vision alone says where the teacher is, and the dock's speed steps, delays and polled
positions are those of the simulated peers.
"""

import heapq
import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from followspot.control.framing import TICK_S, Framing
from followspot.domain.sighting import Sighting, SightingKind
from followspot.domain.view import TrackingState
from followspot.settings.models import CameraSettings, Settings
from followspot_dock.polled.session import PolledSession
from followspot_dock.port import LinkChanged, LinkState
from followspot_dock.visca.framing import BareFraming
from followspot_dock.visca.models import MODELS
from followspot_dock.visca.session import ViscaSession
from followspot_dock.waveshare.session import WaveshareSession
from followspot_sim.visca_peer import Quirks, ViscaCamera
from followspot_sim.waveshare_peer import WaveshareBoard
from framing.closed_loop import CHEST_M, START_NS, STATURE_M, FakeClock, Plant, Walker

MS = 1_000_000
STEP_NS = 5 * MS
SIGHTING_STEPS = 20


class SimulatedDock(Plant):
    """A Dock (and nothing of the Plant but its unused commands) around a session and a peer, with a late wire."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.now_ns = START_NS
        self._late: list[tuple[int, int, bytes]] = []
        self._count = 0
        self.tell: Callable[[Any], None] = lambda _: None
        if kind == "visca":
            camera = ViscaCamera(START_NS, Quirks())
            self.table = camera.table
            self._take = lambda data: [(later.after_ms, later.packet) for later in camera.take(data, self.now_ns)]
            framing, model = BareFraming(), MODELS["ptzoptics"]
            self.session: PolledSession = ViscaSession(self._write, self._told, self._ready, model, framing)
        else:
            board = WaveshareBoard(START_NS)
            self.table = board.table
            self._take = lambda data: [(10.0, board.take(line, self.now_ns)) for line in data.splitlines()]
            self.session = WaveshareSession(self._write, self._told, self._ready)

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        self.session.drive(pan_dps, tilt_dps, ttl_ms, self.now_ns)

    def stop(self) -> None:
        self.session.stop(self.now_ns)

    def advance(self, now_ns: int) -> None:
        self.now_ns = now_ns
        while self._late and self._late[0][0] <= now_ns:
            _, _, data = heapq.heappop(self._late)
            self.session.receive(data, now_ns)
        self.session.tick(now_ns)
        assert self.session.fault(now_ns) is None

    def _write(self, data: bytes) -> None:
        for after_ms, answer in self._take(data):
            self._count += 1
            heapq.heappush(self._late, (self.now_ns + round(after_ms * MS), self._count, answer))

    def _told(self, event: Any) -> None:
        self.tell(event)

    def _ready(self, capabilities: Any) -> None:
        assert not capabilities.has_marker
        self.tell(LinkChanged(LinkState.READY, "", capabilities))


def follow(kind: str, seed: int, seconds: float) -> tuple[list[float], Framing, SimulatedDock]:
    """How far the camera pointed beside the teacher, in degrees, one figure a tick."""
    rng, clock, dock = random.Random(seed), FakeClock(), SimulatedDock(kind)
    framing = Framing(Settings(camera=CameraSettings(hfov_deg=55.0)), clock, dock)
    dock.tell = framing.on_dock_event
    dock.session.begin(START_NS)
    framing.follow(True)
    walker, errors_deg = Walker(rng), []
    sightings: list[tuple[int, Sighting]] = []
    for step in range(round(seconds * 1e9 / STEP_NS)):
        clock.now_ns = START_NS + step * STEP_NS
        walker.step(STEP_NS / 1e9)
        dock.advance(clock.now_ns)
        if step % SIGHTING_STEPS == 0:
            sightings.append((clock.now_ns + 80 * MS, _seen(walker, rng, clock.now_ns)))
        while sightings and sightings[0][0] <= clock.now_ns:
            framing.on_sighting(sightings.pop(0)[1])
        if step % round(TICK_S * 1e9 / STEP_NS) == 0:
            framing._publish(clock.now_ns)  # what `run` does at each tick
            framing._steer(clock.now_ns)
            errors_deg.append(walker.bearing(CHEST_M)[0] - dock.table.pose_at(clock.now_ns)[0])
    return errors_deg, framing, dock


def _seen(walker: Walker, rng: random.Random, now_ns: int) -> Sighting:
    azimuth, _ = walker.bearing(CHEST_M)
    top = walker.bearing(STATURE_M + rng.gauss(0, 0.05))[1]
    distance_m = math.hypot(walker.x, walker.z) * math.exp(rng.gauss(0, 0.1))
    return Sighting(now_ns, SightingKind.PERSON, 0.7, azimuth + rng.gauss(0, 1.0), 1.5, top, distance_m)


@pytest.mark.parametrize("kind", ["visca", "waveshare"])
def test_a_dock_without_marker_follows_by_vision_alone(kind: str) -> None:
    errors_deg, framing, dock = follow(kind, seed=3, seconds=40.0)
    settled = sorted(abs(error) for error in errors_deg[150:])
    assert settled[len(settled) // 2] < 5.0
    assert settled[round(len(settled) * 0.95)] < 15.0  # half of the picture is 27°
    knowledge = framing.planner.snapshot.knowledge
    assert knowledge.state(dock.now_ns)[0] is TrackingState.TRACKING
    assert knowledge.state(dock.now_ns)[1] == "picture alone"


@pytest.mark.parametrize("kind", ["visca", "waveshare"])
def test_it_rests_when_nobody_is_seen_any_more(kind: str) -> None:
    _, framing, dock = follow(kind, seed=4, seconds=5.0)
    framing.follow(False)
    framing._halt()
    for step in range(200):
        dock.advance(dock.now_ns + STEP_NS)
        assert step < 150 or dock.table.rates_at(dock.now_ns) == (0.0, 0.0)
    assert not dock.session.stopping
