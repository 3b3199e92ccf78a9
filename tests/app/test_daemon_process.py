"""The real daemon as a process, with nothing it could use: no camera, dock, broker or panel; then with a camera."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

WATCHDOG_S = 0.6
PATIENCE_S = 20.0
"""Loading OpenCV and FFmpeg on a busy machine takes seconds."""


class Box:
    """One daemon's files, its process, and systemd's end of the notify socket."""

    def __init__(self, folder: Path, camera_port: int) -> None:
        self.folder = folder
        self.config = folder / "followspot.toml"
        self.config.write_text(f"""
[paths]
media = "{folder}/media"
state = "{folder}/state"
runtime = "{folder}/run"
[camera]
url = "tcp://127.0.0.1:{camera_port}"
format = "nut"
timestamps = "arrival"
[view]
width = 320
height = 180
[recording]
segment_s = 2
fragment_s = 0.2
reserve_mb = 1
[dock]
driver = "serial"
port = "{folder}/no-dock"
[mqtt]
port = {free_port()}
""")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.settimeout(0.1)
        self.told: list[str] = []

    def run(self) -> subprocess.Popen[str]:
        environment = os.environ | {
            "NOTIFY_SOCKET": str(self.folder / "notify"),
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
        }
        environment.pop("GPIOZERO_PIN_FACTORY", None)
        return subprocess.Popen(self._command("run"), env=environment, stderr=subprocess.PIPE, text=True)

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._command(*command), capture_output=True, text=True, check=False)

    def status(self) -> dict:
        return json.loads(self.ask("status", "--json").stdout)

    def listen(self) -> None:
        """Take in what systemd was told meanwhile."""
        try:
            while True:
                self.told.append(self.manager.recv(4096).decode())
        except TimeoutError:
            return

    def until_told(self, message: str) -> None:
        until(lambda: self.listen() or message in self.told, message)

    def lessons(self) -> list[Path]:
        return sorted(path for path in (self.folder / "media").iterdir() if path.is_dir())

    def state_files(self) -> list[Path]:
        return sorted((self.folder / "state").iterdir())

    def _command(self, *command: str) -> list[str]:
        program = "import sys; from followspot.cli.main import main; sys.exit(main())"
        return [sys.executable, "-c", program, *command, "--config", str(self.config)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"still waiting for: {what}"
        time.sleep(0.05)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


@pytest.fixture
def started(tmp_path: Path, stack: ExitStack) -> Callable[..., tuple[Box, subprocess.Popen[str]]]:
    """Starts a daemon that has said ready; whatever the test does, it is gone afterwards."""

    def start(box: Box | None = None, camera_port: int | None = None) -> tuple[Box, subprocess.Popen[str]]:
        if box is None:
            box = Box(tmp_path, camera_port or free_port())
            stack.callback(box.manager.close)
        process = box.run()
        stack.callback(end, process)
        box.told.clear()
        box.until_told("READY=1")
        return box, process

    return start


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def camera(stack: ExitStack) -> int:
    """A small test picture on a port, for one visitor after the other."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    port = free_port()
    picture = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-pix_fmt", "yuv420p", "-c:v", "rawvideo"]
    command = ["ffmpeg", "-loglevel", "quiet", "-re", *picture, "-f", "nut", f"tcp://127.0.0.1:{port}?listen=1"]
    program = f"import subprocess\nwhile True: subprocess.run({command!r}, stdin=subprocess.DEVNULL)"
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    stack.callback(process.wait)
    stack.callback(os.killpg, process.pid, signal.SIGKILL)
    return port


