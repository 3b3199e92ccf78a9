"""JSON lines between the air and the simulated bluetoothd."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

Line = dict[str, object]
Send = Callable[[Line], None]


def sender(writer: asyncio.StreamWriter) -> Send:
    """A function that sends one line and drops it where the other side is gone."""

    def send(line: Line) -> None:
        if not writer.is_closing():
            writer.write(json.dumps(line).encode() + b"\n")

    return send


async def lines(reader: asyncio.StreamReader) -> AsyncIterator[Line]:
    """Every line until the other side is gone."""
    with contextlib.suppress(ConnectionError):
        while line := await reader.readline():
            yield json.loads(line)
