"""In which of its formats a local camera is asked for its pictures: the one that was measured to be best."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from followspot.settings.models import CameraMode, CameraSettings

_LOG = logging.getLogger(__name__)

_MODES: tuple[CameraMode, ...] = ("mjpeg", "yuyv422", "h264")
# A format this close to the fastest one is as fast: a second's count is a picture more or less.
_AS_FAST = 0.93


@dataclass(frozen=True, slots=True)
class MeasuredMode:
    """What a format gave within about a second. `passes`: it can be recorded as it comes, without an encoder."""

    name: CameraMode
    rate_hz: float
    cpu_ms: float
    passes: bool = False

    def __str__(self) -> str:
        able = ", recorded as it is" if self.passes else ""
        return f"{self.name} {self.rate_hz:.1f} pictures/s, {self.cpu_ms:.2f} ms each{able}"


Measure = Callable[[CameraMode], MeasuredMode | str]


def best_mode(measured: list[MeasuredMode], wanted_hz: float) -> MeasuredMode:
    """Of those that reach what is recorded, or come closest, the one that costs least; at least one must be given.

    One that needs no encoder costs less than any that does: encoding takes many times what decoding takes.
    """
    fastest_hz = min(max(mode.rate_hz for mode in measured), wanted_hz)
    fast = [mode for mode in measured if mode.rate_hz >= fastest_hz * _AS_FAST]
    return min(fast, key=lambda mode: (not mode.passes, mode.cpu_ms))


class CameraModes:
    """The choice, made at the first opening that gives pictures and kept from then on. Used on the capture thread.

    A camera that is there and gives nothing in the chosen format is another one: it is measured anew.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._chosen: CameraMode | None = None if settings.input_format == "auto" else settings.input_format
        self._doubted = False

    def options(self, measure: Measure) -> dict[str, str]:
        """FFmpeg's options for the next opening.

        `measure` opens the camera with a format and says what that gave, or why nothing. A camera that gives
        nothing in any format is opened as it likes, so that its own fault is told, and measured again the next time.
        """
        camera = self._settings
        if camera.format != "v4l2" or not camera.url.startswith("/") or "input_format" in camera.options:
            return {}
        if not os.path.exists(camera.url):
            return {}
        if self._chosen is None or (self._doubted and camera.input_format == "auto"):
            self._chosen = self._measured(measure)
        self._doubted = True
        return {"input_format": self._chosen} if self._chosen is not None else {}

    def gave_pictures(self) -> None:
        """The opening did."""
        self._doubted = False

    def _measured(self, measure: Measure) -> CameraMode | None:
        results = {name: measure(name) for name in _MODES}
        given = [result for result in results.values() if isinstance(result, MeasuredMode)]
        if not given:
            return None
        best = best_mode(given, self._settings.rate_hz)
        found = "; ".join(str(r) if isinstance(r, MeasuredMode) else f"{name}: {r}" for name, r in results.items())
        _LOG.info("the camera's formats were measured, and %s is taken: %s", best.name, found)
        return best.name
