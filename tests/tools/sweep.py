"""Lessons in virtual time over many seeds: how well the teacher is kept in the picture, whoever she is.

make sweep SEEDS=1:17 DEMO_DATA=DIR
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from framing.virtual_lesson import teach


def _play(seed: int, seconds: float, look: tuple[str, ...]) -> tuple[float, float]:
    """Share of safe frames, and how many times too far she is believed (median)."""
    lesson = teach(*look, "--seed", str(seed), seconds=seconds)
    ratios = [m / t.distance_m for m, t in zip(lesson.believed_m, lesson.truths, strict=True) if m]
    return lesson.safe_share(), float(np.median(ratios))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1:17", help="from:to, the last one left out (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each lesson (default %(default)g)")
    arguments, look = parser.parse_known_args()
    seeds = range(*map(int, arguments.seeds.split(":")))
    with ProcessPoolExecutor() as pool:
        outcomes = pool.map(partial(_play, seconds=arguments.seconds, look=tuple(look)), seeds)
        shares = []
        for seed, (share, ratio) in zip(seeds, outcomes, strict=True):
            print(f"seed {seed:4d}   safe area {share:.3f}   believed distance / true {ratio:.2f}", flush=True)
            shares.append(share)
    print(f"mean {np.mean(shares):.4f}   least {min(shares):.4f}   below 0.95: {sum(s < 0.95 for s in shares)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
