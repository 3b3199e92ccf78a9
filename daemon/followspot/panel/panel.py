"""The button and the lamp on the box."""

import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from typing import Any

from followspot.domain.errors import FollowspotError
from followspot.settings.models import PanelSettings

BOUNCE_S = 0.03
"""Contacts of cheap push buttons bounce for up to 20 ms; a quick press lasts 60 ms."""


class PanelError(FollowspotError):
    """The box has no usable button and lamp: lessons start by other ways."""


class LampState(StrEnum):
    """What the lamp says."""

    OFF = "off"
    """Nothing is recorded, and a press would begin a lesson."""
    WAITING = "waiting"
    """Blinks slowly: a lesson is starting or stopping."""
    PAUSED = "paused"
    """A short flash now and then: the lesson waits for a press, nothing is recorded."""
    RECORDING = "recording"
    """Steady: frames reach the disk."""
    FAULT = "fault"
    """Blinks fast: nothing can be recorded until somebody looks at the alerts."""


BLINK_S = {LampState.WAITING: (0.5, 0.5), LampState.FAULT: (0.1, 0.1), LampState.PAUSED: (0.1, 1.9)}
"""How long the lamp is on, and then off: apart enough to be told from each other across a room."""


class Panel:
    """Holds the two pins from construction to `close`. All methods belong to one thread, and return at once.

    `on_press` is called on one of gpiozero's threads, once per press, and must only hand over.
    Raises PanelError when the pins cannot be had.
    """

    def __init__(self, settings: PanelSettings, on_press: Callable[[], None], pin_factory: object = None) -> None:
        """`pin_factory`: gpiozero's; None lets gpiozero choose (GPIOZERO_PIN_FACTORY, else the Pi's own pins)."""
        self._state = LampState.OFF
        self._pins = ExitStack()
        try:
            self._button, self._lamp = self._open_pins(settings, pin_factory)
        except Exception as error:
            self._pins.close()
            raise PanelError(_advice(settings, error)) from error
        self._button.when_pressed = on_press

    def lamp(self, state: LampState) -> None:
        """Show `state`; repeating it changes nothing, so that blinking stays even."""
        if state is self._state:
            return
        self._state = state
        if state in BLINK_S:
            on_s, off_s = BLINK_S[state]
            self._lamp.blink(on_time=on_s, off_time=off_s)
        elif state is LampState.RECORDING:
            self._lamp.on()
        else:
            self._lamp.off()

    def close(self) -> None:
        """Put the lamp out and give the pins back. May be called twice."""
        self._pins.close()

    def _open_pins(self, settings: PanelSettings, pin_factory: object) -> tuple[Any, Any]:
        # lgpio makes a fifo where it is imported, by default in the working directory, which may be read-only.
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gpiozero warns of each pin library that is missing: the error says it all
            import gpiozero  # only a box with a panel needs it

            button = gpiozero.Button(settings.button_pin, pull_up=True, bounce_time=BOUNCE_S, pin_factory=pin_factory)
            self._pins.callback(button.close)
            lamp = gpiozero.LED(settings.lamp_pin, pin_factory=pin_factory)
            self._pins.callback(lamp.close)
        return button, lamp


def _advice(settings: PanelSettings, error: Exception) -> str:
    return (
        f"no button on GPIO {settings.button_pin} and lamp on GPIO {settings.lamp_pin}: {str(error).rstrip('.!')}. "
        "Install python3-lgpio and put the user into the group gpio, or set panel.enabled = false"
    )
