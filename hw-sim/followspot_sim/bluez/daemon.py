"""The simulated bluetoothd: `python -m followspot_sim.bluez.daemon BUS_ADDRESS AIR_SOCKET`.

One generic message handler stands for all objects, so that the order of signals, the names of errors and late replies
are as the real one's (BlueZ 5.66, doc/device-api.txt, doc/gatt-api.txt, doc/adapter-api.txt).
"""

import asyncio
import itertools
import sys
from collections.abc import Callable
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from followspot_sim.bluez.gatt import (
    ADAPTER,
    ADAPTER_PATH,
    CHARACTERISTIC,
    DEVICE,
    adapter_properties,
    add_services,
    advertised,
    device_path,
)
from followspot_sim.bluez.tree import OBJECT_MANAGER, PROPERTIES, ObjectTree
from followspot_sim.bluez.wire import Line, Send, lines, sender

Answer = Message | None
"""None where the reply comes later."""

_FAILED = "org.bluez.Error.Failed"
_NOT_READY = "org.bluez.Error.NotReady"
_NOT_CONNECTED = "org.bluez.Error.NotConnected"
_NO_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"
_NO_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"


class Bluetoothd:
    """Translates between D-Bus and the air."""

    def __init__(self, bus: MessageBus, send: Send) -> None:
        self._bus = bus
        self._send = send
        self._tree = ObjectTree(bus)
        self._ids = itertools.count(1)
        self._awaiting: dict[int, Callable[[int], None]] = {}
        self._connecting: dict[str, list[Message]] = {}
        self._disconnecting: dict[str, list[Message]] = {}
        self._profiles: dict[str, dict[str, Any]] = {}
        self._handles: dict[str, int] = {}
        self._filters: dict[str, list[str]] = {}
        self._scanners: set[str] = set()
        self._subscribers: dict[str, set[str]] = {}
        self._methods: dict[tuple[str, str], Callable[[Message], Answer]] = {
            (OBJECT_MANAGER, "GetManagedObjects"): self._managed_objects,
            (PROPERTIES, "GetAll"): self._get_all,
            (ADAPTER, "SetDiscoveryFilter"): self._set_filter,
            (ADAPTER, "StartDiscovery"): self._start_discovery,
            (ADAPTER, "StopDiscovery"): self._stop_discovery,
            (DEVICE, "Connect"): self._connect,
            (DEVICE, "Disconnect"): self._disconnect,
            (CHARACTERISTIC, "WriteValue"): self._write_value,
            (CHARACTERISTIC, "StartNotify"): self._start_notify,
            (CHARACTERISTIC, "StopNotify"): self._stop_notify,
        }

    def on_message(self, message: Message) -> Message | bool | None:
        """Everything that comes from the bus."""
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and not message.body[2]:
                self._client_left(message.body[0])
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        method = self._methods.get((message.interface or "", message.member or ""))
        if method is None:
            return Message.new_error(message, _NO_METHOD, f"no method {message.interface}.{message.member}")
        if message.interface != OBJECT_MANAGER and str(message.path) not in self._tree:
            return Message.new_error(message, _NO_OBJECT, f"no object {message.path}")
        return method(message) or True

    def on_news(self, line: Line) -> None:
        """Everything that comes from the air."""
        match line:
            case {"adapter": {"present": bool(present), "powered": bool(powered)}}:
                self._on_adapter(present=present, powered=powered)
            case {"advert": {"address": str(address), "name": str() | None as name, "uuid": str(uuid)}}:
                self._on_advert(address, name, uuid)
            case {"connected": dict(profile)}:
                self._on_connected(profile)
            case {"resolved": str(address)}:
                self._handles |= add_services(self._tree, self._profiles[address])
                self._tree.change(device_path(address), DEVICE, {"ServicesResolved": Variant("b", True)})
            case {"connect_failed": str(address), "why": str(why)}:
                for call in self._connecting.pop(address, []):
                    self._bus.send(Message.new_error(call, _FAILED, why))
            case {"disconnected": str(address)}:
                self._on_disconnected(address)
            case {"value": str(address), "handle": int(handle), "data": str(data)}:
                self._on_value(address, handle, bytes.fromhex(data))
            case {"done": int(identity), "att_error": int(error)}:
                self._awaiting.pop(identity)(error)

    def _managed_objects(self, call: Message) -> Answer:
        return Message.new_method_return(call, "a{oa{sa{sv}}}", [self._tree.managed()])

    def _get_all(self, call: Message) -> Answer:
        properties = self._tree.properties(str(call.path), call.body[0]) or {}
        return Message.new_method_return(call, "a{sv}", [properties])

    def _set_filter(self, call: Message) -> Answer:
        uuids = call.body[0].get("UUIDs")
        self._filters[str(call.sender)] = list(uuids.value) if uuids is not None else []
        return Message.new_method_return(call)

    def _start_discovery(self, call: Message) -> Answer:
        if not self._powered():
            return Message.new_error(call, _NOT_READY, "Resource Not Ready")
        self._scanners.add(str(call.sender))
        self._update_scan()
        return Message.new_method_return(call)

    def _stop_discovery(self, call: Message) -> Answer:
        if str(call.sender) not in self._scanners:
            return Message.new_error(call, _FAILED, "No discovery started")
        self._scanners.discard(str(call.sender))
        self._update_scan()
        return Message.new_method_return(call)

    def _connect(self, call: Message) -> Answer:
        address = self._address(call)
        if not self._powered():
            return Message.new_error(call, _NOT_READY, "Resource Not Ready")
        if self._is_connected(str(call.path)):
            return Message.new_method_return(call)
        self._connecting.setdefault(address, []).append(call)
        self._send({"connect": address})
        return None

    def _disconnect(self, call: Message) -> Answer:
        address = self._address(call)
        if not self._is_connected(str(call.path)):
            if address not in self._connecting:
                return Message.new_error(call, _NOT_CONNECTED, "Not Connected")
            self._send({"disconnect": address})
            return Message.new_method_return(call)
        self._disconnecting.setdefault(address, []).append(call)
        self._send({"disconnect": address})
        return None

    def _write_value(self, call: Message) -> Answer:
        value, options = call.body
        address, handle = self._address(call), self._handles[str(call.path)]
        line: Line = {"write": address, "handle": handle, "value": bytes(value).hex()}
        if "type" in options and options["type"].value == "command":
            self._send(line)  # bluetoothd answers when the kernel took it, not when it arrived
            return Message.new_method_return(call)
        self._send({**line, "id": self._await(call, lambda: None)})
        return None

    def _start_notify(self, call: Message) -> Answer:
        path = str(call.path)
        subscribers = self._subscribers.setdefault(path, set())
        if subscribers:
            subscribers.add(str(call.sender))
            return Message.new_method_return(call)

        def subscribed() -> None:
            subscribers.add(str(call.sender))
            self._tree.change(path, CHARACTERISTIC, {"Notifying": Variant("b", True)})

        line: Line = {"subscribe": self._address(call), "handle": self._handles[path]}
        self._send({**line, "id": self._await(call, subscribed)})
        return None

    def _stop_notify(self, call: Message) -> Answer:
        self._unsubscribe(str(call.path), str(call.sender))
        return Message.new_method_return(call)

    def _await(self, call: Message, then: Callable[[], None]) -> int:
        """The id of a request over the air whose outcome answers `call`."""

        def done(error: int) -> None:
            if error:
                text = f"Operation failed with ATT error: 0x{error:02x}"
                self._bus.send(Message.new_error(call, _FAILED, text))
            else:
                then()
                self._bus.send(Message.new_method_return(call))

        identity = next(self._ids)
        self._awaiting[identity] = done
        return identity

    def _client_left(self, name: str) -> None:
        """A client died or closed its connection: its scan and its subscriptions end, the link does not."""
        self._filters.pop(name, None)
        if name in self._scanners:
            self._scanners.discard(name)
            self._update_scan()
        for path in list(self._subscribers):
            self._unsubscribe(path, name)

    def _unsubscribe(self, path: str, client: str) -> None:
        subscribers = self._subscribers.get(path, set())
        if client in subscribers:
            subscribers.discard(client)
            if not subscribers:
                self._send({"unsubscribe": self._address_of(path), "handle": self._handles[path]})
                self._tree.change(path, CHARACTERISTIC, {"Notifying": Variant("b", False)})

    def _update_scan(self) -> None:
        on = bool(self._scanners)
        self._send({"scan": on})
        self._tree.change(ADAPTER_PATH, ADAPTER, {"Discovering": Variant("b", on)})
        if not on:
            for path in self._tree.below(ADAPTER_PATH):
                if self._tree.properties(path, DEVICE) is not None:
                    self._tree.change(path, DEVICE, {}, ("RSSI",))

    def _on_adapter(self, *, present: bool, powered: bool) -> None:
        if not present:
            self._tree.remove(ADAPTER_PATH)
        elif ADAPTER_PATH not in self._tree:
            self._tree.add(ADAPTER_PATH, ADAPTER, adapter_properties(powered=powered))
        elif powered != self._powered():
            changed = {"Powered": Variant("b", powered)}
            if not powered:
                changed["Discovering"] = Variant("b", False)
            self._tree.change(ADAPTER_PATH, ADAPTER, changed)
        if not (present and powered):
            self._scanners.clear()

    def _on_advert(self, address: str, name: str | None, uuid: str) -> None:
        filters = [self._filters.get(client, []) for client in self._scanners]
        if any(not wanted or uuid in wanted for wanted in filters):
            advertised(self._tree, address, name, uuid)

    def _on_connected(self, profile: dict[str, Any]) -> None:
        address = profile["address"]
        self._profiles[address] = profile
        self._tree.change(device_path(address), DEVICE, {"Connected": Variant("b", True)})
        for call in self._connecting.pop(address, []):
            self._bus.send(Message.new_method_return(call))

    def _on_disconnected(self, address: str) -> None:
        path = device_path(address)
        for service in [p for p in self._tree.below(path) if p.rsplit("/", 1)[0] == path]:
            self._tree.remove(service)
        self._subscribers = {char: who for char, who in self._subscribers.items() if not char.startswith(path)}
        self._tree.change(path, DEVICE, {"ServicesResolved": Variant("b", False)})
        self._tree.change(path, DEVICE, {"Connected": Variant("b", False)})
        for call in self._disconnecting.pop(address, []):
            self._bus.send(Message.new_method_return(call))

    def _on_value(self, address: str, handle: int, value: bytes) -> None:
        for path in self._subscribers:
            if self._handles[path] == handle and path.startswith(device_path(address)):
                self._tree.change(path, CHARACTERISTIC, {"Value": Variant("ay", value)})

    def _powered(self) -> bool:
        adapter = self._tree.properties(ADAPTER_PATH, ADAPTER)
        return adapter is not None and bool(adapter["Powered"].value)

    def _is_connected(self, path: str) -> bool:
        device = self._tree.properties(path, DEVICE)
        return device is not None and bool(device["Connected"].value)

    def _address(self, call: Message) -> str:
        return self._address_of(str(call.path))

    def _address_of(self, path: str) -> str:
        return path.split("/")[4].removeprefix("dev_").replace("_", ":")


async def serve(bus_address: str, air_socket: str) -> None:
    """Be `org.bluez` until the air closes."""
    reader, writer = await asyncio.open_unix_connection(air_socket)
    bus = await MessageBus(bus_address=bus_address, negotiate_unix_fd=True).connect()
    send = sender(writer)
    bluetoothd = Bluetoothd(bus, send)
    bus.add_message_handler(bluetoothd.on_message)
    rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
    await bus.call(
        Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="AddMatch",
            signature="s",
            body=[rule],
        )
    )
    await bus.request_name("org.bluez")
    send({"serving": True})
    async for line in lines(reader):
        bluetoothd.on_news(line)
    bus.disconnect()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
