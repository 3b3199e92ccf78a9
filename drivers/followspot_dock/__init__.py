"""The motorised dock and its marker, behind one port; knows nothing of the daemon."""

from followspot_dock.factory import open_dock
from followspot_dock.port import (
    Batteries,
    ButtonPress,
    Capabilities,
    Dock,
    DockError,
    DockEvent,
    DockListener,
    LinkChanged,
    LinkState,
    MarkerButton,
    MarkerReport,
    Pose,
)
from followspot_dock.settings import DockSettings

__all__ = [
    "Batteries",
    "ButtonPress",
    "Capabilities",
    "Dock",
    "DockError",
    "DockEvent",
    "DockListener",
    "DockSettings",
    "LinkChanged",
    "LinkState",
    "MarkerButton",
    "MarkerReport",
    "Pose",
    "open_dock",
]
