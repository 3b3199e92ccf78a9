"""Instructions of a process in user mode, by `perf stat`: they hardly depend on what else the machine does.

Many virtual machines keep the processor's counters to themselves; then nothing is counted, and the bench says so.
"""

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

EVENT = "instructions:u"
NOT_COUNTED = "not counted: there is no perf here that can read the processor's counters"
END_TIMEOUT_S = 10.0
ATTACH_S = 0.3
"""perf is ready for a running process well within this; it does not say when."""


@cache
def countable(event: str = EVENT) -> bool:
    """Whether `perf` is here and counts `event`."""
    program = shutil.which("perf")
    if program is None:
        return False
    tried = subprocess.run(
        [program, "stat", "-x", ",", "-e", event, "--", "true"], capture_output=True, text=True, check=False
    )
    return tried.returncode == 0 and counted(tried.stderr, event) is not None


def through(report: Path, event: str = EVENT) -> list[str]:
    """What a command is to be started through for `read(report)` to tell its count; nothing where none can be."""
    return ["perf", "stat", "-x", ",", "-e", event, "-o", str(report), "--"] if countable(event) else []


@contextlib.contextmanager
def meanwhile(pid: int, report: Path, event: str = EVENT) -> Iterator[None]:
    """Count what a running process, with all the threads it begins meanwhile, does while this is entered."""
    if not countable(event):
        yield
        return
    command = ["perf", "stat", "-x", ",", "-e", event, "-o", str(report), "-p", str(pid)]
    perf = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            perf.wait(ATTACH_S)
        yield
    finally:
        perf.send_signal(signal.SIGINT)  # upon which it writes its report
        try:
            perf.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            perf.kill()
            perf.wait()


def read(report: Path, event: str = EVENT) -> float | None:
    """The count in a report; None where nothing was counted."""
    return counted(report.read_text(), event) if report.exists() else None


def counted(table: str, event: str = EVENT) -> float | None:
    """The count of `event` in what `perf stat -x ,` wrote."""
    for line in table.splitlines():
        fields = line.split(",")
        if len(fields) > 2 and fields[2] == event:
            with contextlib.suppress(ValueError):  # "<not supported>"
                return float(fields[0])
    return None
