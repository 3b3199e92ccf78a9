"""`idle_cpu_percent` and `idle_without_dock_cpu_percent`: what the daemon takes of one core between lessons.

The first beside a dock whose marker is worn: its reports come all the time and the dock follows
(`steering.follow_when_idle`). The second with `dock.driver = "none"`: what is left is the daemon's own.
"""

import time
from statistics import median

from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.bench.usage import process_cpu_s
from followspot_sim.stage import Stage, StageOptions
from followspot_sim.stage.theatre import Tables

IDLE, WITHOUT_DOCK = "idle_cpu_percent", "idle_without_dock_cpu_percent"
BUDGET_PERCENT = 2.0
SETTLE_S = 3.0
"""By then the dock is found, the files are reconciled and the broker has the state."""


def measure(options: BenchOptions) -> list[Figure]:
    """The median of all rounds of a daemon that nobody asks for anything."""
    return [
        _figure(IDLE, options, {}),
        _figure(WITHOUT_DOCK, options, {"dock": {"driver": "none"}}),
    ]


def _figure(name: str, options: BenchOptions, tables: Tables) -> Figure:
    with Stage(StageOptions(options.folder / name, tables=tables)) as stage:
        stage.start()
        assert stage.daemon is not None, "the daemon is not running"
        time.sleep(SETTLE_S)
        rounds = [round(_percent(stage.daemon.pid, options.seconds), 2) for _ in range(options.rounds)]
    return Figure(name, median(rounds), "%", BUDGET_PERCENT, {"rounds": rounds})


def _percent(pid: int, seconds: float) -> float:
    begin_s, used_s = time.monotonic(), process_cpu_s(pid)
    time.sleep(seconds)
    return 100 * (process_cpu_s(pid) - used_s) / (time.monotonic() - begin_s)
