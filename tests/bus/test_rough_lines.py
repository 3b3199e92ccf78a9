"""Events over lines that are slow, frozen, cut, reset and half open; and over a broker of other makers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from followspot.domain.alerts import AlertCode
from followspot_sim.stage.broker import Broker
from support.proxy import proxied

Until = Callable[..., Awaitable[None]]
EVENT_TOPIC = "followspot/v1/box-7/event/lesson.started"


def check_all_arrived(box, pipeline) -> None:
    """Every event, under one id each, the first copies in the order of the box's history."""
    heard = [(int(one["sequence"]), one["id"]) for one in pipeline.payloads(EVENT_TOPIC)]
    assert set(heard) == {(sequence, f"id-{sequence}") for sequence in box.outbox.rows}
    first_copies = list(dict.fromkeys(sequence for sequence, _ in heard))
    assert first_copies == sorted(first_copies), "not the oldest first"


@pytest.mark.parametrize("fault", ["cut", "reset", "freeze"])
async def test_a_line_that_breaks_in_mid_stream_costs_nothing(
    fault: str, broker, make_subscriber, make_box, until: Until
) -> None:
    pipeline = make_subscriber(broker.port)
    async with proxied(broker.port) as proxy:
        box = make_box(proxy.port, keepalive_s=1)
        box.outbox.sync_s = 0.02
        box.outbox.add(500)
        box.bus.wake()
        for share in (100, 250):
            await until(lambda share=share: len(box.outbox.marked) > share)
            getattr(proxy, fault)()
        await until(lambda: box.outbox.is_empty)
        assert proxy.accepted >= 2
        check_all_arrived(box, pipeline)
        assert not box.alerts.active
        await box.stop()


async def test_a_half_open_line_is_noticed_and_left(broker, make_subscriber, make_box, until: Until) -> None:
    async with proxied(broker.port) as proxy:
        box = make_box(proxy.port, keepalive_s=1)
        await until(lambda: box.bus.status()["connected"])
        proxy.freeze()
        box.outbox.add(40)
        box.bus.wake()
        await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
        await until(lambda: box.outbox.is_empty)
        assert not box.alerts.active
        await box.stop()


async def test_a_line_that_pauses_is_not_given_up(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    async with proxied(broker.port) as proxy:
        box = make_box(proxy.port)
        await until(lambda: box.bus.status()["connected"])
        proxy.delay_s = 0.03
        box.outbox.add(50)
        box.bus.wake()
        await asyncio.sleep(0.1)
        proxy.freeze()
        await asyncio.sleep(0.5)
        proxy.thaw()
        await until(lambda: box.outbox.is_empty and len(pipeline.payloads(EVENT_TOPIC)) >= 50)
        assert proxy.accepted == 1
        assert len(pipeline.payloads(EVENT_TOPIC)) == 50, "nothing was sent twice"
        check_all_arrived(box, pipeline)
        await box.stop()


async def test_a_broker_of_other_makers_gets_everything(
    tmp_path: Path, make_subscriber, make_box, until: Until
) -> None:
    other = Broker(tmp_path, name="iotcore")
    await asyncio.to_thread(other.start)
    try:
        pipeline = make_subscriber(other.port)
        async with proxied(other.port) as proxy:
            box = make_box(proxy.port, allow=["start"])
            box.outbox.add(300)
            box.bus.wake()
            await until(lambda: len(box.outbox.marked) > 50)
            proxy.reset()
            await until(lambda: box.outbox.is_empty)
            await until(lambda: len({one["id"] for one in pipeline.payloads(EVENT_TOPIC)}) == 300)
            check_all_arrived(box, pipeline)
            command = {"name": "start", "id": "1"}
            topic = "followspot/v1/box-7/command/start"
            await asyncio.to_thread(pipeline.send, topic, command, ResponseTopic="reply", CorrelationData=b"7")
            await until(lambda: [one["code"] for one in pipeline.payloads("reply")] == ["ok"])
            await box.stop()
        pipeline.close()
    finally:
        await asyncio.to_thread(other.stop)
