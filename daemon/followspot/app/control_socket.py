"""control.sock: the `followspot` command's way to the daemon. One JSON command a line, one JSON answer a line."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from followspot.domain.commands import MAX_COMMAND_BYTES, Answer, Command, parse_command, readable_id
from followspot.domain.errors import CommandRefusedError

SOCKET_MODE = 0o660
"""Who is in the daemon's group may command it."""
FOLDER_MODE = 0o750
"""systemd makes the runtime directory with the same (RuntimeDirectoryMode)."""

_log = logging.getLogger(__name__)


class ControlSocket:
    """Listens at `path`. Lives on the loop that calls `run`."""

    def __init__(self, path: Path, on_command: Callable[[Command], Awaitable[Answer]]) -> None:
        self._path = path
        self._on_command = on_command
        self._clients: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listen and answer until cancelled. Raises OSError when the socket cannot be made."""
        self._path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)  # a killed daemon left it; the state lock proves that none lives
        server = await asyncio.start_unix_server(self._on_client, self._path, limit=MAX_COMMAND_BYTES)
        try:
            self._path.chmod(SOCKET_MODE)
            _log.debug("listening path=%s", self._path)
            await asyncio.Event().wait()
        finally:
            server.close()
            for client in self._clients:
                client.cancel()
            self._path.unlink(missing_ok=True)

    def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="control-client")
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                answer = await self._answer(line)
                writer.write(answer.model_dump_json().encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:  # ValueError: a line beyond the limit
            _log.info("control connection dropped: %s", error)
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            return await self._on_command(parse_command(line))
        except CommandRefusedError as refusal:
            return Answer.refusal(refusal, readable_id(line))
