"""Simulated docks of other makers at the wire: TCP, UDP and serial line, with the faults of each."""

import asyncio
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from followspot_sim.pty_port import PtyPort
from followspot_sim.visca_peer import Later

Take = Callable[[bytes, int], list[Later]]
"""One packet, line or datagram and the time; what is answered."""
Send = Callable[[bytes], None]

HOST = "127.0.0.1"
_REORDER_MS = 40.0


class Network:
    """What happens between two ends: share of datagrams lost, share that comes too late, silence until a time."""

    def __init__(self, seed: int) -> None:
        self.loss = self.reorder = 0.0
        self.frozen_until_ns = 0
        self._rng = random.Random(seed)

    @property
    def frozen(self) -> bool:
        """Whether the device hangs: it hears and says nothing."""
        return time.monotonic_ns() < self.frozen_until_ns

    def delay_ms(self) -> float | None:
        """How much later this datagram comes; None if it is lost."""
        if self._rng.random() < self.loss:
            return None
        return _REORDER_MS if self._rng.random() < self.reorder else 0.0


class Outbox:
    """Sends what a peer answers when it is due, until `close`."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._loop = asyncio.get_running_loop()
        self._timers: set[asyncio.TimerHandle] = set()

    def post(self, answers: list[Later], send: Send) -> None:
        """Send each when it is due."""
        for later in answers:
            self.after(later.after_ms, send, later.packet)

    def after(self, delay_ms: float, call: Send, data: bytes) -> None:
        """Call with the data later, unless the device hangs by then."""

        def due() -> None:
            self._timers.discard(timer)
            if not self._network.frozen:
                call(data)

        timer = self._loop.call_later(delay_ms / 1000, due)
        self._timers.add(timer)

    def close(self) -> None:
        """Forget what is not sent."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def cut(buffer: bytearray, data: bytes, end: bytes) -> list[bytes]:
    """The packets that `data` completes, `end` included."""
    buffer += data
    *packets, rest = bytes(buffer).split(end)
    buffer[:] = rest
    return [packet + end for packet in packets]


class SerialFace:
    """On a pty behind a stable link."""

    def __init__(self, take: Take, network: Network, link: Path, end: bytes) -> None:
        self._take, self._network, self._link, self._end = take, network, link, end
        self._port: PtyPort | None = None
        self._outbox: Outbox | None = None
        self._buffer = bytearray()

    @property
    def where(self) -> str:
        """For dock.port."""
        return str(self._link)

    async def plug(self) -> None:
        """Appear."""
        self._outbox = Outbox(self._network)
        self._port = PtyPort(self._link, self._on_data)

    async def unplug(self) -> None:
        """Vanish."""
        if self._port is not None and self._outbox is not None:
            self._outbox.close()
            self._port.unplug()
            self._port = None
            self._buffer.clear()

    def say(self, data: bytes) -> None:
        """Speak unasked."""
        if self._port is not None and not self._network.frozen:
            self._port.write([data])

    def _on_data(self, data: bytes) -> None:
        if self._network.frozen or self._outbox is None:
            return
        for packet in cut(self._buffer, data, self._end):
            self._outbox.post(self._take(packet, time.monotonic_ns()), self.say)


class TcpFace:
    """On a TCP port of 127.0.0.1, the same one after each replug."""

    def __init__(self, take: Take, network: Network) -> None:
        self._take, self._network = take, network
        self._server: asyncio.Server | None = None
        self._outbox: Outbox | None = None
        self._open: set[asyncio.Transport] = set()
        self.port = 0

    @property
    def where(self) -> str:
        """For dock.url."""
        return f"tcp://{HOST}:{self.port}"

    async def plug(self) -> None:
        """Listen."""
        self._outbox = Outbox(self._network)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self._on_data, self._open), HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Refuse, and break what is open."""
        if self._server is not None and self._outbox is not None:
            self._outbox.close()
            self._server.close()
            for transport in tuple(self._open):
                transport.abort()
            await self._server.wait_closed()
            self._server = None

    def _on_data(self, packet: bytes, send: Send) -> None:
        if not self._network.frozen and self._outbox is not None:
            self._outbox.post(self._take(packet, time.monotonic_ns()), send)


class _Connection(asyncio.Protocol):
    """One host on the TCP face."""

    def __init__(self, on_packet: Callable[[bytes, Send], None], held: set[asyncio.Transport]) -> None:
        self._on_packet = on_packet
        self._held = held
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A host came."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._held.add(transport)

    def data_received(self, data: bytes) -> None:
        """It speaks."""
        assert self._transport is not None, "connection_made comes first"
        for packet in cut(self._buffer, data, b"\xff"):
            self._on_packet(packet, self._transport.write)

    def connection_lost(self, exc: Exception | None) -> None:
        """It left."""
        del exc
        if self._transport is not None:
            self._held.discard(self._transport)


class UdpFace(asyncio.DatagramProtocol):
    """On a UDP port of 127.0.0.1; the network loses and delays datagrams both ways."""

    def __init__(self, take: Take, network: Network, scheme: str) -> None:
        self._take, self._network, self._scheme = take, network, scheme
        self._transport: asyncio.DatagramTransport | None = None
        self._outbox: Outbox | None = None
        self.port = 0

    @property
    def where(self) -> str:
        """For dock.url."""
        return f"{self._scheme}://{HOST}:{self.port}"

    async def plug(self) -> None:
        """Listen."""
        self._outbox = Outbox(self._network)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(HOST, self.port), family=socket.AF_INET
        )
        self.port = self._transport.get_extra_info("sockname")[1]

    async def unplug(self) -> None:
        """Vanish."""
        if self._transport is not None and self._outbox is not None:
            self._outbox.close()
            self._transport.close()
            self._transport = None
            await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """One came in."""
        if not self._network.frozen:
            self._pass(lambda datagram: self._on_datagram(datagram, addr), data)

    def _on_datagram(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self._outbox is not None:
            answers = self._take(data, time.monotonic_ns())
            self._outbox.post(answers, lambda datagram: self._pass(lambda late: self._send(late, addr), datagram))

    def _send(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(data, addr)

    def _pass(self, deliver: Send, data: bytes) -> None:
        """Over the network, in either direction."""
        delay_ms = self._network.delay_ms()
        if delay_ms == 0.0:
            deliver(data)
        elif delay_ms is not None and self._outbox is not None:
            self._outbox.after(delay_ms, deliver, data)
