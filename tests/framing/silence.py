"""A walk with the marker silent for three seconds in its middle: vision and estimator together."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from followspot.domain.body import Body
from followspot.domain.estimator import Estimator
from followspot.domain.geometry import Aim
from followspot.domain.sighting import Hint
from followspot.vision.watcher import Watcher
from framing.stage import CAMERA_M, HFOV_DEG, Panorama, Sprite, analysis_frame, place

START_NS = 1_000_000_000_000
SILENT_S = (3.0, 6.0)
RATE_HZ, VISION_EVERY = 30, 3
TILT_DEG = -2.0
BODY = Body(1.70, 1.35)


@dataclass
class Outcome:
    """What was believed during the silence."""

    errors_deg: list[float] = field(default_factory=list)
    distance_ratios: list[float] = field(default_factory=list)
    vision_ms: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Of the absolute bearing errors."""
        return float(np.percentile(np.abs(self.errors_deg), 100 * share))


class Walk:
    """The teacher's true way: she sets off after a second and turns back within the silence (or stands still)."""

    def __init__(self, rng: random.Random, stands: bool) -> None:
        self.z, self.speed = rng.uniform(2.8, 4.2), 0.0 if stands else rng.uniform(0.8, 1.3)
        self.turn_s, direction = rng.uniform(4.0, 5.2), rng.choice((-1, 1))
        self.x = 0.3 if stands else -direction * 1.8
        self.speed *= direction
        self.pace = 0.0

    def step(self, now_s: float) -> None:
        goal = self.speed * (1 if now_s < self.turn_s else -1) if now_s > 1.0 else 0.0
        self.pace += max(-0.05, min(0.05, goal - self.pace))
        self.x += self.pace / RATE_HZ

    @property
    def azimuth_deg(self) -> float:
        return math.degrees(math.atan2(self.x, self.z))

    @property
    def distance_m(self) -> float:
        return math.hypot(self.x, self.z)


def walk_in_silence(
    room: Panorama,
    person: Sprite,
    seed: int,
    *,
    vision: bool = True,
    stands: bool = False,
    students: bool = False,
    light: Callable[[int], float] = lambda _: 1.0,
    pose_noise_deg: float = 0.03,
) -> Outcome:
    """Run one walk of six seconds; `light` gives the brightness of each frame."""
    rng = random.Random(seed)
    estimator, watcher, out = Estimator(BODY, 3.5, 1.0, 8.0), Watcher(BODY, HFOV_DEG), Outcome()
    walk = Walk(rng, stands)
    pan, rate = walk.azimuth_deg, 0.0
    for frame in range(round(SILENT_S[1] * RATE_HZ)):
        now_s, now_ns = frame / RATE_HZ, START_NS + round(frame / RATE_HZ * 1e9)
        walk.step(now_s)
        known = estimator.knowledge().at(now_ns)
        wanted = 0.0 if known is None else 2.0 * (known.chest.azimuth_deg - pan) + known.rate_dps
        rate += max(-8.0, min(8.0, wanted - rate))
        pan += rate / RATE_HZ
        silent = now_s >= SILENT_S[0]
        if not silent:
            chest = math.degrees(math.atan2(BODY.marker_height_m - CAMERA_M, walk.distance_m))
            estimator.on_marker(now_ns, walk.azimuth_deg + rng.gauss(0, 0.8), chest + rng.gauss(0, 0.8), 0.9, now_ns)
        if vision and frame % VISION_EVERY == 0:
            picture = room.view(pan, TILT_DEG)
            pose_s = now_s if abs(walk.pace) > 0.05 else 0.0
            person.draw(picture, pose_s, walk.azimuth_deg, walk.distance_m, pan, TILT_DEG)
            if students:
                _seat(picture, pan)
            shot = analysis_frame(picture, now_ns, light(frame))
            knowledge = estimator.knowledge()
            hint = Hint(
                Aim(pan + rng.gauss(0, pose_noise_deg), TILT_DEG), knowledge.at(now_ns), knowledge.marked(now_ns)
            )
            begun = time.thread_time()
            sightings = watcher.look(shot, hint)
            out.vision_ms.append((time.thread_time() - begun) * 1e3)
            for sighting in sightings:
                estimator.on_sighting(sighting, now_ns)
        known = estimator.knowledge().at(now_ns)
        if silent and known is not None:
            out.errors_deg.append(known.chest.azimuth_deg - walk.azimuth_deg)
            out.distance_ratios.append(known.distance_m / walk.distance_m)
    return out


def _seat(picture: np.ndarray, pan_deg: float) -> None:
    """Students who sit two metres from the camera: heads and backs that hide what is behind."""
    for azimuth_deg in (-20, -6, 9, 22):
        x, y, scale = place(azimuth_deg, 2.0, 1.28, pan_deg, TILT_DEG)
        for down_m, across_m, high_m, colour in ((0.12, 0.08, 0.12, (40, 50, 60)), (0.55, 0.22, 0.3, (90, 60, 120))):
            centre, axes = (int(x), int(y + down_m * scale)), (int(across_m * scale), int(high_m * scale))
            cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, -1)
