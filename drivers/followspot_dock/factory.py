"""From settings to a dock."""

import time
from collections.abc import Callable
from functools import partial

from followspot_dock import registry
from followspot_dock.port import Dock, DockListener
from followspot_dock.preferred_dock import PreferredDock
from followspot_dock.settings import DockSettings


def open_dock(
    settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int] = time.monotonic_ns
) -> Dock | None:
    """The dock that `settings` name, None for driver "none". Nothing is opened before `run`.

    `listener` gets every event on the loop that runs the dock. Raises DockError for a driver that cannot be loaded.
    """
    if settings.driver == "none":
        return None
    if settings.driver != "auto":
        return registry.factory(settings.driver)(settings, listener, monotonic_ns)
    ways = [(name, partial(_open, name, settings, monotonic_ns)) for name in dict.fromkeys(settings.prefer)]
    return ways[0][1](listener) if len(ways) == 1 else PreferredDock(ways, listener)


def _open(name: str, settings: DockSettings, monotonic_ns: Callable[[], int], listener: DockListener) -> Dock:
    return registry.factory(name)(settings, listener, monotonic_ns)
