"""A closed loop: a small plant and a walker of the tests' own around the production framing."""

import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from followspot.control.framing import Framing
from followspot.domain.sighting import Sighting, SightingKind
from followspot.domain.view import FramedView
from followspot.settings.models import CameraSettings, Settings
from followspot_dock.port import Capabilities, Dock, Feature, LinkChanged, LinkState, MarkerReport, Pose

STEP_NS = 5_000_000
START_NS = 1_000_000_000_000
CAMERA_HEIGHT_M = 1.25
CHEST_M, STATURE_M = 1.35, 1.70
SENSOR = (1280, 720)
FRAMES_LATE = 2
FRAME_STEPS = 7


class FakeClock:
    """A clock that the test turns."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now_ns = now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    def utc_now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ns / 1e9, UTC)


class Plant(Dock):
    """Two motors with limits on speed and acceleration and a late ear; records what it was asked."""

    def __init__(self, latency_ns: int = 30_000_000, rate_dps: float = 90, acceleration_dps2: float = 300) -> None:
        limits = (rate_dps, rate_dps, acceleration_dps2, acceleration_dps2)
        marker = frozenset({Feature.MARKER})
        self.capabilities = Capabilities("test", "1", "0", -170, 170, -40, 40, *limits, marker, 1)
        self.pan = self.tilt = self.pan_rate = self.tilt_rate = 0.0
        self.latency_ns = latency_ns
        self.asked: deque[tuple[int, float, float, int]] = deque()
        self.goal = (0.0, 0.0)
        self.until_ns = 0
        self.now_ns = START_NS
        self.log: list[tuple[int, float, float]] = []

    async def run(self) -> None:
        raise NotImplementedError

    @property
    def link(self) -> LinkState:
        return LinkState.READY

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        assert math.isfinite(pan_dps)
        assert math.isfinite(tilt_dps)
        self.log.append((self.now_ns, pan_dps, tilt_dps))
        self.asked.append((self.now_ns + self.latency_ns, pan_dps, tilt_dps, ttl_ms))

    def stop(self) -> None:
        self.drive(0.0, 0.0, 1)

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int) -> int | None:
        raise NotImplementedError

    def park(self, ttl_ms: int) -> int | None:
        raise NotImplementedError

    def marker_lamp(self, on: bool) -> None:
        raise NotImplementedError

    def follow_marker(self, marker_id: int) -> None:
        raise NotImplementedError

    def clear_fault(self) -> None:
        raise NotImplementedError

    def identify(self) -> None:
        raise NotImplementedError

    def step(self, now_ns: int) -> None:
        self.now_ns = now_ns
        while self.asked and self.asked[0][0] <= now_ns:
            heard_ns, *goal, ttl_ms = self.asked.popleft()
            self.goal, self.until_ns = (goal[0], goal[1]), heard_ns + ttl_ms * 1_000_000
        goal_pan, goal_tilt = self.goal if now_ns < self.until_ns else (0.0, 0.0)
        change = self.capabilities.pan_max_acceleration_dps2 * STEP_NS / 1e9
        self.pan_rate += max(-change, min(change, goal_pan - self.pan_rate))
        self.tilt_rate += max(-change, min(change, goal_tilt - self.tilt_rate))
        self.pan += self.pan_rate * STEP_NS / 1e9
        self.tilt += self.tilt_rate * STEP_NS / 1e9


@dataclass
class Walker:
    """Walks straight from stand to stand, 2.5 to 5 m in front of the camera."""

    rng: random.Random
    standing_only: bool = False
    x: float = 0.0
    z: float = 3.5
    goal: tuple[float, float] = (0.0, 3.5)
    speed: float = 0.0
    wanted: float = 1.0
    wait_s: float = 2.0

    def step(self, dt_s: float) -> None:
        if self.standing_only:
            return
        dx, dz = self.goal[0] - self.x, self.goal[1] - self.z
        left = math.hypot(dx, dz)
        if left < 0.03:
            self.speed = 0.0
            self.wait_s -= dt_s
            if self.wait_s <= 0:
                self.goal = (self.rng.uniform(-2.2, 2.2), self.rng.uniform(2.5, 5.0))
                self.wanted, self.wait_s = self.rng.uniform(0.7, 1.4), self.rng.uniform(0.5, 6.0)
            return
        self.speed = min(self.wanted, self.speed + 1.5 * dt_s, math.sqrt(2 * 1.5 * left) + 0.02)
        self.x += dx / left * self.speed * dt_s
        self.z += dz / left * self.speed * dt_s

    def bearing(self, height_m: float) -> tuple[float, float]:
        distance = math.hypot(self.x, self.z)
        return math.degrees(math.atan2(self.x, self.z)), math.degrees(math.atan2(height_m - CAMERA_HEIGHT_M, distance))


@dataclass
class Dropouts:
    """The marker is silent for 0.5 to 3 s, so many times a minute."""

    rng: random.Random
    per_minute: float
    silent_s: float = 0.0

    def step(self, dt_s: float) -> bool:
        self.silent_s -= dt_s
        if self.silent_s <= 0 and self.rng.random() < self.per_minute / 60 * dt_s:
            self.silent_s = self.rng.uniform(0.5, 3.0)
        return self.silent_s > 0


@dataclass
class Run:
    """What a run of the loop left behind, one entry per frame."""

    views: list[FramedView] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    errors_deg: list[float] = field(default_factory=list)
    pans: list[float] = field(default_factory=list)
    plant: Plant = field(default_factory=Plant)
    truth: deque[tuple[int, tuple[float, float, float, float], float, float]] = field(default_factory=deque)

    def safe(self, index: int) -> bool:
        """Head and shoulders inside the central 90 % of the crop and at least 20 % of its height."""
        crop, (x0, y0, x1, y1) = self.views[index].crop, self.boxes[index]
        dx, dy = 0.05 * crop.width, 0.05 * crop.height
        inside = crop.x + dx <= x0 and x1 <= crop.x + crop.width - dx
        inside = inside and crop.y + dy <= y0 and y1 <= crop.y + crop.height - dy
        return inside and (y1 - y0) >= 0.2 * crop.height

    def safe_share(self, skip: int = 60) -> float:
        """Share of safe frames after the first `skip`."""
        judged = [self.safe(i) for i in range(skip, len(self.views))]
        return sum(judged) / len(judged)


def true_box(walker: Walker, plant: Plant, hfov_deg: float) -> tuple[float, float, float, float]:
    """Head and shoulders in sensor pixels, by rotating the points themselves into the camera."""
    focal = SENSOR[0] / 2 / math.tan(math.radians(hfov_deg) / 2)

    def pixel(height_m: float) -> tuple[float, float, float]:
        pan, tilt = math.radians(plant.pan), math.radians(plant.tilt)
        x = walker.x * math.cos(pan) - walker.z * math.sin(pan)
        z = walker.x * math.sin(pan) + walker.z * math.cos(pan)
        y = height_m - CAMERA_HEIGHT_M
        y, z = y * math.cos(tilt) - z * math.sin(tilt), y * math.sin(tilt) + z * math.cos(tilt)
        return SENSOR[0] / 2 + focal * x / z, SENSOR[1] / 2 - focal * y / z, focal / z

    x, top, scale = pixel(STATURE_M)
    _, bottom, _ = pixel(STATURE_M * 0.75)
    half = 0.27 * STATURE_M * scale / 2
    return x - half, top, x + half, bottom


def run_loop(
    seed: int,
    seconds: float = 60.0,
    *,
    sightings: bool = True,
    dropouts_per_minute: float = 4.0,
    standing: bool = False,
    start_deg: float = 0.0,
    start_pan: float = 0.0,
    lens_error: float = 1.0,
    disturb: Callable[[Framing, int], None] | None = None,
    settings: Settings | None = None,
    walker: Walker | None = None,
    absent: Callable[[float], bool] = lambda _: False,
) -> Run:
    """One seed; `lens_error` is the believed over the true field of view.

    `absent` tells at which seconds nothing shows the teacher. `settings` stand in place of the defaults, but for the
    lens; `walker` in place of one who begins at `start_deg`.
    """
    rng, hfov_deg = random.Random(seed), 55.0
    clock, run = FakeClock(), Run()
    camera = CameraSettings(hfov_deg=hfov_deg * lens_error)
    settings = (settings or Settings()).model_copy(update={"camera": camera})
    framing = Framing(settings, clock, run.plant)
    if walker is None:
        at = math.radians(start_deg)
        walker = Walker(rng, standing_only=standing, x=3.5 * math.sin(at), z=3.5 * math.cos(at))
    drop = Dropouts(rng, dropouts_per_minute)
    run.plant.pan = start_pan
    framing.on_dock_event(LinkChanged(LinkState.READY, "", run.plant.capabilities))
    framing.follow(True)
    late: deque[tuple[int, Callable[[], None]]] = deque()
    for step in range(round(seconds * 1e9 / STEP_NS)):
        clock.now_ns = START_NS + step * STEP_NS
        walker.step(STEP_NS / 1e9)
        run.plant.step(clock.now_ns)
        away = absent(step * STEP_NS / 1e9)
        silent, seen = drop.step(STEP_NS / 1e9) or away, sightings and not away
        for produced in _reports(step, clock.now_ns, walker, run.plant, rng, silent, seen, framing):
            late.append(produced)
        for due in sorted((one for one in late if one[0] <= clock.now_ns), key=lambda one: one[0]):
            late.remove(due)
            due[1]()
        if step % FRAME_STEPS == 0:
            if disturb:
                disturb(framing, clock.now_ns)
            _frame(run, framing, walker, clock.now_ns, hfov_deg, settings.lookahead_s)
    return run


def _reports(
    step: int,
    now_ns: int,
    walker: Walker,
    plant: Plant,
    rng: random.Random,
    silent: bool,
    sightings: bool,
    framing: Framing,
) -> Iterator[tuple[int, Callable[[], None]]]:
    azimuth, elevation = walker.bearing(CHEST_M)
    if step % 4 == 0:
        pose = Pose(now_ns, plant.pan, plant.tilt, plant.pan_rate, plant.tilt_rate)
        yield now_ns + 10_000_000, lambda: framing.on_dock_event(pose)
    if step % 7 == 3:
        seen = MarkerReport(now_ns, azimuth + rng.gauss(0, 0.8), elevation + rng.gauss(0, 0.8), 0.9)
        report = MarkerReport(now_ns, 0.0, 0.0, 0.0) if silent else seen
        yield now_ns + 20_000_000, lambda: framing.on_dock_event(report)
    if sightings and step % 20 == 5 and rng.random() < 0.8:
        top = walker.bearing(STATURE_M + rng.gauss(-0.02, 0.04))[1]
        seen = Sighting(now_ns, SightingKind.APPEARANCE, 0.6, azimuth + rng.gauss(0, 1.0), 1.0, top, top_sigma_m=0.09)
        yield now_ns + 80_000_000, lambda: framing.on_sighting(seen)
    if sightings and step % 80 == 5 and rng.random() < 0.8:
        # an outline of the wrong size has its top at the wrong place too
        distance_m, wrong = math.hypot(walker.x, walker.z), rng.gauss(0.06, 0.12)
        top = walker.bearing(STATURE_M - 0.6 * wrong + rng.gauss(0, 0.03))[1]
        person = Sighting(now_ns, SightingKind.PERSON, 0.7, azimuth, 1.5, top, distance_m * math.exp(wrong))
        yield now_ns + 80_000_000, lambda: framing.on_sighting(person)


def _frame(run: Run, framing: Framing, walker: Walker, now_ns: int, hfov_deg: float, lookahead_s: float) -> None:
    """Frames are cropped FRAMES_LATE frames and the look-ahead after their exposure: judge by the truth of then."""
    run.truth.append((now_ns, true_box(walker, run.plant, hfov_deg), walker.bearing(0)[0], run.plant.pan))
    if len(run.truth) <= FRAMES_LATE + round(lookahead_s * 1e9 / STEP_NS / FRAME_STEPS):
        return
    exposure_ns, box, azimuth, pan = run.truth.popleft()
    view = framing.planner.view_at(exposure_ns, *SENSOR)
    run.views.append(view)
    run.boxes.append(box)
    run.errors_deg.append((view.azimuth_deg or 0.0) - azimuth)
    run.pans.append(pan)
