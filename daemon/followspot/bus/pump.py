"""Brings the outbox to the broker: a window in flight, marked when the broker has taken it, refused rows again later.

Nothing is lost: a row leaves the outbox only after a PUBACK with a success code. What was sent and not marked is sent
again, with the same event id.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from followspot.domain.errors import StorageError
from followspot.domain.republish import Republished
from followspot_dock.waiting import within

WINDOW = 16
"""Rows in flight: fewer than the link's MAX_IN_FLIGHT, so that state and answers are not queued behind a backlog."""

FOR_OTHERS = 4
"""What availability, state and answers may have in flight beside the rows: together they stay within MAX_IN_FLIGHT."""

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


@dataclass(slots=True)
class _Held:
    """The ends of what waits on a topic that is held."""

    oldest: int
    newest: int


class OutboxPump:
    """Lives on the loop. `send` hands one row to the link and gives the message id that its PUBACK will bear.

    A topic whose row the broker refused is held: its rows wait while others go on, and only the oldest and the newest
    of them are tried again now and then. However many wait, memory and the broker do not feel it. Where the broker
    takes another row of that topic, the refused one alone is kept back.
    """

    def __init__(
        self, outbox: Outbox, send: Callable[[str, bytes], int], refused_retry_s: float = REFUSED_RETRY_S
    ) -> None:
        self.published = 0
        self._outbox = outbox
        self._send = send
        self._refused_retry_s = refused_retry_s
        self._wanted = asyncio.Event()
        self._online = False
        self._window = WINDOW
        self._cursor = 0
        self._in_flight: dict[int, OutboxRow] = {}
        self._accepted: list[int] = []
        self._marking = asyncio.Lock()
        self._sent_before: set[int] = set()
        """Ids in flight since before something was asked for again: their PUBACK does not count."""
        self._held: dict[str, _Held] = {}
        self._alone: set[int] = set()
        """Rows that are refused for their own sake."""
        self._to_try: list[int] = []
        self._retry: asyncio.TimerHandle | None = None

    @property
    def has_refused(self) -> bool:
        """Whether the broker refuses any row."""
        return bool(self._held or self._alone)

    @property
    def in_flight(self) -> int:
        """Rows that wait for the broker's verdict."""
        return len(self._in_flight)

    def wake(self) -> None:
        """There may be new rows."""
        self._wanted.set()

    async def republish(self, put_back: Callable[[], Awaitable[Republished]]) -> Republished:
        """Have `put_back` make rows unpublished again, and send each once more, also those just on their way."""
        async with self._marking:
            again = await put_back()
            unmarked, self._accepted = self._accepted, []
            self._sent_before |= self._in_flight.keys()
        for oldest in (again.oldest, *unmarked):
            if oldest is not None:
                self._rewind(oldest)
        return again

    def connected(self, receive_maximum: int = WINDOW + FOR_OTHERS) -> None:
        """Begin, or go on; what an earlier connection refused is tried again.

        `receive_maximum`: so many may be in flight by the broker's will.
        """
        self._online = True
        self._window = max(1, min(WINDOW, receive_maximum - FOR_OTHERS))
        self._try_held_again()

    def disconnected(self) -> None:
        """Wait. What is in flight stays with the link, which sends it again."""
        self._online = False

    def acknowledged(self, message_id: int, refusal: str | None) -> OutboxRow | None:
        """The broker's verdict; gives the row if it was one of ours."""
        row = self._in_flight.pop(message_id, None)
        if row is None:
            return None
        sent_before = message_id in self._sent_before
        self._sent_before.discard(message_id)
        if refusal is None:
            if sent_before:
                self._rewind(row.sequence)
            else:
                self._accepted.append(row.sequence)
            self._release(row)
        else:
            self._hold(row, refusal)
        self._wanted.set()
        return row

    async def run(self) -> None:
        """Pump until cancelled, from the oldest unpublished row on: what an earlier link had in flight is sent again.

        A disk that fails delays events, and is reported by the storage itself.
        """
        self._in_flight.clear()
        self._sent_before.clear()
        self._held.clear()
        self._alone.clear()
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
                await within(timeout_s, self._drain())
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
        await self._try_held()
        while self._online and (room := self._window - len(self._in_flight)) > 0:
            after = self._cursor
            rows = await self._outbox.pending(after, room)
            if self._cursor < after:
                continue  # rewound meanwhile
            for row in rows:
                self._hand_over(row)
            if len(rows) < room:
                return

    async def _try_held(self) -> None:
        """Send the refused rows whose time has come, the oldest first."""
        while self._online and self._to_try and len(self._in_flight) < self._window:
            sequence = self._to_try.pop()
            rows = await self._outbox.pending(sequence - 1, 1)
            if rows and rows[0].sequence == sequence:
                self._send_once(rows[0])

    def _hand_over(self, row: OutboxRow) -> None:
        self._cursor = row.sequence
        if row.topic in self._held:
            self._held[row.topic].newest = row.sequence
        elif row.sequence not in self._alone:
            self._send_once(row)

    def _send_once(self, row: OutboxRow) -> None:
        waiting = {other.sequence for other in self._in_flight.values()}
        if row.sequence not in waiting and row.sequence not in self._accepted:
            self._in_flight[self._send(row.topic, row.payload)] = row

    async def _mark(self) -> None:
        """Until the mark is durable the rows stay in `_accepted`, so that no sweep sends them again."""
        async with self._marking:
            if marked := tuple(self._accepted):
                await self._outbox.mark_published(marked)
                del self._accepted[: len(marked)]
                self.published += len(marked)

    def _hold(self, row: OutboxRow, refusal: str) -> None:
        if row.sequence not in self._alone:
            held = self._held.get(row.topic)
            if held is None:
                _log.debug("event refused sequence=%d topic=%s: %s", row.sequence, row.topic, refusal)
                held = self._held[row.topic] = _Held(row.sequence, row.sequence)
            held.oldest, held.newest = min(held.oldest, row.sequence), max(held.newest, row.sequence)
        if self._retry is None:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(self._refused_retry_s, self._try_held_again)

    def _release(self, taken: OutboxRow) -> None:
        self._alone.discard(taken.sequence)
        held = self._held.pop(taken.topic, None)
        if held is not None:
            if taken.sequence != held.oldest:
                self._alone.add(held.oldest)
            self._rewind(held.oldest)

    def _rewind(self, sequence: int) -> None:
        self._cursor = min(self._cursor, sequence - 1)
        self._wanted.set()

    def _try_held_again(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        ends = {sequence for held in self._held.values() for sequence in (held.oldest, held.newest)}
        self._to_try = sorted(ends | self._alone, reverse=True)
        self._wanted.set()
