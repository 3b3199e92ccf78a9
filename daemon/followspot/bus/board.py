"""The box's state on its retained topic: sent when it changed, at most once a second."""

import asyncio
import json
from collections.abc import Callable, Mapping

SHORTEST_INTERVAL_S = 1.0
"""People read it: more often is noise, and a retained message costs the broker a write."""


class StateBoard:
    """Lives on the loop. `send` publishes one state."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._latest: bytes | None = None
        self._sent: bytes | None = None
        self._online = False
        self._wanted = asyncio.Event()

    def show(self, state: Mapping[str, object]) -> None:
        """This is how things stand now. Raises TypeError for what is not JSON."""
        self._latest = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
        self._wanted.set()

    def connected(self) -> None:
        """Send anew, even what did not change: a broker may have lost what it retained."""
        self._online = True
        self._sent = None
        self._wanted.set()

    def disconnected(self) -> None:
        """Keep the newest for the next connection."""
        self._online = False

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._online and self._latest is not None and self._latest != self._sent:
                self._sent = self._latest
                self._send(self._latest)
                await asyncio.sleep(SHORTEST_INTERVAL_S)