def test_with_nothing_at_all_it_is_up_and_says_what_is_missing(started):
    box, process = started()
    assert box.ask("start").returncode == 0
    wanted = {"camera-unavailable", "dock-not-found", "broker-unreachable", "panel-unavailable"}
    until(lambda: {alert["code"] for alert in box.status()["alerts"]} >= wanted, str(wanted))
    text = box.ask("status").stdout
    assert "session:   starting" in text
    assert "nothing reaches the disk" in text
    assert f"no device at {box.folder}/no-dock" in text
    assert "camera tcp://127.0.0.1:" in text
    assert "no connection to the MQTT broker at 127.0.0.1:" in text
    assert "no button on GPIO 17" in text

    assert box.ask("start").returncode == 4
    assert box.ask("stop").returncode == 0
    until(lambda: box.status()["session"] == "idle", "idle")
    assert box.ask("stop").returncode == 4
    assert box.lessons() == []

    process.send_signal(signal.SIGTERM)
    _, journal = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    for code in wanted:
        assert journal.count(f"alert raised code={code}") == 1
    assert "Traceback" not in journal
    assert box.ask("status").returncode == 3


def test_systemd_is_told_ready_watchdog_status_and_stopping(started):
    box, process = started()
    box.until_told("WATCHDOG=1")
    fed = box.told.count("WATCHDOG=1")
    time.sleep(2 * WATCHDOG_S)
    until(lambda: box.listen() or box.told.count("WATCHDOG=1") >= fed + 2, "the watchdog to be fed on")
    until(lambda: box.listen() or any(t.startswith("STATUS=idle; ") for t in box.told), "a status with alerts")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    box.until_told("STOPPING=1")
    assert process.returncode == 0
    assert box.told[-1] == "STOPPING=1"


def test_a_second_daemon_on_the_same_state_is_refused(started):
    box, process = started()
    second = box.ask("run")
    assert second.returncode == 1
    assert f"another followspot (process {process.pid}) runs on {box.folder}/state" in second.stderr
    assert "Traceback" not in second.stderr
    assert box.ask("status").returncode == 0


def test_where_nothing_can_be_kept_it_says_so_and_ends(tmp_path, stack):
    box = Box(tmp_path, free_port())
    stack.callback(box.manager.close)
    (tmp_path / "media").write_text("a file where the folder belongs")
    done = box.ask("run")
    assert done.returncode == 1
    assert f"{tmp_path}/media" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_frozen_loop_does_not_feed_the_watchdog(started):
    box, process = started()
    process.send_signal(signal.SIGSTOP)
    box.listen()
    box.told.clear()
    time.sleep(2 * WATCHDOG_S)
    box.listen()
    assert "WATCHDOG=1" not in box.told
    process.send_signal(signal.SIGCONT)
    box.until_told("WATCHDOG=1")


def test_sigterm_in_mid_lesson_closes_the_lesson(started, camera):
    box, process = started(camera_port=camera)
    assert box.ask("start").returncode == 0
    until(lambda: box.status()["recording"], "media on the disk")
    process.send_signal(signal.SIGTERM)
    _, journal = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, journal
    [lesson] = box.lessons()
    assert json.loads((lesson / "manifest.json").read_text())["reason"] == "shutdown"
    made = [*lesson.iterdir(), lesson, *box.state_files(), box.folder / "run"]
    assert not [path for path in made if path.stat().st_mode & 0o007], "readable by everybody"
    assert not list(lesson.glob("*.part"))


def test_after_kill_9_the_lesson_goes_on_by_itself(started, camera):
    box, process = started(camera_port=camera)
    assert box.ask("start").returncode == 0
    until(lambda: box.status()["recording"], "media on the disk")
    time.sleep(0.5)
    process.kill()
    process.communicate(timeout=PATIENCE_S)

    box, process = started(box)
    until(lambda: box.status()["recording"], "media on the disk again")
    status = box.status()
    assert status["started_by"] == "recovery"
    assert "lesson-recovered" in [alert["code"] for alert in status["alerts"]]
    assert box.ask("stop").returncode == 0
    until(lambda: box.status()["session"] == "idle", "idle")
    assert "lesson-recovered" not in [alert["code"] for alert in box.status()["alerts"]]
    [lesson] = box.lessons()
    manifest = json.loads((lesson / "manifest.json").read_text())
    assert manifest["reason"] == "stopped"
    assert [gap["reason"] for gap in manifest["gaps"]] == ["crash"]
    assert len(manifest["segments"]) >= 2
