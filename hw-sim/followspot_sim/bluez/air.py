"""The air between one Bluetooth adapter and the peripherals in range, with the faults one can put on it.

The simulated bluetoothd connects to `air.sock` and asks for scans, connections, writes and notifications in JSON lines;
what it hears back is what a controller and the attribute protocol would tell it. Its requests:

- {"serving": true} once it answers clients; {"scan": bool}; {"connect": address}; {"disconnect": address};
- {"write" | "subscribe" | "unsubscribe": address, "handle": n, "value": hex, "id": n}: answered by "done" where an id
  is given.

Its news: {"adapter": {"present", "powered"}}, {"advert": {...}}, {"connected": profile}, {"resolved": address},
{"connect_failed": address, "why": text}, {"disconnected": address}, {"value": address, "handle", "data"},
{"done": id, "att_error": n}.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from followspot_sim.bluez.air_link import AirLink
from followspot_sim.bluez.peripheral import Peripheral
from followspot_sim.bluez.wire import Line, Send, lines, sender
from followspot_sim.socket_server import SocketServer

ADVERTISING_S = 0.1
"""A dock that wants to be found soon advertises this often."""
_SUPERVISION_S = 4.0
"""A common supervision time-out; BlueZ's own default is 0.42 s, a peripheral usually asks for more."""
_ORPHAN_S = 2.0
"""Linux keeps a link this long (HCI_DISCONN_TIMEOUT) after the last socket on it was closed by its owner's death."""
_CONNECT_EVENTS, _DISCOVERY_EVENTS, _ROUND_TRIP_EVENTS = 2, 8, 2
"""How many events these procedures take; discovery as with two services and an exchange of the MTU."""
_ABORTED = "le-connection-abort-by-local"
"""BlueZ's word for a connection that failed to be established, mostly for interference."""


