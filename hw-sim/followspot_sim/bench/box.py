"""`daemon_rss_mb`, `start_to_first_picture_s` and `start_to_recording_s`: what the box needs and how soon it records.

The camera gives 1920x1080, everything is switched on. Memory is the most that was ever resident, loading included, over
many lessons: what one leaves behind stands beside the next.
The start is timed from the command to the exposure of the first picture that is recorded, and to the arrival of
`lesson.started` at a subscriber of the broker, which is after the first fragment has reached the disk.
"""

import time
from functools import partial
from statistics import median

from followspot_sim.bench import lesson
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.bench.usage import peak_resident_mb
from followspot_sim.stage import Stage, StageOptions

RESIDENT, FIRST, START = "daemon_rss_mb", "start_to_first_picture_s", "start_to_recording_s"
RESIDENT_BUDGET_MB, FIRST_BUDGET_S, START_BUDGET_S = 250.0, 0.5, 1.5
CAMERA = ("--size", "1920x1080")
LESSONS_A_ROUND = 4
SHORTEST_S = 1.0
"""By then every buffer of a lesson has been filled."""


def measure(options: BenchOptions) -> list[Figure]:
    """Share each round's time among LESSONS_A_ROUND lessons."""
    lesson_s = max(SHORTEST_S, options.seconds / LESSONS_A_ROUND)
    with Stage(StageOptions(options.folder / "box", CAMERA)) as stage:
        stage.start()
        lessons = options.rounds * LESSONS_A_ROUND
        runs = [lesson.record(stage, partial(time.sleep, lesson_s))[0] for _ in range(lessons)]
        assert stage.daemon is not None, "the daemon is not running"
        resident_mb = peak_resident_mb(stage.daemon.pid)
    firsts, starts = (
        [round(run.first_picture_after_s, 3) for run in runs],
        [round(run.started_after_s, 3) for run in runs],
    )
    recorded = {"frames": [run.cost.frames for run in runs], "gaps": sum(run.gaps for run in runs)}
    return [
        Figure(RESIDENT, round(resident_mb, 1), "MB", RESIDENT_BUDGET_MB, recorded),
        Figure(FIRST, median(firsts), "s", FIRST_BUDGET_S, {"lessons": firsts}),
        Figure(START, median(starts), "s", START_BUDGET_S, {"lessons": starts}),
    ]
