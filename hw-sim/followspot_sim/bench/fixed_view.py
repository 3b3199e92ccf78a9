"""`daemon_cpu_vs_ffmpeg`: the whole daemon, nothing tracked, against ffmpeg at the same work.

Both take the same raw 1280x720 pictures and the same sound in real time over TCP from a third process, crop 1:1,
encode with the same x264 and AAC settings and write segments of fragmented MP4. The daemon besides syncs, hashes,
catalogues and announces what it writes; that is what the figure is about. Rounds alternate, so that a slower machine
is slower for both.

A round compares CPU (user and system, all threads) for each recorded frame. The daemon's is taken from the start
command to `lesson.completed`: it has been loaded before, as on the wall. From ffmpeg's whole process a zero-length run,
which only loads it, is taken away. So opening, probing, recording and finishing count for both.
"""

import tempfile
import time
from functools import partial
from pathlib import Path

from followspot_sim.bench import clip, ffmpeg, lesson
from followspot_sim.bench.comparison import conclude
from followspot_sim.bench.helper import Helper
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.bench.task import Crop, Task
from followspot_sim.stage import Stage, StageOptions

NAME = "daemon_cpu_vs_ffmpeg"
BUDGET = 1.05
WHOLE_PICTURE = Crop(1280, 720, 0, 0)
"""Without a teacher in sight the daemon shows all that the camera sees."""

ALONE: dict[str, dict[str, object]] = {
    "dock": {"driver": "none"},
    "tracking": {"vision": False},
    "panel": {"enabled": False},
}


def measure(options: BenchOptions) -> list[Figure]:
    """Record `rounds` times with each."""
    task = Task(WHOLE_PICTURE)
    folder = options.folder / "fixed-view"
    folder.mkdir()
    pictures_format = (task.crop.width, task.crop.height, task.rate_hz)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".yuv") as pictures:
        clip.render(Path(pictures.name), *pictures_format)
        with (
            Helper("feeder_process", [pictures.name, *pictures_format], folder) as feeder,
            Stage(StageOptions(folder, tables=ALONE | task.tables())) as stage,
        ):
            stage.endpoints = {**feeder.urls, "rate_hz": task.rate_hz}
            stage.start_broker()
            stage.write_config()
            stage.start_daemon()
            return [_compare(stage, task, options)]


def _compare(stage: Stage, task: Task, options: BenchOptions) -> Figure:
    loading_s = ffmpeg.loading_cost_s(stage.folder)
    runs = []
    for number in range(options.rounds):
        daemon, _ = lesson.record(stage, partial(time.sleep, options.seconds))
        folder = stage.folder / f"ffmpeg-{number}"
        runs.append((daemon, ffmpeg.record(task, stage.endpoints, options.seconds, folder)))
    return conclude(NAME, BUDGET, runs, loading_s)
