"""The D-Bus faces of a peripheral: Device1, GattService1, GattCharacteristic1 and the descriptor that subscribes."""

from typing import Any

from dbus_fast import Variant

from followspot_sim.bluez.tree import ObjectTree, Properties

ADAPTER_PATH = "/org/bluez/hci0"
ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
DESCRIPTOR = "org.bluez.GattDescriptor1"
_CCCD_UUID = "00002902-0000-1000-8000-00805f9b34fb"
_RSSI_DBM = -58


def device_path(address: str) -> str:
    """The object path bluetoothd gives a device."""
    return f"{ADAPTER_PATH}/dev_{address.replace(':', '_')}"


def adapter_properties(*, powered: bool) -> Properties:
    """Of an ordinary controller."""
    return {
        "Address": Variant("s", "DC:A6:32:00:00:01"),
        "AddressType": Variant("s", "public"),
        "Name": Variant("s", "followspot"),
        "Alias": Variant("s", "followspot"),
        "Class": Variant("u", 0),
        "Powered": Variant("b", powered),
        "Discoverable": Variant("b", False),
        "Pairable": Variant("b", False),
        "Discovering": Variant("b", False),
        "UUIDs": Variant("as", []),
        "Roles": Variant("as", ["central", "peripheral"]),
    }


def advertised(tree: ObjectTree, address: str, name: str | None, service_uuid: str) -> None:
    """An advertisement was heard: a new device without a name at first, or news about a known one."""
    path = device_path(address)
    named = {"Name": Variant("s", name), "Alias": Variant("s", name)} if name is not None else {}
    rssi = {"RSSI": Variant("n", _RSSI_DBM)}
    if path in tree:
        tree.change(path, DEVICE, {**rssi, **named})
        return
    properties: Properties = {
        "Address": Variant("s", address),
        "AddressType": Variant("s", "random"),
        "Alias": Variant("s", address.replace(":", "-")),
        "Paired": Variant("b", False),
        "Bonded": Variant("b", False),
        "Trusted": Variant("b", False),
        "Blocked": Variant("b", False),
        "LegacyPairing": Variant("b", False),
        "Connected": Variant("b", False),
        "ServicesResolved": Variant("b", False),
        "UUIDs": Variant("as", [service_uuid]),
        "Adapter": Variant("o", ADAPTER_PATH),
    }
    tree.add(path, DEVICE, {**properties, **rssi, **named})


def add_services(tree: ObjectTree, profile: dict[str, Any]) -> dict[str, int]:
    """Export what service discovery found; the handles of the characteristics by their paths."""
    device = device_path(profile["address"])
    service = f"{device}/service{profile['service_handle']:04x}"
    tree.add(
        service,
        SERVICE,
        {
            "UUID": Variant("s", profile["service_uuid"]),
            "Device": Variant("o", device),
            "Primary": Variant("b", True),
            "Includes": Variant("ao", []),
        },
    )
    handles = {}
    for characteristic in profile["characteristics"]:
        path = f"{service}/char{characteristic['handle']:04x}"
        handles[path] = characteristic["handle"]
        tree.add(path, CHARACTERISTIC, _characteristic_properties(service, characteristic, profile["mtu"]))
        if "notify" in characteristic["flags"]:
            tree.add(f"{path}/desc{characteristic['handle'] + 2:04x}", DESCRIPTOR, _cccd_properties(path))
    return handles


def _characteristic_properties(service: str, characteristic: dict[str, Any], mtu: int) -> Properties:
    return {
        "UUID": Variant("s", characteristic["uuid"]),
        "Service": Variant("o", service),
        "Notifying": Variant("b", False),
        "Flags": Variant("as", list(characteristic["flags"])),
        "MTU": Variant("q", mtu),
    }


def _cccd_properties(path: str) -> Properties:
    return {"UUID": Variant("s", _CCCD_UUID), "Characteristic": Variant("o", path)}
