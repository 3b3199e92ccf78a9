"""Brings the outbox to the broker: a window in flight, marked when the broker has taken it, refused rows again later.

Nothing is lost: a row leaves the outbox only after a PUBACK with a success code. What was sent and not marked is sent
again, with the same event id.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from followspot.domain.errors import StorageError

WINDOW = 16
"""Rows in flight: fewer than the link's MAX_IN_FLIGHT, so that state and answers are not queued behind a backlog."""

REFUSED_RETRY_S = 30.0
"""A refusal ends when a person edits the broker's rules: no need to hurry."""

STORAGE_RETRY_S = 5.0
"""A full disk stays full until a person or the retention has made room."""

_log = logging.getLogger(__name__)


class OutboxRow(Protocol):
    """An event that waits to be published."""

    @property
    def sequence(self) -> int:
        """Its place in the box's history."""
        ...

    @property
    def topic(self) -> str:
        """Where it goes."""
        ...

    @property
    def payload(self) -> bytes:
        """The same bytes every time."""
        ...


class Outbox(Protocol):
    """The durable queue of events."""

    async def pending(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Unpublished rows with a sequence above `after`, oldest first, at most `limit`."""
        ...

    async def mark_published(self, sequences: Sequence[int]) -> None:
        """The broker has these rows: never give them again."""
        ...


class OutboxPump:
    """Lives on the loop. `send` hands one row to the link and gives the message id that its PUBACK will bear."""

    def __init__(
        self, outbox: Outbox, send: Callable[[str, bytes], int], refused_retry_s: float = REFUSED_RETRY_S
    ) -> None:
        self.published = 0
        self._outbox = outbox
        self._send = send
        self._refused_retry_s = refused_retry_s
        self._wanted = asyncio.Event()
        self._online = False
        self._cursor = 0
        self._in_flight: dict[int, OutboxRow] = {}
        self._accepted: list[int] = []
        self._refused: set[int] = set()
        self._retry: asyncio.TimerHandle | None = None

    @property
    def has_refused(self) -> bool:
        """Whether the broker refuses any row."""
        return bool(self._refused)

    @property
    def in_flight(self) -> int:
        """Rows that wait for the broker's verdict."""
        return len(self._in_flight)

    def wake(self) -> None:
        """There may be new rows."""
        self._wanted.set()

    def rewind(self, sequence: int) -> None:
        """Rows from `sequence` on are unpublished again."""
        self._cursor = min(self._cursor, sequence - 1)
        self._wanted.set()

    def connected(self) -> None:
        """Begin, or go on; rows that an earlier connection refused are tried again."""
        self._online = True
        self._try_refused_again()

    def disconnected(self) -> None:
        """Wait. What is in flight stays with the link, which sends it again."""
        self._online = False

    def acknowledged(self, message_id: int, refusal: str | None) -> OutboxRow | None:
        """The broker's verdict; gives the row if it was one of ours."""
        row = self._in_flight.pop(message_id, None)
        if row is None:
            return None
        if refusal is None:
            self._accepted.append(row.sequence)
            self._refused.discard(row.sequence)
            self._wanted.set()
        else:
            self._refuse(row, refusal)
        return row

    async def run(self) -> None:
        """Pump until cancelled, from the oldest unpublished row on: what an earlier link had in flight is sent again.

        A disk that fails delays events, and is reported by the storage itself.
        """
        self._in_flight.clear()
        self._cursor = 0
        self._wanted.set()
        try:
            while True:
                try:
                    await self._step()
                except StorageError as error:
                    _log.debug("the outbox cannot be used: %s", error)
                    await asyncio.sleep(STORAGE_RETRY_S)
                    self._wanted.set()
        finally:
            if self._retry is not None:
                self._retry.cancel()

    async def drain(self, timeout_s: float) -> None:
        """Send what is there, for at most `timeout_s`; instead of `run`, before a stop."""
        with contextlib.suppress(StorageError):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drain(), timeout_s)
            await self._mark()

    async def _drain(self) -> None:
        self._wanted.set()
        await self._step()
        while self._in_flight:
            await self._step()

    async def _step(self) -> None:
        await self._wanted.wait()
        self._wanted.clear()
        await self._mark()
        while self._online and (room := WINDOW - len(self._in_flight)) > 0:
            rows = await self._outbox.pending(self._cursor, room)
            for row in rows:
                self._hand_over(row)
            if len(rows) < room:
                return

    def _hand_over(self, row: OutboxRow) -> None:
        self._cursor = row.sequence
        waiting = {other.sequence for other in self._in_flight.values()}
        if row.sequence not in waiting and row.sequence not in self._accepted:
            self._in_flight[self._send(row.topic, row.payload)] = row

    async def _mark(self) -> None:
        """Until the mark is durable the rows stay in `_accepted`, so that no sweep sends them again."""
        if marked := tuple(self._accepted):
            await self._outbox.mark_published(marked)
            del self._accepted[: len(marked)]
            self.published += len(marked)

    def _refuse(self, row: OutboxRow, refusal: str) -> None:
        if row.sequence not in self._refused:
            _log.debug("event refused sequence=%d topic=%s: %s", row.sequence, row.topic, refusal)
        self._refused.add(row.sequence)
        self._wanted.set()
        if self._retry is None:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(self._refused_retry_s, self._try_refused_again)

    def _try_refused_again(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._refused:
            self._cursor = min(self._cursor, min(self._refused) - 1)
        self._wanted.set()
