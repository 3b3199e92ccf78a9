"""Commands over a real broker: every answer, with response topic and correlation data."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from followspot.bus.link import MAX_PACKET_BYTES
from followspot.domain.commands import MAX_COMMAND_BYTES, Answer, BusyError, Command

Until = Callable[..., Awaitable[None]]
ANSWERS = "reply/desk-1"


def command_topic(name: str) -> str:
    return f"followspot/v1/box-7/command/{name}"


async def ask(pipeline, until: Until, name: str, command: bytes | dict[str, object]) -> dict[str, object]:
    before = len(pipeline.payloads(ANSWERS))
    await asyncio.to_thread(
        pipeline.send, command_topic(name), command, ResponseTopic=ANSWERS, CorrelationData=b"\x00\xff7"
    )
    await until(lambda: len(pipeline.payloads(ANSWERS)) > before)
    answer = next(message for message in reversed(pipeline.messages) if message.topic == ANSWERS)
    assert answer.properties.CorrelationData == b"\x00\xff7"
    assert not answer.retain
    result: dict[str, object] = json.loads(answer.payload)
    return result


async def test_every_kind_of_answer(broker, make_subscriber, make_box, until: Until) -> None:
    done: list[Command] = []

    async def carry_out(command: Command) -> Answer:
        done.append(command)
        if command.id == "second":
            raise BusyError("a lesson is being closed")
        return Answer(id=command.id, accepted=True, code="ok", text="begun", data={"lesson_id": "l-1"})

    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port, carry_out, allow=["start"])
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))

    ok = await ask(pipeline, until, "start", {"name": "start", "id": "first"})
    assert ok == {"id": "first", "accepted": True, "code": "ok", "text": "begun", "data": {"lesson_id": "l-1"}}
    again = await ask(pipeline, until, "start", {"name": "start", "id": "first"})
    assert again == ok
    bare = await ask(pipeline, until, "start", {})
    assert (bare["id"], bare["accepted"]) == (None, True)
    busy = await ask(pipeline, until, "start", {"name": "start", "id": "second"})
    assert (busy["code"], busy["text"], busy["accepted"]) == ("busy", "a lesson is being closed", False)
    assert [command.id for command in done] == ["first", None, "second"], "an id was carried out twice"

    refusals = [
        ("start", b"{not json", "bad-json", None),
        ("start", b'{"name":"start","id":"' + b"a" * 17_000 + b'"}', "bad-json", None),
        ("reboot", {"name": "reboot", "id": "3"}, "unknown-command", "3"),
        ("start", {"name": "stop", "id": "4"}, "invalid", "4"),
        ("start", {"name": "start", "id": "5", "loud": True}, "invalid", "5"),
        ("stop", {"name": "stop", "id": "6"}, "not-allowed", "6"),
    ]
    for name, command, code, command_id in refusals:
        answer = await ask(pipeline, until, name, command)
        assert (answer["code"], answer["id"], answer["accepted"]) == (code, command_id, False)
        assert answer["text"]
    status = await ask(pipeline, until, "status", {"name": "status", "id": "7"})
    assert status["accepted"], "status is always allowed"
    assert box.bus.status()["commands"] == {
        "ok": 4, "busy": 1, "bad-json": 2, "unknown-command": 1, "invalid": 2, "not-allowed": 1,
    }  # fmt: skip


async def test_a_command_without_response_topic_is_carried_out(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port)
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))
    await asyncio.to_thread(pipeline.send, command_topic("status"), {"name": "status", "id": "1"})
    await until(lambda: box.bus.status()["commands"] == {"ok": 1})


async def test_a_retained_command_starts_nothing(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    await asyncio.to_thread(pipeline.send, command_topic("start"), {"name": "start", "id": "1"}, retain=True)
    box = make_box(broker.port, allow=["start"])
    await until(lambda: box.bus.status()["commands"] == {"retained": 1})


async def test_the_box_cannot_be_made_to_speak_for_itself(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port)
    availability = "followspot/v1/box-7/availability"
    await until(lambda: pipeline.payloads(availability))
    await asyncio.to_thread(
        pipeline.send, command_topic("status"), {"name": "status", "id": "1"}, ResponseTopic=availability
    )
    await until(lambda: box.bus.status()["commands"] == {"invalid": 1})
    assert pipeline.payloads(availability) == [{"state": "online"}]


async def test_a_sender_gone_mad_is_told_that_the_box_is_busy(broker, make_subscriber, make_box, until: Until) -> None:
    patience = asyncio.Event()

    async def ponder(command: Command) -> Answer:
        await patience.wait()
        return Answer(id=command.id, accepted=True, code="ok", text="at last")

    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port, ponder)
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))
    for number in range(40):
        command = {"name": "status", "id": str(number)}
        await asyncio.to_thread(pipeline.send, command_topic("status"), command, ResponseTopic=ANSWERS)
    await until(lambda: len(pipeline.payloads(ANSWERS)) >= 20)
    assert {answer["code"] for answer in pipeline.payloads(ANSWERS)} == {"busy"}
    assert {message.qos for message in pipeline.messages if message.topic == ANSWERS} == {0}
    patience.set()
    await until(lambda: len(pipeline.payloads(ANSWERS)) == 40)
    assert set(box.bus.status()["commands"]) == {"ok", "busy"}


async def test_a_command_that_expired_while_it_waited_is_refused(
    broker, make_subscriber, make_box, until: Until
) -> None:
    patience = asyncio.Event()

    async def ponder(command: Command) -> Answer:
        await patience.wait()
        return Answer(id=command.id, accepted=True, code="ok", text="done")

    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port, ponder, allow=["start"])
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))
    for name, expiry_s in (("status", 60), ("start", 1), ("status", 60)):
        await asyncio.to_thread(
            pipeline.send, command_topic(name), {"id": name}, ResponseTopic=ANSWERS, MessageExpiryInterval=expiry_s
        )
    await asyncio.sleep(1.1)
    patience.set()
    await until(lambda: len(pipeline.payloads(ANSWERS)) == 3)
    assert [(one["id"], one["code"]) for one in pipeline.payloads(ANSWERS)] == [
        ("status", "ok"), ("start", "expired"), ("status", "ok"),
    ]  # fmt: skip
    assert box.bus.status()["commands"] == {"ok": 2, "expired": 1}


async def test_what_is_too_large_neither_waits_nor_arrives(broker, make_subscriber, make_box, until: Until) -> None:
    patience = asyncio.Event()

    async def ponder(command: Command) -> Answer:
        await patience.wait()
        return Answer(id=command.id, accepted=True, code="ok", text="at last")

    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port, ponder)
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))
    for size in (5_000_000, MAX_PACKET_BYTES, MAX_COMMAND_BYTES + 1):
        await asyncio.to_thread(pipeline.send, command_topic("status"), b" " * size, ResponseTopic=ANSWERS)
    await asyncio.to_thread(pipeline.send, command_topic("status"), {"id": "1"}, ResponseTopic=ANSWERS)
    await until(lambda: pipeline.payloads(ANSWERS))
    assert [answer["code"] for answer in pipeline.payloads(ANSWERS)] == ["bad-json"]
    assert box.bus.status()["commands"] == {"bad-json": 1}, "only what is a little too large came here"
    assert box.bus.status()["connected"]
    patience.set()
    await until(lambda: [answer["id"] for answer in pipeline.payloads(ANSWERS)] == [None, "1"])


async def test_a_command_to_a_stopped_box_starts_nothing_later(broker, make_subscriber, make_box, until: Until) -> None:
    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port, allow=["start"])
    await until(lambda: box.bus.status()["connected"])
    await box.stop()
    await asyncio.to_thread(pipeline.send, command_topic("start"), {"name": "start", "id": "1"})
    box = make_box(broker.port, allow=["start"])
    await until(lambda: box.bus.status()["connected"])
    await asyncio.sleep(0.3)
    assert box.bus.status()["commands"] == {}


async def test_a_command_sent_while_the_link_is_down_arrives_once(
    broker, make_subscriber, make_box, until: Until
) -> None:
    box = make_box(broker.port, allow=["start"])
    await until(lambda: box.bus.status()["connected"])
    await asyncio.sleep(1.2)  # until the broker has saved the box's session
    await asyncio.to_thread(broker.kill)
    await until(lambda: not box.bus.status()["connected"])
    await asyncio.to_thread(broker.start)
    pipeline = make_subscriber(broker.port)
    assert not box.bus.status()["connected"]
    await asyncio.to_thread(pipeline.send, command_topic("start"), {"name": "start", "id": "1"})
    await until(lambda: box.bus.status()["commands"] == {"ok": 1})
