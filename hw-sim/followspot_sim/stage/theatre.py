"""The whole product on one loopback stage: broker, simulated classroom, daemon and an independent MQTT subscriber.

The demo, the bench and the scenario tests all stand on it. Everything it starts it ends, in order.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from followspot_sim.control import control_request
from followspot_sim.stage.broker import Broker
from followspot_sim.stage.listener import Listener

START_TIMEOUT_S = 30.0
"""Cutting people out of a clip takes seconds; thirty are for a machine that is busy."""
STOP_TIMEOUT_S = 15.0
"""The daemon joins its threads and closes the lesson well within this."""
AIMED_DEG = 12.0
"""The teacher is well in the picture of any camera we know."""
AIM_TIMEOUT_S = 10.0

Tables = Mapping[str, Mapping[str, object]]


@dataclass
class StageOptions:
    """What is on the stage. `tables` overrides keys of the daemon's configuration, table by table."""

    folder: Path
    simulator_arguments: Sequence[str] = ()
    tables: Tables = field(default_factory=dict)
    media: Path | None = None
    events: Path | None = None
    segment_s: float = 10.0
    daemon_environment: Mapping[str, str] = field(default_factory=dict)
    daemon_prefix: Sequence[str] = ()
    """A command that the daemon is started through, such as one that gives it a small file system."""
    persistent_broker: bool = False
    """Whether the broker keeps sessions and queued messages over a restart."""


def to_toml(tables: Tables) -> str:
    """A configuration file of flat tables; JSON's strings, numbers, booleans and lists are TOML's too."""
    lines: list[str] = []
    for table, keys in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items() if not isinstance(value, Mapping)]
        for key, value in keys.items():
            if isinstance(value, Mapping):
                lines += [f"{key}.{name} = {json.dumps(item)}" for name, item in value.items()]
    return "\n".join(lines) + "\n"


