"""Real stores and a real broker on free loopback ports, and a line that can be cut at any byte."""

import contextlib
import hashlib
import os
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from followspot_upload.announced import MediaFile
from followspot_upload.pace import Pace
from followspot_upload.settings import StoreSettings
from followspot_upload.stores.port import Source

PATIENCE_S = 30.0
BUCKET = "lessons"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    """Wait until it holds."""
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it never came about"
        time.sleep(0.02)


@contextlib.contextmanager
def program(command: list[str], port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server that listens on `port`, killed in the end."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    ) as child:
        try:
            until(lambda: _listens(port))
            yield child
        finally:
            child.kill()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """An S3 server that takes parts from 256 bytes on, so that tests can be small."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with program(command, port, S3_UPLOAD_PART_MIN_SIZE="256", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b"):
        s3_client(port).create_bucket(Bucket=BUCKET)
        yield port


@pytest.fixture(scope="session")
def tus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A tus server's port and the folder of its files."""
    port, folder = free_port(), tmp_path_factory.mktemp("tus")
    with program([sys.executable, str(Path(__file__).with_name("tus_server.py")), str(port), str(folder)], port):
        yield port, folder


def s3_client(port: int) -> Any:
    """A look into the store that does not go through the product."""
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=config,
    )


def s3_settings(port: int, folder: Path, prefix: str = "") -> StoreSettings:
    secret = folder / "secret"
    secret.write_text("b\n")
    secret.chmod(0o600)
    return StoreSettings(
        kind="s3", url=f"http://127.0.0.1:{port}", bucket=BUCKET, prefix=prefix, access_key="a", secret_file=secret
    )


class Line(socketserver.ThreadingTCPServer):
    """A line to a server. After `cut(sent, received)` it is reset once so many bytes have gone in that direction."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Wire)
        self.port: int = self.server_address[1]
        self.target_port = target_port
        self.left: list[int | None] = [None, None]
        self.carried = [0, 0]
        self.was_cut = False
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=lambda: self.serve_forever(0.01), name="line")
        self._thread.start()

    def cut(self, sent: int | None = None, received: int | None = None) -> None:
        with self.lock:
            self.left = [sent, received]
            self.was_cut = False

    def take(self, way: int, data: bytes) -> bytes | None:
        """What of it gets through; None: nothing does, the line is cut, once."""
        with self.lock:
            self.carried[way] += len(data)
            left = self.left[way]
            if left is None:
                return data
            if len(data) < left:
                self.left[way] = left - len(data)
                return data
            self.left = [None, None]
            self.was_cut = True
            return None

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Wire(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        line = self.server
        assert isinstance(line, Line)
        with socket.create_connection(("127.0.0.1", line.target_port)) as far:
            back = threading.Thread(target=self._carry, args=(line, 1, far, self.request))
            back.start()
            self._carry(line, 0, self.request, far)
            back.join()

    def _carry(self, line: Line, way: int, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(512):
                through = line.take(way, data)
                if through is None:
                    for end in (source, target):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        end.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(through)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def make_line() -> Iterator[Callable[[int], Line]]:
    lines: list[Line] = []

    def make(port: int) -> Line:
        lines.append(Line(port))
        return lines[-1]

    yield make
    for line in lines:
        line.end()


@dataclass
class Note:
    """A bookmark in memory."""

    place: str | None = None
    was_set: int = 0

    def get(self) -> str | None:
        return self.place

    def set(self, place: str) -> None:
        self.place = place
        self.was_set += 1


@dataclass
class File:
    """A file to upload."""

    media: MediaFile
    source: Source
    content: bytes
    note: Note = field(default_factory=Note)


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[..., File]:
    def make(size: int, name: str = "segment-00000.mp4", device: str = "box-7", lesson: str = "l-1") -> File:
        content = hashlib.shake_128(f"{device}/{lesson}/{name}".encode()).digest(size)
        path = tmp_path / device / lesson / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        media = MediaFile(device, lesson, 0, f"{lesson}/{name}", hashlib.sha256(content).hexdigest(), size)
        return File(media, Source(path, size), content)

    return make


def unpaced() -> Pace:
    return Pace(0, lambda: True)
