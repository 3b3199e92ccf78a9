"""Events through a real broker: order, content, and nothing lost whatever the broker does."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable

from cloudevents.core.bindings.common import get_event_factory_for_version
from cloudevents.core.formats.json import JSONFormat

from followspot.domain.alerts import AlertCode

Until = Callable[..., Awaitable[None]]
EVENT_TOPIC = "followspot/v1/box-7/event/lesson.started"


async def test_events_arrive_in_order_as_cloud_events(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port)
    box.outbox.add(60)
    box.bus.wake()
    await until(lambda: box.outbox.is_empty and len(pipeline.payloads(EVENT_TOPIC)) >= 60)

    received = [message for message in pipeline.messages if message.topic == EVENT_TOPIC]
    assert [json.loads(message.payload)["id"] for message in received] == [f"id-{n}" for n in range(1, 61)]
    assert {message.properties.ContentType for message in received} == {"application/cloudevents+json; charset=utf-8"}
    assert not any(message.retain for message in received)
    event = JSONFormat().read(get_event_factory_for_version("1.0"), received[0].payload)
    assert event.get_type() == "lesson.started"
    assert box.bus.status()["published"] == 60


async def test_a_broker_killed_in_mid_stream_costs_nothing(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port)
    box.outbox.sync_s = 0.02
    box.outbox.add(500)
    box.bus.wake()
    await until(lambda: len(box.outbox.marked) > 100)
    broker.kill()
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
    marked_before = len(box.outbox.marked)
    assert marked_before < 500
    await asyncio.to_thread(broker.start)
    await until(lambda: box.outbox.is_empty)

    assert not box.alerts.active
    sent_after = {f"id-{n}" for n in sorted(box.outbox.rows)[marked_before:]}
    await until(lambda: sent_after <= {one["id"] for one in pipeline.payloads(EVENT_TOPIC)})
    by_sequence = {(one["sequence"], one["id"]) for one in pipeline.payloads(EVENT_TOPIC)}
    assert len(by_sequence) == len({sequence for sequence, _ in by_sequence}), "an event changed its id"


async def test_a_box_without_a_broker_starts_complains_once_and_catches_up(
    make_broker, make_subscriber, make_box, until: Until
) -> None:
    broker = make_broker()
    box = make_box(broker.port)
    box.outbox.add(5)
    box.bus.wake()
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
    await asyncio.sleep(2.5)
    alert, active = box.heard[0]
    assert active
    assert f"127.0.0.1:{broker.port}" in alert.message
    assert "Connection refused" in alert.message
    assert "mqtt.host" in alert.message
    assert len(box.heard) == 1, "each retry raised the alert again"

    await asyncio.to_thread(broker.start)
    await until(lambda: box.outbox.is_empty)
    assert not box.alerts.active


async def test_a_refused_event_is_kept_and_its_neighbours_are_not_held_up(make_broker, make_box, until: Until) -> None:
    broker = make_broker("acl_file {folder}/acl")
    broker.rules.write_text("topic write followspot/v1/box-7/event/gap\ntopic write followspot/v1/box-7/availability\n")
    broker.start()
    box = make_box(broker.port)
    box.outbox.add(3)
    row = box.outbox.rows[2]
    box.outbox.rows[2] = type(row)(2, "followspot/v1/box-7/event/gap", row.payload)
    box.bus.wake()
    await until(lambda: box.outbox.marked == [2])
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_REFUSED))
    assert EVENT_TOPIC in box.alerts.active[0].message
    assert "Not authorized" in box.alerts.active[0].message

    broker.rules.write_text("topic readwrite #\n")
    broker.kill()
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
    await asyncio.to_thread(broker.start)
    await until(lambda: box.outbox.is_empty)
    await until(lambda: not box.alerts.active)


async def test_a_frozen_broker_only_delays(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port)
    await until(lambda: box.bus.status()["connected"])
    broker.signal(signal.SIGSTOP)
    box.outbox.add(100)
    box.bus.wake()
    await asyncio.sleep(1)
    assert not box.outbox.marked
    assert box.bus.status()["in_flight"] <= 20
    broker.signal(signal.SIGCONT)
    await until(lambda: box.outbox.is_empty)
    await until(lambda: len(pipeline.payloads(EVENT_TOPIC)) == 100)


async def test_a_broker_that_takes_little_at_once_is_given_little(make_broker, make_box, until: Until) -> None:
    broker = make_broker("max_inflight_messages 7")
    broker.start()
    box = make_box(broker.port)
    await until(lambda: box.bus.status()["connected"])
    await asyncio.sleep(0.1)
    broker.signal(signal.SIGSTOP)
    box.outbox.add(50)
    box.bus.wake()
    await until(lambda: box.bus.status()["in_flight"])
    await asyncio.sleep(0.2)
    assert box.bus.status()["in_flight"] == 3, "of its seven four are left for state and answers"
    broker.signal(signal.SIGCONT)
    await until(lambda: box.outbox.is_empty)


async def test_a_stop_is_quick_beside_a_frozen_broker(broker, make_box, until: Until) -> None:
    box = make_box(broker.port)
    await until(lambda: box.bus.status()["connected"])
    broker.signal(signal.SIGSTOP)
    box.outbox.add(10)
    box.bus.wake()
    await asyncio.sleep(0.1)
    await asyncio.wait_for(box.stop(), 8)


async def test_an_empty_host_keeps_the_events(make_box) -> None:
    box = make_box(1883, host="")
    box.outbox.add(2)
    box.bus.wake()
    await asyncio.sleep(0.05)
    assert not box.outbox.marked
    assert not box.alerts.active
