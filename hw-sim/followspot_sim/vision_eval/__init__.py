"""`followspot-sim vision-eval`: how well the daemon's vision sees people: real clips, and people put into rooms."""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Lens, Stand
from followspot_sim.index import DataFolder
from followspot_sim.vision_eval.album import Album
from followspot_sim.vision_eval.eye import Eye, Region, Seen
from followspot_sim.vision_eval.samples import (
    AZIMUTHS_DEG,
    DISTANCES_M,
    STATURE_M,
    Clip,
    Figure,
    Room,
    Sample,
    Truth,
    clips,
    figures,
    rooms,
)
from followspot_sim.vision_eval.score import Kind, Score, Tally

FOLLOW = "follow"
"""The detector that remembers: it is shown clips whole, with a marker and without."""
MARKER_SHARE = 0.785
"""The marker hangs at this share of the stature."""
MARKER_SIGMA_DEG = 0.8
REGION_SIGMA_DEG, REGION_SIGMA_TOP, REGION_SIGMA_SIZE = 1.0, 0.03, 0.15
"""How far a believed place is off: across, the head's top in shares of the height, the size."""
REACH_SIGMAS = 3.0
BLINK_S = 3.0
"""With "marker lost" the marker is silent for so long after each so long."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim vision-eval`."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of real recordings (default: drawn people only)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/vision-eval"),
        metavar="DIR",
        help="where table and pictures go (default %(default)s)",
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="a daemon's state directory with an installed model (default: none)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of all noise (default %(default)s)")
    parser.add_argument(
        "--every", type=_step, default=1, metavar="N", help="only each Nth figure of a room, to be quicker"
    )


def _step(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Judge, print the table, write vision-eval.json and hits-and-misses.jpg; 0."""
    folder = DataFolder(arguments.data) if arguments.data is not None else None
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SimulatorError(f"--out {arguments.out}: {error.strerror}") from error
    with Eye(arguments.state) as eye:
        print(f"stack: {eye.stack}", flush=True)
        judge = _Judge(eye, arguments.seed)
        for clip in clips(folder) if folder is not None else ():
            judge.film(clip)
        people = figures(folder)[:: arguments.every]
        for room in rooms(folder, arguments.seed):
            judge.visit(room, people)
    table = "\n".join(_table(judge.score))
    print(table)
    rows = [{**_told(kind), **tally.row()} for kind, tally in judge.score.tallies.items()]
    (arguments.out / "vision-eval.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    (arguments.out / "vision-eval.md").write_text(table + "\n", encoding="utf-8")
    judge.album.write(arguments.out / "hits-and-misses.jpg")
    print(f"\nin {arguments.out}: vision-eval.json, vision-eval.md, hits-and-misses.jpg")
    return 0


class _Judge:
    """Shows pictures to the eye and keeps the score."""

    def __init__(self, eye: Eye, seed: int) -> None:
        self._eye, self._rng = eye, np.random.default_rng(seed)
        self.score, self.album = Score(), Album()

    def film(self, clip: Clip) -> None:
        """One clip, by each detector."""
        height_m = MARKER_SHARE * clip.stature_m
        for way in ("marker", "marker lost now and then", "picture alone"):
            self._eye.begin(FOLLOW, clip.lens, clip.stature_m, height_m)
            for sample in clip.samples():
                heard = way == "marker" or (way != "picture alone" and sample.time_ns / 1e9 % (2 * BLINK_S) < BLINK_S)
                marker = self._marker(sample.truth, clip.lens) if heard and sample.truth is not None else None
                seen, cost_ms = self._eye.look(sample.time_ns, sample.picture, None, marker)
                self._note(
                    Kind(f"{clip.name} {sample.person}", "clip", None, f"{FOLLOW}, {way}"), sample, seen, cost_ms
                )
        for detector in self._single():
            self._eye.begin(detector, clip.lens, clip.stature_m, height_m)
            for sample in clip.samples():
                if sample.truth is not None:
                    distance_m = round(sample.truth.distance_m)
                    kind = Kind(f"{clip.name} {sample.person}", "clip", distance_m, detector)
                    self._ask(kind, sample, self._region(sample.truth, clip.lens))

    def visit(self, room: Room, people: list[Figure]) -> None:
        """Everybody at each distance in this room; and the room without anybody."""
        for detector in self._single():
            self._eye.begin(detector, room.lens, STATURE_M, MARKER_SHARE * STATURE_M)
            for figure, stand in _places(people):
                sample = room.view(figure, stand)
                assert sample.truth is not None
                kind = Kind(f"room {room.name}", figure.view, stand.distance_m, detector)
                self._ask(kind, sample, self._region(sample.truth, room.lens))
            for distance_m in DISTANCES_M:
                for azimuth_deg in AZIMUTHS_DEG:
                    nobody = room.view(Figure("", people[0].sprite), Stand(azimuth_deg, distance_m)).truth
                    assert nobody is not None
                    kind = Kind(f"room {room.name}", "nobody", distance_m, detector)
                    self._ask(kind, room.empty(), self._region(nobody, room.lens))

    def _single(self) -> Iterator[str]:
        return (name for name in self._eye.detectors if name != FOLLOW)

    def _ask(self, kind: Kind, sample: Sample, region: Region) -> None:
        seen, cost_ms = self._eye.look(sample.time_ns, sample.picture, region, None)
        self._note(kind, sample, seen, cost_ms)

    def _note(self, kind: Kind, sample: Sample, seen: Seen | None, cost_ms: float) -> None:
        if sample.truth is None and not sample.empty:
            return
        right = self.score.note(kind, sample.truth, seen, cost_ms)
        self.album.offer(f"{kind.detector}: {kind.view}", sample.picture, sample.truth, seen, right=right)

    def _region(self, truth: Truth, lens: Lens) -> Region:
        """A place as it is believed with a marker's help."""
        per_deg = math.radians(1) * lens.focal_px
        return Region(
            truth.x + self._rng.normal(0, REGION_SIGMA_DEG) * per_deg,
            truth.top + self._rng.normal(0, REGION_SIGMA_TOP) * truth.height,
            truth.height * math.exp(self._rng.normal(0, REGION_SIGMA_SIZE)),
            REACH_SIGMAS * REGION_SIGMA_DEG * per_deg,
        )

    def _marker(self, truth: Truth, lens: Lens) -> tuple[float, float]:
        """A noisy bearing of the chest from a lens that looks straight ahead."""
        azimuth, tangent = lens.look(
            np.array([truth.x]), np.array([truth.top + (1 - MARKER_SHARE) * truth.height]), 0.0
        )
        noise = self._rng.normal(0, MARKER_SIGMA_DEG, 2)
        return math.degrees(azimuth[0]) + noise[0], math.degrees(math.atan(tangent[0])) + noise[1]


def _places(people: list[Figure]) -> Iterator[tuple[Figure, Stand]]:
    for number, figure in enumerate(people):
        for distance_m in DISTANCES_M:
            yield figure, Stand(AZIMUTHS_DEG[number % len(AZIMUTHS_DEG)], distance_m)


def _told(kind: Kind) -> dict[str, object]:
    return {"series": kind.series, "view": kind.view, "distance_m": kind.distance_m, "detector": kind.detector}


def _table(score: Score) -> Iterator[str]:
    """Markdown: clips by way, then rooms by view and distance."""
    yield "| Pictures | View | m | Detector | n | Found | Placed | Wrong | Across | Head's top | Height | ms |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for kind, tally in score.tallies.items():
        yield _line(kind, tally)


def _line(kind: Kind, tally: Tally) -> str:
    row = tally.row()
    errors = [row[key] for key in ("across_median", "head_top_median", "height_median")]
    cells = [
        kind.series,
        kind.view,
        "" if kind.distance_m is None else f"{kind.distance_m:g}",
        kind.detector,
        str(tally.tried),
        *("" if kind.view == "nobody" else f"{row[key]:.2f}" for key in ("found", "placed")),
        f"{row['wrong']:.2f}",
        *("" if error is None else f"{error:.1%}" for error in errors),
        f"{row['cost_ms_mean']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"
