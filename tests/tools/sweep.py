"""Lessons in virtual time over many seeds: how well the teacher is kept in the picture, and how calmly it moves.

make sweep SEEDS=1:17 DEMO_DATA=DIR

Each lesson is played without look-ahead and with `--lookahead` seconds of it. Motion is that of the recorded view over
the room, RMS of the second difference (px/frame²) and of the third (px/frame³), while she stands and while she walks.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from followspot.domain.geometry import Lens
from followspot.settings.models import Settings, ViewSettings
from followspot_sim.setup import prepare
from framing.calm import calm
from framing.virtual_lesson import START_NS, Judged, Lesson, options

HEADS = ("safe area", "off p95 %", "stands ²", "stands ³", "walks ²", "walks ³", "distance")


def _play(seed: int, seconds: float, lookahead_s: float, look: tuple[str, ...]) -> list[float]:
    """The figures of HEADS; the last is how many times too far she is believed (median)."""
    prepared = prepare(options(*look, "--seed", str(seed)), lambda: START_NS)
    view, camera = ViewSettings(lookahead_s=lookahead_s), prepared.camera
    lesson = Judged(Lesson(prepared, settings=Settings(view=view)).run(seconds, 3.0))
    ratios = [m / t.distance_m for m, t in zip(lesson.believed_m, lesson.truths, strict=True) if m]
    motion = calm(lesson, Lens(camera.width, camera.height, camera.hfov_deg), view.width)
    off = [
        abs(t.box[0] + t.box[2] / 2 - v.crop.centre[0]) / v.crop.width * 100
        for t, v in zip(lesson.truths, lesson.views, strict=True)
        if t.box
    ]
    return [
        lesson.safe_share(),
        float(np.percentile(off, 95)),
        *(motion.stands_2, motion.stands_3, motion.walks_2, motion.walks_3),
        float(np.median(ratios)),
    ]


def _row(name: str, values: list[float]) -> str:
    return f"{name:22}" + "".join(f"{value:11.3f}" for value in values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1:17", help="from:to, the last one left out (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each lesson (default %(default)g)")
    parser.add_argument("--lookahead", type=float, default=0.7, help="compared with none (default %(default)g s)")
    arguments, look = parser.parse_known_args()
    seeds = range(*map(int, arguments.seeds.split(":")))
    print(f"{'':22}" + "".join(f"{head:>11}" for head in HEADS))
    means = []
    with ProcessPoolExecutor() as pool:
        for lookahead_s in (0.0, arguments.lookahead):
            play = partial(_play, seconds=arguments.seconds, lookahead_s=lookahead_s, look=tuple(look))
            rows = []
            for seed, row in zip(seeds, pool.map(play, seeds), strict=True):
                print(_row(f"{lookahead_s:g} s, seed {seed}", row), flush=True)
                rows.append(row)
            means.append((lookahead_s, rows))
    for lookahead_s, rows in means:
        shares = [row[0] for row in rows]
        name = f"{lookahead_s:g} s, mean"
        print(_row(name, np.nanmean(rows, axis=0).tolist()) + f"   least safe area {min(shares):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
