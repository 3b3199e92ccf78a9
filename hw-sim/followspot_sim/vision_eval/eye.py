"""The daemon's vision in a process of its own, asked over its pipes: the judge has no part in what it judges."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Lens
from followspot_sim.render import Picture

STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Where somebody is seen, in pixels: the body's middle, the top of the head, and the whole body's height."""

    x: float
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Region:
    """Where to look: somebody `height` tall with the head's top about (`x`, `top`), within `reach` to both sides."""

    x: float
    top: float
    height: float
    reach: float


class Eye:
    """Runs `followspot.vision.eye` while it is entered, with the model in `state` if there is one.

    `detectors` names what it can be asked, `stack` what it runs.
    """

    def __init__(self, state: Path | None) -> None:
        self._arguments = [] if state is None else [str(state)]
        self.stack = ""
        self._process: subprocess.Popen[bytes] | None = None
        self.detectors: list[str] = []

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "followspot.vision.eye", *self._arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        hello = self._answer()
        self.detectors, self.stack = hello["detectors"], hello["stack"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def begin(self, detector: str, lens: Lens, stature_m: float, marker_height_m: float) -> None:
        """Begin anew, with nothing remembered."""
        setting = {"width": lens.width, "height": lens.height, "hfov_deg": lens.hfov_deg}
        body = {"stature_m": stature_m, "marker_height_m": marker_height_m}
        self._ask({"do": "begin", "detector": detector, **setting, **body})

    def look(
        self, time_ns: int, picture: Picture, region: Region | None, marker: tuple[float, float] | None
    ) -> tuple[Seen | None, float]:
        """What is seen, and the milliseconds of processor time it took."""
        asked: dict[str, Any] = {"do": "look", "time_ns": time_ns, "region": None, "marker": None}
        if region is not None:
            asked["region"] = {"x": region.x, "top": region.top, "height": region.height, "reach": region.reach}
        if marker is not None:
            asked["marker"] = {"azimuth_deg": marker[0], "elevation_deg": marker[1]}
        answer = self._ask(asked, picture.buffer.tobytes())
        person = answer["person"]
        seen = None if person is None else Seen(person["x"], person["top"], person["height"])
        return seen, float(answer["cost_ms"])

    def _ask(self, asked: dict[str, Any], picture: bytes = b"") -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asked).encode() + b"\n" + picture)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise SimulatorError("the daemon's vision ended: its message stands above") from error
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SimulatorError("the daemon's vision ended: its message stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer
