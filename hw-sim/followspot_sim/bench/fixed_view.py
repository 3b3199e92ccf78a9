"""`daemon_cpu_vs_ffmpeg`: the whole daemon, nothing tracked, against ffmpeg at the same work; and its kin.

`daemon_cpu_mjpeg_vs_ffmpeg` is the same with MJPEG pictures, as USB cameras give them. `daemon_cpu_tuned_vs_ffmpeg` is
against ffmpeg with its own x264 settings at the same preset and bit rate; how much truer its pictures are is
`quality_below_ffmpeg`, in dB of PSNR. With real recordings (--data) these are measured too, and the worse counts.

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
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from followspot_sim.bench import clip, ffmpeg, lesson, outside, quality
from followspot_sim.bench.comparison import conclude
from followspot_sim.bench.ffmpeg import Recorded
from followspot_sim.bench.helper import Helper
from followspot_sim.bench.lesson import LessonRun
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure, worst
from followspot_sim.bench.task import Crop, Task
from followspot_sim.index import DataFolder
from followspot_sim.stage import Stage, StageOptions

NAME, MJPEG, TUNED = "daemon_cpu_vs_ffmpeg", "daemon_cpu_mjpeg_vs_ffmpeg", "daemon_cpu_tuned_vs_ffmpeg"
QUALITY = "quality_below_ffmpeg"
BUDGET, TUNED_BUDGET, QUALITY_BUDGET_DB = 1.05, 1.0, 0.1
WHOLE_PICTURE = Crop(1280, 720, 0, 0)
"""Without a teacher in sight the daemon shows all that the camera sees."""

MakeClip = Callable[[Path, int, int, int], None]
"""Writes raw pictures of this width, height and rate to a file."""

ALONE: dict[str, dict[str, object]] = {
    "dock": {"driver": "none"},
    "tracking": {"vision": False},
    "panel": {"enabled": False},
}


def measure(options: BenchOptions) -> list[Figure]:
    """Record `rounds` times with each."""
    return _with_camera(Task(WHOLE_PICTURE), options, "fixed-view", _compare_and_account)


def measure_mjpeg(options: BenchOptions) -> list[Figure]:
    """The same from a camera that compresses."""
    task = Task(WHOLE_PICTURE, camera_codec="mjpeg")
    return _with_camera(task, options, "fixed-view-mjpeg", lambda bed: [_compare(MJPEG, BUDGET, bed, _runs(bed))])


def measure_tuned(options: BenchOptions) -> list[Figure]:
    """The same against what ffmpeg does by itself, with the pictures compared too; the worst of all clips."""
    task = Task(WHOLE_PICTURE, x264_defaults=True)
    clips: dict[str, MakeClip] = {"drawn": clip.render}
    if options.data is not None:
        clips["filmed"] = partial(clip.film, DataFolder(options.data))
    seen = {
        name: _with_camera(task, options, f"fixed-view-tuned-{name}", _compare_tuned, make)
        for name, make in clips.items()
    }
    return [worst({name: figures[which] for name, figures in seen.items()}) for which in range(2)]


@dataclass(frozen=True, slots=True)
class _Bed:
    """A running daemon beside a camera that plays `clip`."""

    stage: Stage
    task: Task
    options: BenchOptions
    clip: Path


def _with_camera(
    task: Task,
    options: BenchOptions,
    name: str,
    compare: Callable[[_Bed], list[Figure]],
    make: MakeClip = clip.render,
) -> list[Figure]:
    folder = options.folder / name
    folder.mkdir()
    pictures_format = (task.crop.width, task.crop.height, task.rate_hz)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".yuv") as pictures:
        make(Path(pictures.name), *pictures_format)
        feed = [pictures.name, *pictures_format, task.camera_codec]
        with (
            Helper("feeder_process", feed, folder) as feeder,
            Stage(StageOptions(folder, tables=ALONE | outside.LOGGED | task.tables())) as stage,
        ):
            stage.endpoints = {**feeder.urls, "rate_hz": task.rate_hz}
            stage.start_broker()
            stage.write_config()
            stage.start_daemon()
            return compare(_Bed(stage, task, options, Path(pictures.name)))


def _compare(name: str, budget: float, bed: _Bed, runs: list[tuple[LessonRun, Recorded]]) -> Figure:
    return conclude(name, budget, runs, ffmpeg.loading(bed.stage.folder))


def _compare_and_account(bed: _Bed) -> list[Figure]:
    runs = _runs(bed)
    frames = sum(daemon.cost.frames for daemon, _ in runs)
    return [_compare(NAME, BUDGET, bed, runs), outside.figure(bed.stage.folder / "daemon.log", frames)]


def _compare_tuned(bed: _Bed) -> list[Figure]:
    runs = _runs(bed)
    daemon, other = (
        quality.measure(first.parent.glob("segment-*.mp4"), bed.clip, bed.task.width, bed.task.height)
        for first in (runs[-1][0].first_segment, runs[-1][1].first_segment)
    )
    more = {"daemon_quality": daemon.to_json(), "ffmpeg_quality": other.to_json()}
    loading = ffmpeg.loading(bed.stage.folder)
    return [
        conclude(TUNED, TUNED_BUDGET, runs, loading, alike=False, more=more),
        Figure(QUALITY, round(other.psnr_db - daemon.psnr_db, 3), "dB", QUALITY_BUDGET_DB, more),
    ]


def _runs(bed: _Bed) -> list[tuple[LessonRun, Recorded]]:
    runs = []
    for number in range(bed.options.rounds):
        daemon, _ = lesson.record(bed.stage, partial(time.sleep, bed.options.seconds))
        folder = bed.stage.folder / f"ffmpeg-{number}"
        runs.append((daemon, ffmpeg.record(bed.task, bed.stage.endpoints, bed.options.seconds, folder)))
    return runs
