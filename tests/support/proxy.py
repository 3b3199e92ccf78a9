"""A TCP proxy between the box and its broker that can delay, freeze, cut and reset the line."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

CHUNK = 65_536
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on with no time: closing sends RST."""


class Proxy:
    """Forwards to a loopback port. What is done to the line concerns the connections of that moment."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lines: list[_Line] = []
        self._server: asyncio.Server | None = None
        self.port = 0
        self.delay_s = 0.0
        self.accepted = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        while self._lines:  # noqa: ASYNC110 - each line ends by itself
            await asyncio.sleep(0.01)

    def freeze(self) -> None:
        """Nothing passes any more, and nobody is told: a half-open connection."""
        for line in self._lines:
            line.flows.clear()

    def thaw(self) -> None:
        for line in self._lines:
            line.flows.set()

    def cut(self) -> None:
        for line in list(self._lines):
            line.end()

    def reset(self) -> None:
        for line in list(self._lines):
            line.end(reset=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        line = _Line(self, (reader, writer), there)
        self._lines.append(line)
        await line.run()
        self._lines.remove(line)


class _Line:
    def __init__(self, proxy: Proxy, here: tuple, there: tuple) -> None:
        self._proxy, self._here, self._there = proxy, here, there
        self.flows = asyncio.Event()
        self.flows.set()
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        self._tasks = [
            asyncio.create_task(self._pump(self._here[0], self._there[1])),
            asyncio.create_task(self._pump(self._there[0], self._here[1])),
        ]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self.end()
        await asyncio.wait(self._tasks)

    def end(self, *, reset: bool = False) -> None:
        for task in self._tasks:
            task.cancel()
        for _, writer in (self._here, self._there):
            connection = writer.get_extra_info("socket")
            if reset and connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort() if reset else writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(CHUNK):
                await asyncio.sleep(self._proxy.delay_s)
                await self.flows.wait()
                writer.write(data)
                await writer.drain()


@contextlib.asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    """A proxy that listens while this is entered."""
    proxy = Proxy(target)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
