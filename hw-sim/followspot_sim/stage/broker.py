"""An MQTT 5 broker on loopback: mosquitto where it is installed, else the one from the iotcore package."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

START_TIMEOUT_S = 10.0
"""A broker listens within a fraction of a second; ten are for a machine that is busy."""

_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence {persistence}
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
log_dest none
"""

_RUMQTTD = """\
id = 0
[router]
id = 0
max_connections = 64
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "loopback"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 1048576
    max_inflight_count = 100
"""


def mosquitto_path() -> str | None:
    """The mosquitto program, also where an ordinary user's PATH leaves /usr/sbin out; None if not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """One broker process in `folder`; keeps its port over `stop` and `start`.

    `persistence` keeps sessions and queued messages over a restart (mosquitto only). `name` is mosquitto or iotcore; by
    default mosquitto where it is installed.
    """

    def __init__(self, folder: Path, *, persistence: bool = False, name: str = "") -> None:
        self.port = free_port()
        self.name = name or ("mosquitto" if mosquitto_path() else "iotcore")
        self._folder = folder
        self._persistence = persistence
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens. Raises RuntimeError if it does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        give_up = time.monotonic() + START_TIMEOUT_S
        while not listens(self.port):
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.stop()
                raise RuntimeError(f"the broker {self.name} did not start: see {self._folder / 'broker.log'}")
            time.sleep(0.05)

    def _command(self) -> list[str]:
        mosquitto = mosquitto_path()
        if mosquitto and self.name == "mosquitto":
            # mosquitto started by root becomes the user `mosquitto`, who must be able to write here.
            user = "user root\n" if self._persistence else ""
            persistence = "true" if self._persistence else "false"
            file = self._folder / "mosquitto.conf"
            file.write_text(user + _MOSQUITTO.format(port=self.port, persistence=persistence, folder=self._folder))
            return [mosquitto, "-c", str(file)]
        file = self._folder / "rumqttd.toml"
        file.write_text(_RUMQTTD.format(port=self.port))
        return [sys.executable, "-m", "iotcore", "--config", str(file)]

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    def stop(self, *, kill: bool = False) -> None:
        """End it, orderly or by SIGKILL; does nothing when it is not running."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
