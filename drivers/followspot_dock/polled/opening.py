"""From settings to a dock that is polled."""

from collections.abc import Callable

from followspot_dock.polled.address import address_of
from followspot_dock.port import Dock, DockError, DockListener
from followspot_dock.settings import DockSettings
from followspot_dock.visca.dock import ViscaDock
from followspot_dock.visca.models import MODELS
from followspot_dock.waveshare.dock import WaveshareDock


def open_visca(settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int]) -> Dock:
    """The camera at `url`, or on the serial line `port`. Raises DockError where neither is given."""
    if not settings.url and not settings.port:
        raise DockError("driver visca needs dock.url, such as udp://192.168.0.100:52381, or dock.port")
    address = address_of(settings.url, settings.port, settings.baud)
    return ViscaDock(address, MODELS[settings.model], listener, monotonic_ns)


def open_waveshare(settings: DockSettings, listener: DockListener, monotonic_ns: Callable[[], int]) -> Dock:
    """The driver board on the serial line `port`. Raises DockError where it is not given."""
    if not settings.port:
        raise DockError("driver waveshare needs dock.port, such as /dev/serial/by-id/...")
    return WaveshareDock(address_of("", settings.port, settings.baud), listener, monotonic_ns)
