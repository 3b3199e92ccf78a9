"""Whoever may acknowledge sends without end: the outbox stays small, and what is said in earnest is noted."""

import asyncio
from pathlib import Path

from bus.conftest import WallClock
from followspot.app.alerting import AlertEvents
from followspot.bus.acknowledgements import REFUSALS_AT_ONCE, AckCounter
from followspot.domain.alerts import AlertRegistry
from followspot.domain.events import EventData
from followspot.storage.acknowledging import MOVES_AT_ONCE
from support.keepinglab import stored
from support.storagelab import Box, events, make_media, opened, record_lesson

ROUNDS = 400


async def test_a_flood_of_acknowledgements_grows_nothing(tmp_path: Path) -> None:
    media, box = make_media(3), Box(tmp_path)
    await record_lesson(box, media)
    right = stored(media, 0, 1, 2).model_dump_json().encode()
    wrong = right.replace(right.split(b'"sha256":"')[1][:64], b"0" * 64)
    async with opened(box) as (storage, _):
        alerts, answers, kept = AlertRegistry(), 0, 0
        published: list[EventData] = []

        async def publish(event: EventData) -> None:
            published.append(event)
            await storage.publish(event)

        listener = AlertEvents(publish, storage.told_alerts)
        alerts.subscribe(listener)
        telling = asyncio.create_task(listener.run())
        counter = AckCounter(storage.acknowledge, alerts, WallClock())
        for number in range(ROUNDS):
            for said in (wrong, right.replace(b'"key":"a/', b'"key":"%d/' % number), b"{"):
                answer = await counter.take(said)
                answers += answer is not None and not answer.accepted
                kept += answer is not None and answer.accepted
        telling.cancel()
        await asyncio.wait([telling])
        assert len(published) == 1, "one alert, and it stands"
        told = [one for one in await events(storage) if one["type"] == "segment.stored"]
        assert 3 + MOVES_AT_ONCE - 3 < len(told) <= 3 + MOVES_AT_ONCE + 3
        assert kept == len(told) // 3
        assert answers <= 3 * (REFUSALS_AT_ONCE + 60)
        assert counter.counts["wrong-hash"] == counter.counts["bad-json"] == ROUNDS
        assert await storage.acknowledge(stored(media, 0, 1, 2, prefix=str(kept - 1))) == 0, "said again: no news"
