"""A NUT stream on a loopback TCP port, for one client after another, as a device is opened by one program at a time."""

import contextlib
import logging
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import OutputContainer
from av.stream import Stream
from cv2.typing import MatLike

log = logging.getLogger(__name__)

JOIN_TIMEOUT_S = 3.0

WRITE_BYTES = 1 << 21
"""A whole 720p picture leaves in one write."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A picture or a stretch of sound, with its time in ticks of the stream."""

    data: MatLike
    pts: int


class NutServer:
    """Serves what is offered, on a thread of its own. A client that is too slow loses units, never stalls the offerer.

    `add_stream` gives the container its one stream. `from_zero`: every client's time begins at 0, as that of a device
    that starts when it is opened.
    """

    def __init__(
        self,
        name: str,
        add_stream: Callable[[OutputContainer], Stream],
        time_base: Fraction,
        backlog: int,
        *,
        from_zero: bool,
    ) -> None:
        self._name = name
        self._add_stream = add_stream
        self._time_base = time_base
        self._from_zero = from_zero
        self._units: queue.Queue[Unit | None] = queue.Queue(backlog)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None
        self._port = 0
        self.dropped = 0

    @property
    def url(self) -> str:
        """Where clients connect; the same after `unplug` and `replug`."""
        return f"tcp://127.0.0.1:{self._port}"

    @property
    def watched(self) -> bool:
        """Whether a client is connected."""
        return self._client is not None

    @property
    def plugged(self) -> bool:
        """Whether clients can connect."""
        return self._thread is not None

    def replug(self) -> None:
        """Listen; the first time on a free port, later on the same."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), name=f"sim-{self._name}-serve")
        self._thread.start()

    def unplug(self) -> None:
        """Hang up on the client and refuse others until `replug`. Takes a few milliseconds."""
        if self._thread is None:
            return
        self._stopping.set()
        for waiting in (self._listener, self._client):
            if waiting is not None:
                with contextlib.suppress(OSError):  # a client may have left by itself
                    waiting.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(queue.Full):  # whoever has units to send is not waiting for one
            self._units.put_nowait(None)
        self._thread.join(JOIN_TIMEOUT_S)
        self._thread = self._listener = None

    def offer(self, unit: Unit) -> None:
        """Hand over the next unit; dropped and counted when the client is too slow, ignored without one."""
        if self._client is None:
            return
        try:
            self._units.put_nowait(unit)
        except queue.Full:
            self.dropped += 1

    def _serve(self, listener: socket.socket) -> None:
        with listener:
            while not self._stopping.is_set():
                try:
                    client, _ = listener.accept()
                except OSError:  # unplugged while waiting
                    return
                self._attend(client)

    def _attend(self, client: socket.socket) -> None:
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._drain()
            self._client = client
            log.info("%s: a client is connected", self._name)
            try:
                self._stream_to(_Wire(client))
            finally:
                self._client = None
            log.info("%s: the client is gone", self._name)

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._units.get_nowait()

    def _stream_to(self, wire: "_Wire") -> None:
        with av.open(wire, "w", format="nut", options={"flush_packets": "1"}, buffer_size=WRITE_BYTES) as container:
            stream = self._add_stream(container)
            stream.time_base = self._time_base
            first: int | None = None
            while not (self._stopping.is_set() or wire.broken) and (unit := self._units.get()) is not None:
                first = unit.pts if first is None else first
                container.mux_one(self._packet(stream, unit, first if self._from_zero else 0))

    def _packet(self, stream: Stream, unit: Unit, zero: int) -> "av.Packet[Stream]":
        packet = av.Packet(memoryview(unit.data))  # type: ignore[arg-type]  # any buffer will do
        packet.stream = stream
        packet.time_base = self._time_base
        packet.pts = packet.dts = unit.pts - zero
        packet.is_keyframe = True
        return packet


class _Wire:
    """What PyAV needs of a file to write to a socket. What comes after the client has left goes nowhere."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self.broken = False

    def write(self, data: bytes) -> int:
        """All of it, however long that takes."""
        if not self.broken:
            try:
                self._client.sendall(data)
            except OSError:
                self.broken = True
        return len(data)