class Stage:
    """Starts and ends the parts; every part can be ended and started alone, as a fault does.

    `folder` gets the configuration, the daemon's state and the logs, and at the end `truth/`; what has a socket in it
    (the simulator's folder, the daemon's runtime folder) is temporary: socket paths must be short.
    """

    def __init__(self, options: StageOptions) -> None:
        self.options = options
        self.folder = options.folder.resolve()
        self._temporary = Path(tempfile.mkdtemp(prefix="followspot-"))
        self.sim_folder = self._temporary / "sim"
        self.runtime = self._temporary / "run"
        self.media = (options.media or self.folder / "media").resolve()
        self.config = self.folder / "followspot.toml"
        self.broker = Broker(self.folder / "broker", persistence=options.persistent_broker)
        self.listener = Listener(self.broker, options.events or self.folder / "events.jsonl")
        self.endpoints: dict[str, object] = {}
        self.simulator: subprocess.Popen[bytes] | None = None
        self.daemon: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start everything, in an order that leaves no fault to be alerted."""
        self.start_broker()
        self.start_simulator()
        self.write_config()
        self.start_daemon()

    def start_broker(self) -> None:
        """Start the broker and the independent subscriber."""
        self.broker.start()
        self.listener.start()

    def start_simulator(self) -> None:
        """Start the classroom and wait until it says that everything listens."""
        self.simulator = self._spawn(
            "simulator",
            [
                sys.executable,
                "-m",
                "followspot_sim",
                "run",
                "--dir",
                str(self.sim_folder),
                *self.options.simulator_arguments,
            ],
            stdout=subprocess.PIPE,
        )
        assert self.simulator.stdout is not None
        readable, _, _ = select.select([self.simulator.stdout], [], [], START_TIMEOUT_S)
        if not readable or self.simulator.stdout.readline().strip() != b"ready":
            raise RuntimeError(f"the simulator did not start:\n{self._log_tail('simulator')}")
        self.endpoints = json.loads((self.sim_folder / "endpoints.json").read_text())

    def write_config(self, tables: Tables | None = None) -> None:
        """Write the daemon's configuration for this stage, with the options' tables and `tables` laid over it."""
        merged = self._base_config()
        for overlay in (self.options.tables, tables or {}):
            for table, keys in overlay.items():
                merged.setdefault(table, {}).update(keys)
        self.config.write_text(to_toml(merged))

    def _base_config(self) -> dict[str, dict[str, object]]:
        ends = self.endpoints
        return {
            "device": {"id": "stage"},
            "paths": {
                "media": str(self.media),
                "state": str(self.folder / "state"),
                "runtime": str(self.runtime),
            },
            "camera": {
                "url": ends.get("camera", "tcp://127.0.0.1:9"),
                "format": "nut",
                "hfov_deg": ends.get("hfov_deg", 55.0),
                "rate_hz": ends.get("rate_hz", 30),
            },
            "microphone": {"url": ends.get("microphone", ""), "format": "nut"},
            "room_microphone": {"url": ends.get("room_microphone", ""), "format": "nut"},
            "dock": self._dock_config(),
            "recording": {"segment_s": self.options.segment_s, "reserve_mb": 4},
            "mqtt": {"host": "127.0.0.1", "port": self.broker.port, "keepalive_s": 5, "allow": ["start", "stop"]},
        }

    def _dock_config(self) -> dict[str, object]:
        if "ble" in self.endpoints:
            return {"driver": "ble", "address": self.endpoints["ble"]}
        return {"driver": "serial", "port": self.endpoints.get("dock", str(self.folder / "no-dock"))}

    def start_daemon(self) -> None:
        """Start `followspot run` and wait until its control socket answers."""
        self.daemon = self._spawn(
            "daemon",
            [
                *self.options.daemon_prefix,
                sys.executable,
                "-m",
                "followspot",
                "run",
                "--config",
                str(self.config),
            ],
            environment={
                "GPIOZERO_PIN_FACTORY": "followspot-sim",
                "FOLLOWSPOT_SIM_GPIO": str(self.endpoints.get("gpio", "")),
                **({"DBUS_SYSTEM_BUS_ADDRESS": str(self.endpoints["bus"])} if "bus" in self.endpoints else {}),
                **self.options.daemon_environment,
            },
        )
        self.wait_for("the daemon to answer", self._daemon_answers, START_TIMEOUT_S)

    def _daemon_answers(self) -> bool:
        if self.daemon is None or self.daemon.poll() is not None:
            raise RuntimeError(f"the daemon ended at start:\n{self._log_tail('daemon')}")
        try:
            self.command("status")
        except OSError:
            return False
        return True

    def command(self, name: str, **fields: object) -> dict[str, Any]:
        """Ask the daemon over its control socket, as the `followspot` command does; the answer as a dict."""
        request = {"id": f"stage-{time.monotonic_ns()}", "name": name, **fields}
        return control_request(self.runtime / "control.sock", **request)

    def simulate(self, do: str, **fields: object) -> dict[str, Any]:
        """Ask the simulator over its control socket: press, unplug, replug, silence-marker, lamp, status."""
        return control_request(Path(str(self.endpoints["control"])), do=do, **fields)

    def wait_until_aimed(self) -> None:
        """Wait until the dock faces the teacher, as it does by itself for whoever wears the marker."""

        def aimed() -> bool:
            status = self.simulate("status")
            return abs(float(status["teacher"]["azimuth_deg"]) - float(status["dock"]["pan_deg"])) < AIMED_DEG

        self.wait_for("the dock to face the teacher", aimed, AIM_TIMEOUT_S)

    def wait_for(self, what: str, condition: Callable[[], bool], timeout_s: float) -> None:
        """Poll until `condition()`; RuntimeError naming `what`, with the daemon's last words, after `timeout_s`."""
        give_up = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > give_up:
                raise RuntimeError(f"waited {timeout_s:.0f} s in vain for {what}\n{self._log_tail('daemon')}")
            time.sleep(0.05)

    def daemon_cpu_s(self) -> float:
        """User and system time that the daemon has used so far."""
        assert self.daemon is not None, "the daemon is not running"
        fields = Path(f"/proc/{self.daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def lessons(self) -> list[Path]:
        """The lesson folders as the daemon sees them, oldest first."""
        media = self.media
        if self.options.daemon_prefix and self.daemon is not None:
            media = Path(f"/proc/{self.daemon.pid}/root") / media.relative_to("/")
        return sorted(p for p in media.iterdir() if p.is_dir()) if media.is_dir() else []

    def stop_daemon(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the daemon with a signal and wait; its exit code."""
        code = self._end(self.daemon, how)
        self.daemon = None
        return code

    def close(self) -> None:
        """End everything that still runs: the daemon first, so that it closes its files."""
        self._end(self.daemon)
        self.listener.stop()
        self._end(self.simulator)
        self.broker.stop()
        self.daemon = self.simulator = None
        self._keep_truth()

    def _keep_truth(self) -> None:
        truth = self.folder / "truth"
        for file in self.sim_folder.glob("*.jsonl") if self.sim_folder.is_dir() else ():
            truth.mkdir(exist_ok=True)
            shutil.copy(file, truth)
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _spawn(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdout: int | None = None,
    ) -> subprocess.Popen[bytes]:
        # Sessions of their own: a Ctrl-C at the terminal reaches the stage alone, which then ends them in order.
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )

    @staticmethod
    def _end(process: subprocess.Popen[bytes] | None, how: signal.Signals = signal.SIGTERM) -> int:
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            code = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return code

    def _log_tail(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return "\n".join(file.read_text(errors="replace").splitlines()[-15:]) if file.exists() else ""
