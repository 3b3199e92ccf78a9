"""One lesson of the daemon on a stage, with its cost."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from followspot_sim.bench import instructions
from followspot_sim.bench.cost import Cost
from followspot_sim.bench.usage import main_thread_cpu_s, process_cpu_s
from followspot_sim.errors import SimulatorError
from followspot_sim.stage import Message, Stage

T = TypeVar("T")

START_TIMEOUT_S = 20.0
FINISH_TIMEOUT_S = 20.0
FRAMING_FILE = "framing.jsonl"
NS_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class LessonRun:
    """`cost` is from the start command to `lesson.completed`, `started_after_s` from it to `lesson.started`.

    `first_picture_after_s` is from the command to the exposure of the first recorded picture. `loop` is the part of
    `cost` that the main thread had: dock, framing, session, MQTT.
    """

    cost: Cost
    started_after_s: float
    first_picture_after_s: float
    folder: Path
    gaps: int
    loop: Cost

    @property
    def first_segment(self) -> Path:
        """The lesson's first file."""
        return self.folder / "segment-00000.mp4"


class _Arrivals:
    """When events of a type came, without the grain of polling."""

    def __init__(self, stage: Stage) -> None:
        self.at_s: dict[str, float] = {}
        stage.listener.on_message = self._note

    def _note(self, message: Message) -> None:
        if "/event/" in message.topic and isinstance(message.payload, dict):
            self.at_s.setdefault(str(message.payload.get("type")), time.monotonic())


def record(stage: Stage, meanwhile: Callable[[], T]) -> tuple[LessonRun, T]:
    """Start a lesson over the control socket, do `meanwhile` once it is recorded, stop it; and what that gave."""
    assert stage.daemon is not None, "the daemon is not running"
    arrivals = _Arrivals(stage)
    pid, report = stage.daemon.pid, stage.folder / "daemon.instructions"
    with instructions.meanwhile(pid, report):
        begun_s, begun_cpu_s, begun_loop_s = time.monotonic(), process_cpu_s(pid), main_thread_cpu_s(pid)
        _command(stage, "start")
        stage.wait_for("lesson.started", lambda: "lesson.started" in arrivals.at_s, START_TIMEOUT_S)
        given = meanwhile()
        _command(stage, "stop")
        stage.wait_for("lesson.completed", lambda: "lesson.completed" in arrivals.at_s, FINISH_TIMEOUT_S)
        used = process_cpu_s(pid) - begun_cpu_s, main_thread_cpu_s(pid) - begun_loop_s
    folder = stage.lessons()[-1]
    manifest = json.loads((folder / "manifest.json").read_text())
    frames = sum(segment["frames"] for segment in manifest["segments"])
    if not frames:
        raise SimulatorError(f"the daemon recorded no picture: see {stage.folder / 'daemon.log'}")
    run = LessonRun(
        cost=Cost(used[0], frames, instructions.read(report)),
        started_after_s=arrivals.at_s["lesson.started"] - begun_s,
        first_picture_after_s=_first_exposure_s(folder) - begun_s,
        folder=folder,
        gaps=len(manifest["gaps"]),
        loop=Cost(used[1], frames),
    )
    return run, given


def _first_exposure_s(folder: Path) -> float:
    """CLOCK_MONOTONIC at the exposure of the lesson's first picture, by its framing track."""
    with (folder / FRAMING_FILE).open() as track:
        return float(json.loads(track.readline())["t_ns"]) / NS_PER_S


def _command(stage: Stage, name: str) -> None:
    answer = stage.command(name)
    if not answer.get("accepted"):
        raise SimulatorError(f"the daemon refused {name}: {answer.get('text')}")
