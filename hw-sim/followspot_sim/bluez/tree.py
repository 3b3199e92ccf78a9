"""Objects with interfaces and properties on a D-Bus connection, told to the world as bluetoothd tells it."""

from dbus_fast import Message, Variant
from dbus_fast.aio import MessageBus

Properties = dict[str, Variant]
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"


class ObjectTree:
    """What `org.bluez` exports. Every change sends its signal at once, in the order of the calls."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._objects: dict[str, dict[str, Properties]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._objects

    def managed(self) -> dict[str, dict[str, Properties]]:
        """The answer to GetManagedObjects."""
        return self._objects

    def properties(self, path: str, interface: str) -> Properties | None:
        """The properties of one interface of one object, None where there is no such thing."""
        return self._objects.get(path, {}).get(interface)

    def below(self, path: str) -> list[str]:
        """The paths of the object and everything below, deepest first."""
        return sorted((p for p in self._objects if p == path or p.startswith(path + "/")), key=len, reverse=True)

    def add(self, path: str, interface: str, properties: Properties) -> None:
        """Export an object."""
        interfaces = {interface: properties, "org.freedesktop.DBus.Introspectable": {}, PROPERTIES: {}}
        self._objects[path] = interfaces
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def remove(self, path: str) -> None:
        """Withdraw an object and everything below it."""
        for gone in self.below(path):
            interfaces = list(self._objects.pop(gone))
            self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [gone, interfaces])

    def change(self, path: str, interface: str, changed: Properties, invalidated: tuple[str, ...] = ()) -> None:
        """Set and unset properties; nothing where there is no such object."""
        properties = self.properties(path, interface)
        if properties is None:
            return
        properties.update(changed)
        gone = [name for name in invalidated if properties.pop(name, None) is not None]
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, gone])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[object]) -> None:
        self._bus.send(Message.new_signal(path, interface, member, signature, body))
