"""The simulator's control socket: one JSON object a line, one answer a line."""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from followspot_sim.socket_server import SocketServer

Handler = Callable[[dict[str, object]], dict[str, object]]

_TIMEOUT_S = 5.0
"""The simulator answers within a frame; a longer wait means that it hangs."""


class ControlError(Exception):
    """The simulator could not do what was asked: why."""


class ControlServer:
    """Answers {"do": NAME, ...} with what `handlers[NAME]` makes of the request.

    A handler runs on the loop and returns at once; its ValueError, KeyError or TypeError is answered as
    {"error": why}, like a request that cannot be read.
    """

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self._server = SocketServer(path, self._serve)

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    async def close(self) -> None:
        """Stop listening and end every connection."""
        await self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ValueError:  # what StreamReader makes of an endless line
            writer.write(b'{"error": "the line is too long"}\n')

    def _answer(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
        except ValueError as error:
            return {"error": f"not JSON: {error}"}
        name = request.get("do") if isinstance(request, dict) else None
        handler = self._handlers.get(name) if isinstance(name, str) else None
        if handler is None:
            return {"error": f"{name!r} is nothing to do: one of {', '.join(sorted(self._handlers))}"}
        try:
            return handler(request)
        except KeyError as error:
            return {"error": f"{name} needs {error}"}
        except (ValueError, TypeError) as error:
            return {"error": str(error)}


def control_request(path: Path, **request: object) -> dict[str, object]:
    """Ask the simulator behind the socket at `path`; blocks for its answer.

    Raises ControlError for an error answer, OSError where nobody answers.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            line = lines.readline()
    if not line:
        raise ConnectionError(f"the simulator closed {path} without an answer")
    answer: dict[str, object] = json.loads(line)
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer
