"""`kill9_loss_mean_s`, `kill9_loss_worst_s`, `kill9_recording_again_s`: what kill -9 costs, and how soon it goes on.

The daemon is killed at random moments of one lesson and started again at once. The framing track tells by the camera's
clock which pictures were kept before each cut and which came first after it. Lost is the time from the end of the last
picture kept to the kill, what waited for its crop (LOOKAHEAD_S) included; recording again is the time from the new
process's start to the taking of its first recorded picture, which is on its way to the disk LOOKAHEAD_S later.
"""

import random
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.errors import SimulatorError
from followspot_sim.judge.scorecard import read_lines
from followspot_sim.stage import Stage, StageOptions

MEAN, WORST, AGAIN = "kill9_loss_mean_s", "kill9_loss_worst_s", "kill9_recording_again_s"
LOOKAHEAD_S = 0.7
"""The default of view.lookahead_s."""
WORST_BUDGET_S, AGAIN_BUDGET_S = LOOKAHEAD_S + 0.6, 3.0
KILLS_A_ROUND = 17
SOONEST_S, LATEST_S = 1.0, 3.0
"""After the first fragment is there, and over more than a segment: a kill meets every moment of one."""
SEGMENT_S = 2.0
RECORDING_TIMEOUT_S = 20.0
NS = 1e9


@dataclass(frozen=True, slots=True)
class Kill:
    """CLOCK_MONOTONIC of a kill and of the next process's start."""

    killed_ns: int
    started_ns: int


def measure(options: BenchOptions) -> list[Figure]:
    """Kill the daemon KILLS_A_ROUND times a round, in one lesson."""
    moments = random.Random(9)
    with Stage(
        StageOptions(options.folder / "kills", tables={"view": {"lookahead_s": LOOKAHEAD_S}}, segment_s=SEGMENT_S)
    ) as stage:
        stage.start()
        if not stage.command("start").get("accepted"):
            raise SimulatorError("the daemon refused to start a lesson")
        kills = [_kill(stage, moments.uniform(SOONEST_S, LATEST_S)) for _ in range(options.rounds * KILLS_A_ROUND)]
        stage.wait_for("the lesson to go on", lambda: _records(stage), RECORDING_TIMEOUT_S)
        (folder,) = stage.lessons()
        rate_hz = float(str(stage.endpoints["rate_hz"]))
    return figures(read_lines(folder / "framing.jsonl"), kills, 1 / rate_hz)


def figures(track: Iterable[dict[str, Any]], kills: Sequence[Kill], period_s: float) -> list[Figure]:
    """The figures from a framing track with one crash for each kill."""
    lost_s, again_s = [], []
    for (kept_ns, first_ns), kill in zip(_around_crashes(track), kills, strict=True):
        lost_s.append(round((kill.killed_ns - kept_ns) / NS - period_s, 3))
        again_s.append(round((first_ns - kill.started_ns) / NS, 3))
    detail = {"kills": len(lost_s), "lost_s": lost_s, "again_s": again_s}
    return [
        Figure(MEAN, mean(lost_s), "s", None, detail),
        Figure(WORST, max(lost_s), "s", WORST_BUDGET_S),
        Figure(AGAIN, median(again_s), "s", AGAIN_BUDGET_S, {"worst": max(again_s)}),
    ]


def _around_crashes(track: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """When the last picture before each crash that was kept was taken, and the first behind it."""
    around: list[tuple[int, int]] = []
    run: list[dict[str, Any]] = []
    kept_ns: int | None = None
    for line in track:
        if line.get("cut") == "crash":
            kept_ns = max(one["t_ns"] for one in run if one["pts_ns"] < line["pts_ns"])
            run = []
        elif "cut" not in line:
            run.append(line)
            if kept_ns is not None:
                around.append((kept_ns, line["t_ns"]))
                kept_ns = None
    return around


def _kill(stage: Stage, after_s: float) -> Kill:
    stage.wait_for("the lesson to go on", lambda: _records(stage), RECORDING_TIMEOUT_S)
    time.sleep(after_s)
    assert stage.daemon is not None, "the daemon is not running"
    stage.daemon.send_signal(signal.SIGKILL)
    killed_ns = time.monotonic_ns()
    stage.stop_daemon(signal.SIGKILL)
    started_ns = time.monotonic_ns()
    stage.start_daemon()
    return Kill(killed_ns, started_ns)


def _records(stage: Stage) -> bool:
    return bool(stage.command("status")["data"]["recording"])
