"""From settings to a dock."""

import time
from collections.abc import Callable

from followspot_dock.port import Dock, DockListener
from followspot_dock.settings import DockSettings


def open_dock(
    settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int] = time.monotonic_ns
) -> Dock | None:
    """The dock that `settings` name, None for driver "none". Nothing is opened before `run`.

    `listener` gets every event on the loop that runs the dock.
    """
    if settings.driver == "none":
        return None
    from followspot_dock.serial_dock import SerialDock  # lazy: a box without a serial dock loads no pyserial

    return SerialDock(settings, listener, monotonic_ns)
