"""Looking for docks on Bluetooth LE: those connected already first, then those that advertise."""

import asyncio
from dataclasses import dataclass

from bleak import BleakAdapter, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from followspot_dock.ble_errors import BLE_ERRORS, explain
from followspot_dock.port import DockError
from followspot_dock.protocol.ble import SERVICE_UUID
from followspot_dock.waiting import wait_set

_SCAN_S = 5.0
"""One look round; a dock advertises several times a second."""
_SECOND_DOCK_S = 0.6
"""After the first dock, wait this long for another: several advertising periods."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dock: the pinned `address`, else the one that was `familiar`, else the only one there is."""

    address: str = ""
    familiar: str = ""

    @property
    def known(self) -> str:
        """The address to wait for, "" where any dock will do."""
        return (self.address or self.familiar).upper()

    @property
    def missing(self) -> str:
        """The sentence for a dock that is not there."""
        name = f"the dock {self.address} (dock.address) does not advertise" if self.address else "no dock advertises"
        return f"{name} in range: switch it on, or bring it closer"


async def connected_dock(wanted: Wanted) -> BLEDevice | None:
    """A dock whose connection a predecessor left behind: it does not advertise, so no scan would find it.

    Raises DockError with a reason for people.
    """
    try:
        adapter = await BleakAdapter.get()
        found = await adapter.get_connected_devices([SERVICE_UUID])
    except BLE_ERRORS as error:
        raise DockError(explain(error)) from error
    return _choose([device for device in found if wanted.known in ("", device.address.upper())])


async def scan(wanted: Wanted) -> BLEDevice | None:
    """The dock that is wanted, as soon as it advertises; None where it does not within some seconds.

    Raises DockError where two would do, or Bluetooth does not work.
    """
    heard = _Heard(wanted)
    try:
        async with BleakScanner(heard.on_advertisement, service_uuids=[SERVICE_UUID]):
            if await wait_set(heard.enough, _SCAN_S) and not wanted.known:
                await asyncio.sleep(_SECOND_DOCK_S)
    except BLE_ERRORS as error:
        raise DockError(explain(error)) from error
    return _choose(list(heard.docks.values()))


class _Heard:
    """The docks of one scan that would do."""

    def __init__(self, wanted: Wanted) -> None:
        self.docks: dict[str, BLEDevice] = {}
        self.enough = asyncio.Event()
        self._wanted = wanted

    def on_advertisement(self, device: BLEDevice, data: AdvertisementData) -> None:
        if SERVICE_UUID not in data.service_uuids:
            return  # BlueZ also tells what other programs' scans find
        if self._wanted.known in ("", device.address.upper()):
            self.docks[device.address] = device
            self.enough.set()


def _choose(docks: list[BLEDevice]) -> BLEDevice | None:
    if len(docks) > 1:
        names = " and ".join(sorted(f"{dock.name or 'a dock'} ({dock.address})" for dock in docks))
        raise DockError(f"more than one dock is in range, {names}: set dock.address to the right one")
    return docks[0] if docks else None


async def find(address: str) -> BLEDevice:
    """The dock at `address`, or the only one in range for "". Raises DockError with a reason for people."""
    wanted = Wanted(address)
    device = await connected_dock(wanted) or await scan(wanted)
    if device is None:
        raise DockError(wanted.missing)
    return device
