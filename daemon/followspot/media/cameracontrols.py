"""Exposure, focus, white balance and mains flicker of a local camera, as the configuration says, and locked in time."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from followspot.media.v4l2 import (
    EXPOSURE_APERTURE_PRIORITY,
    EXPOSURE_AUTO,
    EXPOSURE_MANUAL,
    EXPOSURE_UNITS_PER_MS,
    POWER_LINE,
    ControlId,
    ControlPort,
    Ioctl,
    system_ioctl,
)
from followspot.settings.models import CameraSettings

_LOG = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Quantity:
    """Something that a camera does by itself or is told. `automatic`: what switches it on, the likeliest first."""

    key: str
    switch: ControlId
    value: ControlId
    manual: int
    automatic: tuple[int, ...]
    units: int = 1


_QUANTITIES = (
    _Quantity(
        "exposure_ms",
        ControlId.EXPOSURE_AUTO,
        ControlId.EXPOSURE_ABSOLUTE,
        EXPOSURE_MANUAL,
        (EXPOSURE_APERTURE_PRIORITY, EXPOSURE_AUTO),
        EXPOSURE_UNITS_PER_MS,
    ),
    _Quantity("focus", ControlId.FOCUS_AUTO, ControlId.FOCUS_ABSOLUTE, 0, (1,)),
    _Quantity("white_balance_k", ControlId.AUTO_WHITE_BALANCE, ControlId.WHITE_BALANCE_TEMPERATURE, 0, (1,)),
)


class CameraControls:
    """Kept from one capture to the next, so that what a camera cannot do is said once. Used on the capture thread.

    Whatever a control does or refuses, the lesson goes on.
    """

    def __init__(self, settings: CameraSettings, ioctl: Ioctl = system_ioctl) -> None:
        self._settings = settings
        self._ioctl = ioctl
        self._local = settings.format == "v4l2" and settings.url.startswith("/")
        self._told: set[str] = set()
        # When the first picture of this opening came; None before, and where there is nothing to lock (any more).
        self._first_ns: int | None = None
        self._waits = False

    def opened(self) -> None:
        """The camera was opened: give it what the configuration says. What a lesson before has locked is let go."""
        self._first_ns = None
        self._waits = self._local and self._settings.lock_after_s > 0
        if self._local:
            self._with_port(self._set_all)

    def saw_picture(self, arrival_ns: int) -> None:
        """A picture came: lock what the camera does by itself, once the settling time is over."""
        if not self._waits:
            return
        if self._first_ns is None:
            self._first_ns = arrival_ns
        if arrival_ns - self._first_ns >= self._settings.lock_after_s * _NS_PER_S:
            self._waits = False
            self._with_port(self._lock_all)

    def _with_port(self, work: Callable[[ControlPort], None]) -> None:
        try:
            fd = os.open(self._settings.url, os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            self._tell("", f"the camera's controls cannot be reached ({error.strerror}): it is recorded as it is set")
            return
        try:
            work(ControlPort(fd, self._ioctl))
        finally:
            os.close(fd)

    def _set_all(self, port: ControlPort) -> None:
        for quantity in _QUANTITIES:
            wanted: float | None = getattr(self._settings, quantity.key)
            if wanted is None:
                self._try(quantity.key, partial(_automate, port, quantity))
            else:
                self._try(quantity.key, partial(self._fix, port, quantity, wanted))
        if (hz := self._settings.power_line_hz) is not None:
            self._try("power_line_hz", partial(self._suppress_flicker, port, hz))

    def _lock_all(self, port: ControlPort) -> None:
        locked = [
            quantity.key
            for quantity in _QUANTITIES
            if getattr(self._settings, quantity.key) is None and self._try(quantity.key, partial(_lock, port, quantity))
        ]
        what = ", ".join(locked) if locked else "nothing: the camera has no automatic that can be held"
        self._tell("lock_after_s", f"after camera.lock_after_s the camera holds {what}", logging.INFO)

    def _try(self, key: str, work: Callable[[], bool]) -> bool:
        """Whether it did something."""
        try:
            return work()
        except OSError as error:
            self._tell(key, f"the camera does not obey camera.{key} ({error.strerror}); the lesson goes on without")
            return False

    def _fix(self, port: ControlPort, quantity: _Quantity, wanted: float) -> bool:
        """Set it by hand. The switch comes first: while the automatic is on, the value cannot be set."""
        allowed = port.range(quantity.value)
        if allowed is None:
            return self._miss(quantity.key)
        value = round(wanted * quantity.units)
        if not allowed.least <= value <= allowed.most:
            limits = f"{allowed.least / quantity.units:g} to {allowed.most / quantity.units:g}"
            self._tell(quantity.key, f"the camera cannot do camera.{quantity.key} = {wanted:g}: it offers {limits}")
            return False
        if port.range(quantity.switch) is not None:
            port.set(quantity.switch, quantity.manual)
        port.set(quantity.value, value)
        return True

    def _suppress_flicker(self, port: ControlPort, hz: int) -> bool:
        if port.range(ControlId.POWER_LINE_FREQUENCY) is None:
            return self._miss("power_line_hz")
        port.set(ControlId.POWER_LINE_FREQUENCY, POWER_LINE[hz])
        return True

    def _miss(self, key: str) -> bool:
        self._tell(key, f"the camera has no control for camera.{key}: it has no effect, leave it out")
        return False

    def _tell(self, key: str, message: str, level: int = logging.WARNING) -> None:
        if key not in self._told:
            self._told.add(key)
            _LOG.log(level, "%s", message)


def _automate(port: ControlPort, quantity: _Quantity) -> bool:
    """Back to the automatic, if it is not on."""
    switch = port.range(quantity.switch)
    if switch is None or port.value(quantity.switch) != quantity.manual:
        return False
    modes = [mode for mode in (switch.default, *quantity.automatic) if mode != quantity.manual]
    for mode in modes[:-1]:
        try:
            port.set(quantity.switch, mode)
        except OSError:
            continue  # the menu has a hole there
        return True
    port.set(quantity.switch, modes[-1])
    return True


def _lock(port: ControlPort, quantity: _Quantity) -> bool:
    """Hold what the automatic has found, if there is one and it is on."""
    if port.range(quantity.switch) is None or port.value(quantity.switch) == quantity.manual:
        return False
    found = port.value(quantity.value) if port.range(quantity.value) is not None else None
    port.set(quantity.switch, quantity.manual)
    if found is not None:
        port.set(quantity.value, found)
    return True
