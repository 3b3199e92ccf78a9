"""`followspot-upload` as a program with a line of its own, and an S3 server for it to talk to."""

import importlib.util
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from followspot_sim.errors import SimulatorError
from followspot_sim.stage.broker import free_port, listens
from followspot_sim.stage.theatre import to_toml

BUCKET = "lessons"
ACCESS_KEY = SECRET_KEY = "bench"
"""The server asks for some and believes any."""
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
LOOK_S = 0.1


@contextmanager
def object_store(folder: Path) -> Iterator[int]:
    """An S3 server with the bucket BUCKET; its port. Raises SimulatorError where it is not installed."""
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("boto3") is None:
        raise SimulatorError("the S3 server or the uploader's library is not installed: pip install 'followspot[dev]'")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, folder / "object-store.log", lambda: listens(port)):
        bucket = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
        urllib.request.urlopen(bucket, timeout=START_TIMEOUT_S).close()
        yield port


@contextmanager
def uploader(line: str, rate_kbps: float, broker_port: int, store_port: int, folder: Path) -> Iterator[None]:
    """One that carries what boxes announce to the store, under keys that begin with `line`."""
    secret, config, log = (folder / f"{line}.{suffix}" for suffix in ("secret", "toml", "log"))
    secret.write_text(SECRET_KEY)
    secret.chmod(0o600)
    tables: dict[str, dict[str, object]] = {
        "mqtt": {"port": broker_port, "client_id": line},
        "media": {"root": str(folder / "media" / "{device}"), "state": str(folder / line)},
        "store": {
            "url": f"http://127.0.0.1:{store_port}",
            "bucket": BUCKET,
            "prefix": line,
            "access_key": ACCESS_KEY,
            "secret_file": str(secret),
        },
        "line": {"rate_kbps": float(rate_kbps)},
    }
    config.write_text(to_toml(tables))
    command = [sys.executable, "-m", "followspot_upload", "--config", str(config)]
    with _running(command, log, lambda: b"listening" in log.read_bytes()):
        yield


@contextmanager
def _running(command: Sequence[str], log: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    """A program, from when it is ready until it is no longer needed. SimulatorError where it does not start."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    try:
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > give_up_s:
                raise SimulatorError(f"{command[2]} did not start: see {log}")
            time.sleep(LOOK_S)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
