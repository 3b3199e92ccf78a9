"""A dock in the air: a peripheral whose characteristics carry the wire protocol, one frame a value."""

from collections.abc import Callable, Sequence

from followspot_dock.protocol.ble import COMMAND_UUID, MIN_ATT_MTU, REPORT_UUID, SERVICE_UUID
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_sim.bluez.air import Air
from followspot_sim.bluez.peripheral import Characteristic, Notify, Profile

_SERVICE_HANDLE, _COMMAND_HANDLE, _REPORT_HANDLE = 0x10, 0x11, 0x13


class BleCable:
    """Switches a dock on and off in the air; a Cable and a Peripheral."""

    def __init__(self, air: Air, address: str, name: str) -> None:
        self.profile = Profile(
            address,
            name,
            SERVICE_UUID,
            _SERVICE_HANDLE,
            MIN_ATT_MTU,
            (
                Characteristic(_COMMAND_HANDLE, COMMAND_UUID, ("write-without-response", "write")),
                Characteristic(_REPORT_HANDLE, REPORT_UUID, ("notify",)),
            ),
        )
        self._air = air
        self._on_data: Callable[[bytes], None] | None = None
        self._notify: Notify | None = None
        air.add(self)

    @property
    def on_air(self) -> bool:
        """Whether the dock has power."""
        return self._on_data is not None

    def new_codec(self) -> DatagramCodec:
        """Of a dock that boots."""
        return DatagramCodec()

    def plug(self, on_data: Callable[[bytes], None]) -> "BleCable":
        """Switch the dock on: it advertises from now on."""
        self._on_data = on_data
        return self

    def unplug(self) -> None:
        """Switch the dock off."""
        self._on_data = None
        self._air.drop(self.profile.address)

    def write(self, frames: Sequence[bytes]) -> None:
        """Notify each frame; what finds no subscriber or no room is lost."""
        if self._notify is not None:
            for frame in frames:
                self._notify(_REPORT_HANDLE, frame)

    def connected(self, notify: Notify) -> None:
        """A central connected."""
        self._notify = notify

    def disconnected(self) -> None:
        """The connection ended."""
        self._notify = None

    def written(self, handle: int, value: bytes) -> None:
        """The central wrote."""
        if handle == _COMMAND_HANDLE and self._on_data is not None:
            self._on_data(value)
