"""The life of a helper process: a process of its own, so that what it costs is in nobody's figure."""

import json
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from followspot_sim.errors import SimulatorError

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0


class Helper:
    """Runs `followspot_sim.bench.<name>` while it is entered; `urls` names where its outlets listen."""

    def __init__(self, name: str, arguments: Sequence[object], folder: Path) -> None:
        self._log = folder / f"{name}.log"
        self._command = [sys.executable, "-m", f"followspot_sim.bench.{name}", *map(str, arguments)]
        self._process: subprocess.Popen[bytes] | None = None
        self.urls: dict[str, str] = {}

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        try:
            self.urls = self._read_urls(self._process)
        except BaseException:
            self._end(self._process)
            raise
        return self

    def _read_urls(self, process: subprocess.Popen[bytes]) -> dict[str, str]:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_S)
        line = process.stdout.readline() if readable else b""
        if not line:
            raise SimulatorError(f"a helper of the bench did not start: see {self._log}")
        urls: dict[str, str] = json.loads(line)
        return urls

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._end(self._process)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()  # it runs for as long as its input is open
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
