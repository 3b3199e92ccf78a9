"""Waveshare's pan-tilt as a Dock."""

import time
from collections.abc import Callable

from followspot_dock.polled.address import Address
from followspot_dock.polled.dock import PolledDock
from followspot_dock.port import DockListener
from followspot_dock.waveshare.session import WaveshareSession


class WaveshareDock(PolledDock):
    """The driver board on the serial line at `address`."""

    def __init__(
        self, address: Address, listener: DockListener, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        super().__init__(address, WaveshareSession, listener, monotonic_ns, "waveshare")
