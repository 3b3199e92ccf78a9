"""What a process cost: CPU time of all its threads, and its greatest resident memory."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from followspot_sim.errors import SimulatorError

POLL_S = 0.02
"""How often the end of a child is looked for; its cost is the kernel's and does not depend on this."""

_KIB_PER_MB = 1_000_000 / 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a child that has ended: user and system time of all its threads, and instructions where they were counted."""

    exit_code: int
    cpu_s: float
    instructions: float | None = None


def wait_usage(child: subprocess.Popen[bytes], timeout_s: float) -> Usage:
    """Wait for a child's end and take the kernel's account of it. Raises SimulatorError after `timeout_s`.

    Nobody may have waited for it before. Whatever happens, it is ended.
    """
    give_up = time.monotonic() + timeout_s
    try:
        while time.monotonic() < give_up:
            pid, status, account = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                return Usage(child.returncode, account.ru_utime + account.ru_stime)
            time.sleep(POLL_S)
    finally:
        if child.returncode is None:
            child.kill()
            child.wait()
    raise SimulatorError(f"{child.args!r} did not end within {timeout_s:g} s")


def process_cpu_s(pid: int) -> float:
    """User and system time that a living process has used so far, to 1/100 s."""
    return _cpu_s(Path(f"/proc/{pid}/stat"))


def main_thread_cpu_s(pid: int) -> float:
    """The same of its main thread alone."""
    return _cpu_s(Path(f"/proc/{pid}/task/{pid}/stat"))


def _cpu_s(account: Path) -> float:
    fields = account.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_resident_mb(pid: int) -> float:
    """The most memory that a living process has had resident, in millions of bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / _KIB_PER_MB
    raise SimulatorError(f"the kernel does not tell the peak memory of process {pid}: no VmHWM in /proc/{pid}/status")
