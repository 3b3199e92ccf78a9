"""How far away and how far turned the badge is read: rendered views of a person who wears it, against truth.

make badge DEMO_DATA=DIR
The simulator's geometry and pictures; a lens's softness, the camera's noise and JPEG on top; the production finder.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.belief import Estimate
from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.vision.badge import Badge, BadgeFinder
from followspot.vision.worker import prepare as prepare_vision
from followspot_sim import badge as worn_badge
from followspot_sim.actors import DrawnActor
from followspot_sim.geometry import Lens as TrueLens
from followspot_sim.geometry import Stand
from followspot_sim.looks import Choice, compose
from followspot_sim.render import Placed, Renderer, Shot
from followspot_sim.scenario import load
from followspot_sim.track import Facing
from followspot_sim.world import Teacher

NUMBER, SIZE_M, HEIGHT_M, STATURE_M = 7, 0.13, 1.35, 1.72
SOFT_PX, NOISE_LEVELS, JPEG_QUALITY = 0.7, 4.0, 85
"""A good lens and sensor, a lit room, an MJPEG camera."""
EXPOSURE_S = 0.01
WIDTHS = {1280: 720, 1920: 1080}
HFOV_DEG = 62.0
PERIOD_NS = 100_000_000
DISTANCES_M = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
YAWS_DEG = (0.0, 15.0, 30.0, 45.0, 60.0, 70.0)
SPEEDS_DPS = (0.0, 10.0, 20.0, 30.0, 45.0)


@dataclass(frozen=True)
class View:
    """Somebody with a badge before the camera; `turn_dps` is how fast she crosses the picture or the camera turns."""

    distance_m: float
    yaw_deg: float = 0.0
    turn_dps: float = 0.0
    light: float = 1.0


@dataclass
class Outcome:
    """Of `tried` pictures `found`; errors of bearing (degrees) and distance (share), and cost."""

    tried: int
    found: int
    bearing_deg: float
    distance_share: float
    cost_ms: float


class Studio:
    """Takes pictures of one person in one room, and asks the finder."""

    def __init__(self, width: int, data: Path | None, seed: int) -> None:
        self.size = (width, WIDTHS[width])
        self._true = TrueLens(*self.size, HFOV_DEG)
        self._lens = Lens(*self.size, HFOV_DEG)
        look = compose(load("lesson"), _folder(data), Choice(), seed)
        self._person = look.teacher if data is not None else DrawnActor(STATURE_M)
        self._renderer = Renderer(self._true, look.room)
        self._badge = worn_badge.Badge(NUMBER, SIZE_M)
        self._rng = np.random.default_rng(seed)

    def picture(self, view: View, azimuth_deg: float, *, badge: bool = True) -> np.ndarray:
        """Luma as the camera gives it."""
        stand = Stand(azimuth_deg, view.distance_m)
        teacher = Teacher(stand, STATURE_M, 0.0, False, 0.0, Facing.FRONT, 0.0)
        worn = worn_badge.Worn(stand, HEIGHT_M, view.yaw_deg)
        sprite = self._person.sprite_at(0.0, teacher)
        person = Placed(sprite, stand, STATURE_M, 0.0, self._badge if badge else None, worn)
        shot = Shot(0.0, -3.0, view.turn_dps, 0.0, EXPOSURE_S, view.light)
        luma = cv2.GaussianBlur(self._renderer.take(shot, [person]).luma, (0, 0), SOFT_PX)
        noisy = np.clip(luma + self._rng.normal(0, NOISE_LEVELS, luma.shape), 0, 255).astype(np.uint8)
        _, coded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)

    def ask(self, view: View, tries: int) -> Outcome:
        """Look where a marker of usual noise, or a belief without it, would say."""
        errors, shares, spent_s, limit = [], [], 0.0, HFOV_DEG / 2 - 12
        for _ in range(tries):
            azimuth = float(self._rng.uniform(-limit, limit))
            finder = BadgeFinder(Badge(NUMBER, SIZE_M))
            luma = self.picture(view, azimuth)
            elevation = Stand(azimuth, view.distance_m).bearing(HEIGHT_M).elevation_deg
            believed_m = view.distance_m * float(np.exp(self._rng.normal(0, 0.15)))
            chest = Bearing(azimuth + self._rng.normal(0, 1.0), elevation + self._rng.normal(0, 0.5))
            estimate = Estimate(chest, 0.0, believed_m, 1.0, 0.15)
            begun_s = time.thread_time()
            seen = finder.look(_frame(luma), self._lens, Aim(0.0, -3.0), estimate)
            spent_s += time.thread_time() - begun_s
            if seen is not None:
                errors.append(abs(seen.azimuth_deg - azimuth))
                shares.append(seen.distance_m / view.distance_m - 1)
        middle = (float(np.median(errors)), float(np.median(shares))) if errors else (float("nan"),) * 2
        return Outcome(tries, len(errors), *middle, spent_s / tries * 1e3)

    def search(self, view: View, pictures: int) -> tuple[int | None, float]:
        """How many pictures until a badge of unknown place is found, and the cost of one in milliseconds."""
        finder, spent_s = BadgeFinder(Badge(NUMBER, SIZE_M)), 0.0
        azimuth = float(self._rng.uniform(-HFOV_DEG / 2 + 8, HFOV_DEG / 2 - 8))
        for number in range(1, pictures + 1):
            luma = self.picture(view, azimuth)
            begun_s = time.thread_time()
            seen = finder.look(_frame(luma, number * PERIOD_NS), self._lens, Aim(0.0, -3.0), None)
            spent_s += time.thread_time() - begun_s
            if seen is not None:
                return number, spent_s / number * 1e3
        return None, spent_s / pictures * 1e3

    def false_hits(self, pictures: int) -> int:
        """Hits on a person who wears none."""
        finder = BadgeFinder(Badge(NUMBER, SIZE_M))
        lumas = (self.picture(View(3.0), 0.0, badge=False) for _ in range(pictures))
        frames = (_frame(luma, number * PERIOD_NS) for number, luma in enumerate(lumas))
        return sum(finder.look(frame, self._lens, Aim(0.0, -3.0), None) is not None for frame in frames)


def _folder(data: Path | None):
    from followspot_sim.index import DataFolder  # only here: drawn views need no folder

    return DataFolder(data) if data is not None else None


def _frame(luma: np.ndarray, exposure_ns: int = 0) -> AnalysisFrame:
    return AnalysisFrame(exposure_ns, luma, luma[::2, ::2], luma[::2, ::2])


def _table(studio: Studio, tries: int) -> list[dict[str, object]]:
    rows = []
    views = [View(d, yaw) for d in DISTANCES_M for yaw in YAWS_DEG]
    views += [View(d, 0.0, speed) for d in DISTANCES_M for speed in SPEEDS_DPS[1:]]
    views += [View(d, light=0.4) for d in DISTANCES_M]
    for view in views:
        rows.append({"width": studio.size[0], **vars(view), **vars(studio.ask(view, tries))})
    return rows


def _print(rows: list[dict], title: str, key: str, values: tuple[float, ...], fixed: dict[str, float]) -> None:
    print(f"\n{title}")
    print("| m | " + " | ".join(f"{value:g}" for value in values) + " |")
    print("|---" * (len(values) + 1) + "|")
    for distance_m in DISTANCES_M:
        cells = []
        for value in values:
            wanted = {**fixed, key: value, "distance_m": distance_m}
            row = next(row for row in rows if all(row[name] == one for name, one in wanted.items()))
            cells.append(f"{row['found'] / row['tried']:.2f}")
        print(f"| {distance_m:g} | " + " | ".join(cells) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="DIR", help="real people and rooms (default: drawn ones)")
    parser.add_argument("--tries", type=int, default=20, help="pictures of each view (default %(default)d)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where all figures go")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    prepare_vision()
    told: list[dict] = []
    for width in WIDTHS:
        studio = Studio(width, arguments.data, arguments.seed)
        rows = _table(studio, arguments.tries)
        told += rows
        name = f"{width} x {WIDTHS[width]}, {HFOV_DEG:g}°: share of pictures in which it is read"
        still = {"turn_dps": 0.0, "light": 1.0}
        _print(rows, f"{name}, turned away by so many degrees", "yaw_deg", YAWS_DEG, still)
        _print(rows, f"{name}, crossing at so many °/s", "turn_dps", SPEEDS_DPS, {"yaw_deg": 0.0, "light": 1.0})
        _print(rows, f"{name}, in usual light and in 0.4 of it", "light", (1.0, 0.4), {"yaw_deg": 0.0, "turn_dps": 0.0})
        read = [row for row in rows if row["found"]]
        print()
        for yaw_deg in YAWS_DEG:
            across = [np.radians(row["bearing_deg"]) * row["distance_m"] for row in read if row["yaw_deg"] == yaw_deg]
            print(f"turned away by {yaw_deg:g}° its bearing is {np.median(across):.2f} m off the body's axis (median)")
        for distance_m in DISTANCES_M:
            shares = [row["distance_share"] for row in read if row["distance_m"] == distance_m]
            if shares:
                print(f"at {distance_m:g} m the distance is told {min(shares):+.1%} to {max(shares):+.1%} off")
        print(f"cost of a picture: {np.mean([row['cost_ms'] for row in rows]):.2f} ms mean")
        searches = [studio.search(View(distance_m), 40) for distance_m in DISTANCES_M for _ in range(3)]
        print(
            "place unknown, pictures until found at each distance (three tries): "
            + ", ".join(str(count or "-") for count, _ in searches)
            + f"; {np.mean([cost for _, cost in searches]):.2f} ms a picture"
        )
        print(f"false hits in 100 pictures without a badge: {studio.false_hits(100)}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
