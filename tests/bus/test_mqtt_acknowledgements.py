"""Acknowledgements over a real broker: noted, refused or too many, each with its answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from followspot.domain.acknowledgement import MAX_ACK_BYTES, Acknowledgement, UnknownMediaError, WrongHashError
from followspot.domain.alerts import AlertCode
from followspot.domain.errors import StorageError

Until = Callable[..., Awaitable[None]]
ACK = "followspot/v1/box-7/ack"
ANSWERS = "followspot-upload/one/answer/box-7"
SEGMENT = {"index": 3, "sha256": "a" * 64, "key": "box-7/l-1/segment-00003.mp4"}
SAID = {"lesson_id": "l-1", "store": "s3://lessons", "segments": [SEGMENT]}


async def hand_in(pipeline, until: Until, said: bytes | dict[str, object]) -> dict[str, object]:
    before = len(pipeline.payloads(ANSWERS))
    await asyncio.to_thread(pipeline.send, ACK, said, ResponseTopic=ANSWERS, CorrelationData=b"\x00\x07")
    await until(lambda: len(pipeline.payloads(ANSWERS)) > before)
    answer = next(message for message in reversed(pipeline.messages) if message.topic == ANSWERS)
    assert answer.properties.CorrelationData == b"\x00\x07"
    result: dict[str, object] = json.loads(answer.payload)
    return result


async def test_every_kind_of_answer(broker, make_subscriber, make_box, until: Until) -> None:
    heard: list[Acknowledgement] = []
    faults: list[Exception] = []

    async def note(said: Acknowledgement) -> int:
        heard.append(said)
        if faults:
            raise faults.pop()
        return len(said.segments)

    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port, on_acknowledgement=note)
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))

    ok = await hand_in(pipeline, until, SAID)
    assert (ok["accepted"], ok["code"], ok["data"]) == (True, "ok", {"noted": 1})
    assert (heard[0].store, heard[0].segments[0].index) == ("s3://lessons", 3)
    manifest = await hand_in(
        pipeline, until, {"lesson_id": "l-1", "store": "s", "manifest": {"sha256": "b" * 64, "key": "m"}}
    )
    assert manifest["accepted"] is True

    faults.append(WrongHashError("segment 3 of the lesson l-1 has another SHA-256"))
    assert (await hand_in(pipeline, until, SAID))["code"] == "wrong-hash"
    (alert,) = box.alerts.active
    assert (alert.code, alert.subject) == (AlertCode.ACK_REFUSED, "l-1")
    faults.append(UnknownMediaError("the lesson l-1 has no segment 3"))
    assert (await hand_in(pipeline, until, SAID))["code"] == "unknown-media"
    faults.append(StorageError("the disk fails"))
    assert (await hand_in(pipeline, until, SAID))["code"] == "disk-failed"
    assert box.alerts.is_active(AlertCode.ACK_REFUSED)
    assert (await hand_in(pipeline, until, SAID))["accepted"] is True

    for wrong, code in [
        (b"{not json", "bad-json"),
        (b'{"lesson_id":"' + b"a" * MAX_ACK_BYTES + b'"}', "bad-json"),
        ({**SAID, "segments": []}, "invalid"),
        ({**SAID, "segments": [SEGMENT, SEGMENT]}, "invalid"),
        ({**SAID, "segments": [{**SEGMENT, "sha256": "A" * 64}]}, "invalid"),
        ({**SAID, "segments": [{"index": 3, "key": "k"}]}, "invalid"),
        ({**SAID, "loud": True}, "invalid"),
    ]:
        assert (await hand_in(pipeline, until, wrong))["code"] == code, wrong
    assert box.bus.status()["acknowledgements"] == {
        "ok": 3,
        "wrong-hash": 1,
        "unknown-media": 1,
        "disk-failed": 1,
        "bad-json": 2,
        "invalid": 5,
    }


async def test_nobody_can_make_the_box_answer_on_its_own_topics(broker, make_subscriber, make_box, until) -> None:
    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port)
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))
    await asyncio.to_thread(pipeline.send, ACK, SAID, ResponseTopic="followspot/v1/box-7/event/segment.ready")
    await until(lambda: box.bus.status()["acknowledgements"] == {"ok": 1})
    await asyncio.sleep(0.05)
    assert not pipeline.payloads("followspot/v1/box-7/event/segment.ready")


async def test_a_flood_is_refused_and_fills_no_memory(broker, make_subscriber, make_box, until: Until) -> None:
    gate = asyncio.Event()

    async def note(said: Acknowledgement) -> int:
        await gate.wait()
        return 1

    pipeline = make_subscriber(broker.port)
    box = make_box(broker.port, on_acknowledgement=note)
    await until(lambda: pipeline.payloads("followspot/v1/box-7/availability"))
    for _ in range(80):
        await asyncio.to_thread(pipeline.send, ACK, SAID)
    await until(lambda: box.bus.status()["acknowledgements"].get("busy", 0) >= 15)
    gate.set()
    await until(lambda: sum(box.bus.status()["acknowledgements"].values()) == 80)