class Air:
    """One adapter's surroundings. Every method is called on the loop."""

    def __init__(self, socket: Path, interval_ms: float) -> None:
        self.interval_ms = interval_ms
        self._server = SocketServer(socket, self._serve)
        self._peripherals: dict[str, Peripheral] = {}
        self._links: dict[str, AirLink] = {}
        self._send: Send | None = None
        self._served = asyncio.Event()
        self._present, self._powered = True, True
        self._scanning = False
        self._wanted: set[str] = set()
        self._subscribed: set[tuple[str, int]] = set()
        self._hang_connects = False
        self._connects_to_abort = 0
        self._att_errors: list[int] = []
        self._adverts_heard: dict[str, int] = {}
        self._orphans: list[asyncio.TimerHandle] = []
        self._beacon: asyncio.Task[None] | None = None

    def add(self, peripheral: Peripheral) -> None:
        """Bring a peripheral into range."""
        self._peripherals[peripheral.profile.address] = peripheral

    async def start(self) -> None:
        """Listen for the bluetoothd, and advertise."""
        await self._server.start()
        self._beacon = asyncio.create_task(self._advertise(), name="advertising")

    async def close(self) -> None:
        """End every connection."""
        if self._beacon is not None:
            self._beacon.cancel()
            await asyncio.gather(self._beacon, return_exceptions=True)
        for orphan in self._orphans:
            orphan.cancel()
        await self._server.close()
        for address in list(self._links):
            self._end(address)

    async def wait_served(self) -> None:
        """Return when a bluetoothd serves clients."""
        await self._served.wait()

    def is_connected(self, address: str) -> bool:
        """Whether a central holds a connection to this peripheral."""
        return address in self._links

    def late_s(self, address: str) -> float:
        """By how much this peripheral's last connection event came late."""
        link = self._links.get(address)
        return link.late_s if link is not None else 0.0

    @property
    def scanning(self) -> bool:
        """Whether the adapter scans."""
        return self._scanning

    def drop(self, address: str) -> None:
        """Break the connection, as by walking out of range."""
        self._end(address)

    def lose_events(self, seconds: float) -> None:
        """Let no connection event through for so long, as a burst of Wi-Fi does."""
        for link in self._links.values():
            link.lose_events(seconds)

    def hang_connects(self, hang: bool) -> None:
        """Never answer a request to connect, until told otherwise."""
        self._hang_connects = hang

    def abort_connects(self, count: int) -> None:
        """Let the next `count` connections fail while they are established."""
        self._connects_to_abort = count

    def fail_next(self, att_error: int) -> None:
        """Answer the next write or subscription with this error of the attribute protocol."""
        self._att_errors.append(att_error)

    def set_adapter(self, *, present: bool = True, powered: bool = True) -> None:
        """Switch the adapter off, or pull it out, or bring it back."""
        self._present, self._powered = present, powered
        if not (present and powered):
            self._scanning = False
            for address in list(self._wanted):
                self._cancel_connect(address)
            for address in list(self._links):
                self._end(address)
        self._tell({"adapter": {"present": present, "powered": powered}})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._send = sender(writer)
        self._tell({"adapter": {"present": self._present, "powered": self._powered}})
        try:
            async for line in lines(reader):
                self._obey(line)
        finally:
            self._orphan()

    def _orphan(self) -> None:
        """The bluetoothd died: its links linger in the kernel."""
        self._send = None
        self._served.clear()
        self._scanning = False
        self._wanted.clear()
        loop = asyncio.get_running_loop()
        self._orphans = [loop.call_later(_ORPHAN_S, self._end, address) for address in self._links]

    def _obey(self, line: Line) -> None:
        match line:
            case {"serving": True}:
                self._served.set()
            case {"scan": bool(on)}:
                self._scanning = on
                self._adverts_heard.clear()
            case {"connect": str(address)}:
                self._wanted.add(address)
            case {"disconnect": str(address)}:
                self._cancel_connect(address)
                self._end(address)
            case {"write": str(address), "handle": int(handle), "value": str(value)}:
                data = bytes.fromhex(value)
                self._procedure(address, line.get("id"), lambda: self._peripherals[address].written(handle, data))
            case {"subscribe": str(address), "handle": int(handle)}:
                self._procedure(address, line.get("id"), lambda: self._subscribed.add((address, handle)))
            case {"unsubscribe": str(address), "handle": int(handle)}:
                self._procedure(address, line.get("id"), lambda: self._subscribed.discard((address, handle)))
            case _:
                raise ValueError(f"the bluetoothd asks for nothing known: {line}")

    def _procedure(self, address: str, identity: object, at_dock: Callable[[], None]) -> None:
        """Run a request over the air; one with an id is answered after a round trip."""
        link = self._links.get(address)
        if link is None:
            return
        error = self._att_errors.pop(0) if self._att_errors else 0
        if not error:
            link.queue_to_dock(at_dock)
        if identity is not None:
            link.after(_ROUND_TRIP_EVENTS, lambda: self._tell({"done": identity, "att_error": error}))

    async def _advertise(self) -> None:
        while True:
            await asyncio.sleep(ADVERTISING_S)
            for address, peripheral in self._peripherals.items():
                if self._powered and self._present and peripheral.on_air and address not in self._links:
                    self._on_advertisement(address, peripheral)

    def _on_advertisement(self, address: str, peripheral: Peripheral) -> None:
        if address in self._wanted and not self._hang_connects:
            self._wanted.discard(address)
            self._connect(address, peripheral)
        elif self._scanning:
            heard = self._adverts_heard.get(address, 0)
            self._adverts_heard[address] = heard + 1
            profile = peripheral.profile
            name = profile.name if heard else None  # the name comes with the scan response, later
            self._tell({"advert": {"address": address, "name": name, "uuid": profile.service_uuid}})

    def _connect(self, address: str, peripheral: Peripheral) -> None:
        profile = peripheral.profile.to_json()
        if self._connects_to_abort:
            self._connects_to_abort -= 1
            self._tell({"connected": profile})
            self._tell({"connect_failed": address, "why": _ABORTED})
            self._tell({"disconnected": address})
            return
        link = AirLink(self.interval_ms / 1000, _SUPERVISION_S, lambda: self._end(address))
        self._links[address] = link

        def notify(handle: int, value: bytes) -> bool:
            if (address, handle) not in self._subscribed:
                return False
            news: Line = {"value": address, "handle": handle, "data": value.hex()}
            return link.queue_to_host(lambda: self._tell(news))

        peripheral.connected(notify)
        link.after(_CONNECT_EVENTS, lambda: self._tell({"connected": profile}))
        link.after(_CONNECT_EVENTS + _DISCOVERY_EVENTS, lambda: self._tell({"resolved": address}))

    def _cancel_connect(self, address: str) -> None:
        if address in self._wanted:
            self._wanted.discard(address)
            self._tell({"connect_failed": address, "why": _ABORTED})

    def _end(self, address: str) -> None:
        link = self._links.pop(address, None)
        if link is not None:
            link.close()
            self._subscribed = {(other, handle) for other, handle in self._subscribed if other != address}
            self._peripherals[address].disconnected()
            self._tell({"disconnected": address})

    def _tell(self, line: Line) -> None:
        if self._send is not None:
            self._send(line)
