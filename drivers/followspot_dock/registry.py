"""The drivers by name: ours, and those that other packages offer as entry points of the group `followspot.docks`.

An entry point names a factory: called with settings, listener and clock, it returns a Dock that is not open yet. A
driver is imported only when it is asked for.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from followspot_dock.port import Dock, DockError, DockListener

if TYPE_CHECKING:
    from followspot_dock.settings import DockSettings

DockFactory = Callable[["DockSettings", DockListener, Callable[[], int]], Dock]

GROUP = "followspot.docks"
BUILT_IN = {
    "serial": "followspot_dock.serial_dock:SerialDock",
    "ble": "followspot_dock.ble_dock:BleDock",
    "visca": "followspot_dock.polled.opening:open_visca",
    "waveshare": "followspot_dock.polled.opening:open_waveshare",
}


def names() -> list[str]:
    """Every driver that is installed."""
    return sorted(BUILT_IN.keys() | entry_points(group=GROUP).names)


def factory(name: str) -> DockFactory:
    """The driver of this name. Raises DockError for one that is not installed or cannot be loaded."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        made: DockFactory = getattr(import_module(module), attribute)
        return made
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise DockError(f"there is no dock driver {name!r}: installed are {', '.join(names())}")
    try:
        loaded: DockFactory = next(iter(found)).load()
    except (ImportError, AttributeError) as error:
        raise DockError(f"the dock driver {name!r} cannot be loaded: {error}") from error
    return loaded
