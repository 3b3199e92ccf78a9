"""The outbox pump without a network: its window, refusals, and a disk that fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

import followspot.bus.pump as pump_module
from followspot.bus.pump import WINDOW, OutboxPump, OutboxRow
from followspot.domain.errors import DiskFullError
from followspot.domain.republish import Republished

Until = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Event:
    sequence: int
    topic: str = "t"
    payload: bytes = b"x"


@dataclass
class Shelf:
    """An outbox that can be full."""

    waiting: list[Event]
    full: bool = False

    async def pending(self, after: int, limit: int) -> Sequence[OutboxRow]:
        await asyncio.sleep(0)
        return [event for event in self.waiting if event.sequence > after][:limit]

    async def mark_published(self, sequences: Sequence[int]) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise DiskFullError("no space left")
        self.waiting = [event for event in self.waiting if event.sequence not in sequences]


@dataclass
class Wire:
    """Takes what is sent; the test answers."""

    sent: list[bytes] = field(default_factory=list)

    def send(self, topic: str, payload: bytes) -> int:
        self.sent.append(payload)
        return len(self.sent)


@pytest.fixture
async def start() -> AsyncIterator[Callable[[Shelf, Wire], OutboxPump]]:
    tasks: list[asyncio.Task[None]] = []

    def begin(shelf: Shelf, wire: Wire) -> OutboxPump:
        pump = OutboxPump(shelf, wire.send, refused_retry_s=0.05)
        tasks.append(asyncio.create_task(pump.run()))
        pump.connected()
        return pump

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def events(count: int) -> list[Event]:
    return [Event(number, payload=str(number).encode()) for number in range(1, count + 1)]


async def test_no_more_than_the_window_is_in_flight(start, until: Until) -> None:
    shelf, wire = Shelf(events(50)), Wire()
    pump = start(shelf, wire)
    await until(lambda: len(wire.sent) == WINDOW)
    await asyncio.sleep(0.02)
    assert len(wire.sent) == WINDOW
    for message_id in range(1, 51):
        await until(lambda wanted=message_id: len(wire.sent) >= wanted)
        pump.acknowledged(message_id, None)
    await until(lambda: not shelf.waiting)
    assert wire.sent == [str(number).encode() for number in range(1, 51)], "sent twice, or out of order"


async def test_a_refused_row_comes_again_and_holds_nothing_up(start, until: Until) -> None:
    shelf, wire = Shelf(events(3)), Wire()
    pump = start(shelf, wire)
    await until(lambda: len(wire.sent) == 3)
    pump.acknowledged(1, "Not authorized")
    pump.acknowledged(2, None)
    pump.acknowledged(3, None)
    await until(lambda: shelf.waiting == [Event(1, payload=b"1")])
    assert pump.has_refused
    await until(lambda: wire.sent == [b"1", b"2", b"3", b"1"])
    pump.acknowledged(4, None)
    await until(lambda: not shelf.waiting)
    assert not pump.has_refused


async def test_a_refused_topic_is_knocked_at_once_not_with_all_its_rows(start, until: Until) -> None:
    wanted = [Event(n, "gap" if n % 2 else "t", str(n).encode()) for n in range(1, 101)]
    shelf, wire = Shelf(list(wanted)), Wire()
    pump = start(shelf, wire)
    answered, refusing = 0, True

    def answer_all() -> bool:
        nonlocal answered
        while answered < len(wire.sent):
            answered += 1
            odd = int(wire.sent[answered - 1]) % 2
            pump.acknowledged(answered, "Not authorized" if odd and refusing else None)
        return [event.topic for event in shelf.waiting] == ["gap"] * 50

    await until(answer_all)
    refused_at_first = len(wire.sent) - 50
    assert refused_at_first <= WINDOW
    tried = len(wire.sent)
    await until(lambda: answer_all() and len(wire.sent) >= tried + 3)
    assert set(wire.sent[tried:]) <= {b"1", b"99"}, "only the ends are tried while the topic is refused"
    refusing = False
    await until(lambda: (answer_all(), not shelf.waiting)[1])
    assert not pump.has_refused
    sent_at_last = [int(payload) for payload in wire.sent[tried:] if int(payload) % 2 and payload not in (b"1", b"99")]
    assert sent_at_last == list(range(3, 99, 2)), "the oldest first, each once"


async def test_a_row_that_is_refused_for_its_own_sake_holds_up_nothing_that_comes_later(start, until: Until) -> None:
    shelf, wire = Shelf(events(1)), Wire()
    pump = start(shelf, wire)
    await until(lambda: wire.sent == [b"1"])
    pump.acknowledged(1, "Payload format invalid")
    answered = 1

    def answer_all() -> None:
        nonlocal answered
        while answered < len(wire.sent):
            answered += 1
            pump.acknowledged(answered, "Payload format invalid" if wire.sent[answered - 1] == b"1" else None)

    for sequence in (2, 3):
        shelf.waiting.append(Event(sequence, payload=str(sequence).encode()))
        pump.wake()
    await until(lambda: answer_all() or shelf.waiting == events(1))
    assert pump.has_refused


async def test_what_is_asked_for_again_is_sent_again(start, until: Until) -> None:
    shelf, wire = Shelf(events(3)), Wire()
    pump = start(shelf, wire)
    await until(lambda: len(wire.sent) == 3)
    for message_id in (1, 2, 3):
        pump.acknowledged(message_id, None)
    await until(lambda: not shelf.waiting)

    async def put_back() -> Republished:
        shelf.waiting = events(3)[1:]
        return Republished(2, 2, 3, "epoch")

    assert (await pump.republish(put_back)).count == 2
    await until(lambda: wire.sent == [b"1", b"2", b"3", b"2", b"3"])


async def test_a_row_on_its_way_when_it_is_asked_for_is_sent_once_more(start, until: Until) -> None:
    shelf, wire = Shelf(events(3)), Wire()
    pump = start(shelf, wire)
    await until(lambda: len(wire.sent) == 3)
    pump.acknowledged(1, None)  # marked at the next turn, which the republishing must not let undo it

    async def put_back() -> Republished:
        pump.acknowledged(2, None)
        await asyncio.sleep(0.02)
        shelf.waiting = events(3)
        return Republished(3, 1, 3, "epoch")

    await pump.republish(put_back)
    pump.acknowledged(3, None)
    await until(lambda: len(wire.sent) == 6)
    assert sorted(wire.sent[3:]) == [b"1", b"2", b"3"]
    for message_id in (4, 5, 6):
        pump.acknowledged(message_id, None)
    await until(lambda: not shelf.waiting)


async def test_the_brokers_own_limit_is_kept(start, until: Until) -> None:
    shelf, wire = Shelf(events(10)), Wire()
    pump = start(shelf, wire)
    pump.disconnected()
    pump.connected(receive_maximum=7)
    await until(lambda: len(wire.sent) == 3)
    await asyncio.sleep(0.02)
    assert pump.in_flight == 3, "four are left for state and answers"


async def test_a_full_disk_delays_the_mark_and_nothing_is_sent_twice(
    start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "STORAGE_RETRY_S", 0.05)
    shelf, wire = Shelf(events(2), full=True), Wire()
    pump = start(shelf, wire)
    await until(lambda: len(wire.sent) == 2)
    pump.acknowledged(1, None)
    pump.acknowledged(2, None)
    await asyncio.sleep(0.15)
    shelf.full = False
    await until(lambda: not shelf.waiting)
    assert wire.sent == [b"1", b"2"]


async def test_what_the_link_did_not_deliver_is_not_forgotten(start, until: Until) -> None:
    shelf, wire = Shelf(events(1)), Wire()
    pump = start(shelf, wire)
    await until(lambda: len(wire.sent) == 1)
    pump.disconnected()
    shelf.waiting.append(Event(2, payload=b"2"))
    pump.wake()
    await asyncio.sleep(0.02)
    assert len(wire.sent) == 1, "sent without a connection"
    pump.connected()
    await until(lambda: wire.sent == [b"1", b"2"])
    assert pump.acknowledged(99, None) is None
