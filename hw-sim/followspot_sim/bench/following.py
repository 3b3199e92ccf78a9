"""`daemon_cpu_tracking_vs_ffmpeg`: the whole daemon at its full work against ffmpeg with a fixed crop and scale.

`loop_ms_per_frame` is what of it the main thread takes for a recorded frame: dock, framing, session and MQTT.

The daemon follows the teacher of the simulated classroom: dock, vision, steering and a zoom for every frame. ffmpeg
records the same camera at the same time, through a splitter, since a camera that nobody turns would give it easier
pictures. So both encode the same classroom on an equally busy machine. Costs are counted as for the fixed view.
"""

from functools import partial
from statistics import median

from followspot_sim.bench import ffmpeg, lesson
from followspot_sim.bench.comparison import conclude
from followspot_sim.bench.helper import Helper
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.bench.task import Crop, Task
from followspot_sim.stage import Stage, StageOptions

NAME, LOOP = "daemon_cpu_tracking_vs_ffmpeg", "loop_ms_per_frame"
BUDGET = 1.15
ZOOMED = Crop(852, 480, 214, 120)
"""What the daemon mostly shows of the simulated teacher, in the middle of the picture."""

Inputs = dict[str, str]


def measure(options: BenchOptions) -> list[Figure]:
    """Record `rounds` lessons with both."""
    task = Task(ZOOMED)
    folder = options.folder / "following"
    with Stage(StageOptions(folder, tables=task.tables())) as stage:
        stage.start_broker()
        stage.start_simulator()
        devices = [stage.endpoints[key] for key in ("camera", "microphone", "rate_hz")]
        with Helper("splitter_process", devices, folder) as splitter:
            stage.endpoints |= _inputs(splitter.urls, "daemon")
            stage.write_config()
            stage.start_daemon()
            return _compare(stage, task, options, _inputs(splitter.urls, "ffmpeg"))


def _inputs(urls: Inputs, client: str) -> Inputs:
    return {device: urls[f"{client} {device}"] for device in ("camera", "microphone")}


def _compare(stage: Stage, task: Task, options: BenchOptions, inputs: Inputs) -> list[Figure]:
    loading = ffmpeg.loading(stage.folder)
    runs = []
    for number in range(options.rounds):
        folder = stage.folder / f"ffmpeg-{number}"
        runs.append(lesson.record(stage, partial(ffmpeg.record, task, inputs, options.seconds, folder)))
    loops = [round(daemon.loop.ms_per_frame, 3) for daemon, _ in runs]
    return [conclude(NAME, BUDGET, runs, loading), Figure(LOOP, median(loops), "ms", None, {"rounds": loops})]
