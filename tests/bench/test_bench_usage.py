"""What a child cost, by the kernel's account, against what the child itself says."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from followspot_sim.bench.usage import peak_resident_mb, process_cpu_s, wait_usage
from followspot_sim.errors import SimulatorError

BURN = """
import os, sys, threading, time
def burn():
    while sum(os.times()[:2]) < 0.4: sum(range(2000))
thread = threading.Thread(target=burn)
thread.start(); burn(); thread.join()
print(sum(os.times()[:2]), flush=True)
sys.stdin.read()
"""
"""Uses 0.4 s of CPU on two threads, says how much it really was, and stays until its input ends."""

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
END_S = 0.3
"""What the interpreter needs to end, with room."""


def child(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def burnt() -> tuple[subprocess.Popen[bytes], float]:
    burner = child(BURN)
    assert burner.stdout is not None
    return burner, float(burner.stdout.readline())


def end(burner: subprocess.Popen[bytes]) -> None:
    assert burner.stdin is not None
    assert burner.stdout is not None
    burner.stdin.close()
    burner.stdout.close()


def test_the_account_of_an_ended_child_is_what_it_burnt() -> None:
    burner, said_s = burnt()
    end(burner)
    usage = wait_usage(burner, 20)
    assert usage.exit_code == 0
    assert said_s - TICK_S <= usage.cpu_s <= said_s + END_S


def test_the_account_of_a_living_child_is_what_it_has_burnt_so_far() -> None:
    burner, said_s = burnt()
    try:
        assert process_cpu_s(burner.pid) == pytest.approx(said_s, abs=3 * TICK_S)
    finally:
        end(burner)
        burner.wait()


def test_a_childs_exit_code_is_told() -> None:
    failing = child("raise SystemExit(3)")
    end(failing)
    assert wait_usage(failing, 20).exit_code == 3
    assert failing.returncode == 3


def test_a_child_that_is_late_is_ended_and_named() -> None:
    late = child("import time; time.sleep(60)")
    end(late)
    with pytest.raises(SimulatorError, match=r"time\.sleep\(60\).*did not end within 0\.2 s"):
        wait_usage(late, 0.2)
    assert late.returncode == -9


def test_an_interrupted_wait_leaves_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    waiting = child("import time; time.sleep(60)")
    end(waiting)
    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        wait_usage(waiting, 20)
    assert not Path(f"/proc/{waiting.pid}").exists()


def test_peak_memory_remembers_what_was_freed() -> None:
    before_mb = peak_resident_mb(os.getpid())
    block = bytearray(os.urandom(1)) * 60_000_000
    del block
    assert peak_resident_mb(os.getpid()) >= before_mb
    assert peak_resident_mb(os.getpid()) > 60
