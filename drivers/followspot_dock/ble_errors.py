"""What bleak raises, in words for people. One broken link surfaces as any of these, depending on where it hits."""

import errno

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
)
from dbus_fast import AuthError

BLE_ERRORS = (BleakError, TimeoutError, EOFError, OSError, AuthError)

_SWITCHED_OFF = "Bluetooth is switched off: bluetoothctl power on"
_NO_PERMISSION = "no permission to use Bluetooth: add the daemon's user to the group bluetooth"
_NO_SERVICE = "the Bluetooth service does not run: systemctl status bluetooth says why"
_UNAVAILABLE = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "this box has no Bluetooth adapter",
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: "the Bluetooth adapter cannot do Bluetooth LE",
    BleakBluetoothNotAvailableReason.POWERED_OFF: _SWITCHED_OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: _NO_PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: _NO_PERMISSION,
}
_DBUS = {
    "org.bluez.Error.NotReady": _SWITCHED_OFF,
    "org.freedesktop.DBus.Error.AccessDenied": _NO_PERMISSION,
    "org.freedesktop.DBus.Error.NameHasNoOwner": _NO_SERVICE,
    "org.freedesktop.DBus.Error.NoReply": _NO_SERVICE,
    "org.freedesktop.DBus.Error.ServiceUnknown": _NO_SERVICE,
    "org.freedesktop.DBus.Error.UnknownObject": "the adapter forgot the dock",
}


def explain(error: Exception) -> str:
    """One of BLE_ERRORS as a sentence."""
    match error:
        case BleakBluetoothNotAvailableError():
            return _UNAVAILABLE.get(error.reason, f"Bluetooth cannot be used: {error.args[0]}")
        case BleakDeviceNotFoundError():
            return "the dock was gone again before it could be connected"
        case BleakDBusError():
            said = error.dbus_error_details or error.dbus_error
            return _DBUS.get(error.dbus_error, f"Bluetooth failed: {said}")
        case AuthError():
            return _NO_PERMISSION
        case EOFError():
            return "the system bus closed the connection"
        case TimeoutError():
            return "Bluetooth gave no answer in time"
        case OSError(errno=errno.ENOENT | errno.ECONNREFUSED):
            return "there is no D-Bus system bus, and so no Bluetooth: systemctl status dbus"
        case _:
            return f"Bluetooth failed: {error}"
