"""Debian's `ffmpeg` command, recording what the daemon records."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from followspot_sim.bench import instructions
from followspot_sim.bench.cost import Cost
from followspot_sim.bench.task import Task
from followspot_sim.bench.usage import Usage, wait_usage
from followspot_sim.errors import SimulatorError

EXTRA_TIME_S = 20.0
"""Over the recorded time: opening, probing and finishing on a busy machine."""
QUEUED_PACKETS = "64"
"""Of each input: without it ffmpeg complains of a short queue, and loses nothing."""


def program() -> str:
    """The path of ffmpeg. Raises SimulatorError where it is not installed."""
    path = shutil.which("ffmpeg")
    if path is None:
        raise SimulatorError("the ffmpeg command is not installed: apt-get install ffmpeg (Debian's package ffmpeg)")
    return path


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one run cost, whole process, and what it left."""

    cost: Cost
    command: str
    first_segment: Path


def record(task: Task, inputs: Mapping[str, object], seconds: float, folder: Path) -> Recorded:
    """Record `seconds` of media from `inputs` ("camera", "microphone") into `folder`. Raises SimulatorError."""
    folder.mkdir(parents=True, exist_ok=True)
    progress, log = folder / "progress.txt", folder / "ffmpeg.log"
    command = [program(), "-nostdin", "-hide_banner", "-loglevel", "warning", "-nostats", "-y"]
    for device in ("camera", "microphone"):
        command += ["-thread_queue_size", QUEUED_PACKETS, "-f", "nut", "-i", str(inputs[device])]
    command += ["-progress", str(progress), "-t", f"{seconds:g}"]
    command += [*task.ffmpeg_options(), str(folder / "segment-%05d.mp4")]
    usage = _run(command, log, seconds + EXTRA_TIME_S)
    if usage.exit_code != 0:
        last = log.read_text(errors="replace").splitlines()[-3:]
        raise SimulatorError(f"ffmpeg ended with code {usage.exit_code}; {log} ends: {' / '.join(last)}")
    cost = Cost(usage.cpu_s, frames_written(progress.read_text()), usage.instructions)
    return Recorded(cost, shlex.join(command), folder / "segment-00000.mp4")


def loading(folder: Path) -> Usage:
    """A zero-length run: the program and its libraries are loaded, and nothing is recorded."""
    return _run([program(), "-version"], folder / "ffmpeg-version.txt", EXTRA_TIME_S)


def _run(command: Sequence[str], log_file: Path, timeout_s: float) -> Usage:
    report = log_file.with_suffix(".instructions")
    with log_file.open("wb") as log:
        counted = [*instructions.through(report), *command]
        child = subprocess.Popen(counted, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return replace(wait_usage(child, timeout_s), instructions=instructions.read(report))


def frames_written(progress: str) -> int:
    """The last count of pictures in what ffmpeg's -progress wrote. Raises SimulatorError without one above 0."""
    counts = re.findall(r"^frame=\s*(\d+)", progress, re.MULTILINE)
    if not counts or int(counts[-1]) == 0:
        raise SimulatorError("ffmpeg recorded no picture")
    return int(counts[-1])
