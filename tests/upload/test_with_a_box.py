"""From the recorder's last fragment to a deleted file: a box's storage and bus, a broker, the uploader and a store."""

import asyncio
import contextlib
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from followspot.bus.envelope import renderer
from followspot.bus.mqtt import MqttBus
from followspot.domain.alerts import AlertRegistry
from followspot.domain.recording import LessonPlan
from followspot.settings.models import Settings
from followspot.storage import Storage
from support.keepinglab import HOUR_NS, RoomyDisk, tend
from support.storagelab import LESSON, FakeBoot, RealClock, give, make_media, origin
from upload.conftest import BUCKET, PATIENCE_S, s3_client
from upload.fleet import Uploaders, broker, s3_store


def make_settings(folder: Path, port: int) -> Settings:
    paths = {name: folder / name for name in ("media", "state", "runtime")}
    tables = {"device": {"id": "box-7"}, "paths": paths, "recording": {"reserve_mb": 1}, "mqtt": {"port": port}}
    return Settings.model_validate(tables)


@pytest.mark.timeout(60)
async def test_a_lesson_is_recorded_stored_acknowledged_and_deleted(
    mosquitto: str, s3_port: int, tmp_path: Path
) -> None:
    (tmp_path / "broker").mkdir()
    with broker(mosquitto, tmp_path / "broker") as port:
        uploaders = Uploaders(tmp_path, port, s3_store(s3_port, tmp_path, "box"), f"{tmp_path}/box/media")
        await asyncio.to_thread(uploaders.start)
        try:
            told = await live(make_settings(tmp_path / "box", port))
        finally:
            await asyncio.to_thread(uploaders.close)
    kinds = [event["type"] for event in told]
    assert kinds.count("segment.stored") == 2
    assert kinds.count("lesson.stored") == 1
    assert [event["data"]["stored"] for event in told if event["type"] == "segment.deleted"] == [True, True]
    assert not list((tmp_path / "box" / "media" / LESSON).glob("segment*"))
    check_store(s3_port, told)


async def live(settings: Settings) -> list[dict[str, Any]]:
    """Record a lesson, wait until it is stored, let a week pass; every event."""
    boot, bus = FakeBoot(), None
    storage = Storage(
        settings,
        RealClock(),
        renderer("box-7"),
        lambda _: None,
        lambda: bus.wake() if bus else None,
        disk=RoomyDisk(1000),
        boot=boot,
    )

    async def no_command(_: object) -> Any:
        raise AssertionError("nobody commands")

    await storage.open()
    bus = MqttBus(settings, RealClock(), storage, AlertRegistry(), no_command, storage.acknowledge)
    talking = asyncio.create_task(bus.run(), name="bus")
    try:
        sink = storage.lesson_sink(LessonPlan(LESSON), "test")
        sink.begin(origin())
        for segment in make_media(2):
            give(sink, segment)
        await storage.complete_lesson(LESSON, "stopped")
        await until_told(storage, "lesson.stored")
        boot.skew_ns = 8 * 24 * HOUR_NS
        await tend(storage)
        return await all_events(storage)
    finally:
        talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await talking
        await storage.close()


async def all_events(storage: Storage) -> list[dict[str, Any]]:
    opened = storage._opened
    assert opened is not None
    rows = await storage._worker.run(
        lambda: opened.store.catalogue._database.all("SELECT payload FROM outbox ORDER BY sequence")
    )
    return [json.loads(row["payload"]) for row in rows]


async def until_told(storage: Storage, kind: str) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while kind not in [event["type"] for event in await all_events(storage)]:
        assert time.monotonic() < give_up, f"no {kind} came"
        await asyncio.sleep(0.05)


def check_store(port: int, told: list[dict[str, Any]]) -> None:
    """Everybody who reads `segment.stored` finds there what `segment.ready` announced."""
    ready = {e["data"]["index"]: e["data"]["sha256"] for e in told if e["type"] == "segment.ready"}
    for event in (e["data"] for e in told if e["type"] == "segment.stored"):
        assert event["store"] == f"http://127.0.0.1:{port}/{BUCKET}"
        content = s3_client(port).get_object(Bucket=BUCKET, Key=event["key"])["Body"].read()
        assert hashlib.sha256(content).hexdigest() == ready.pop(event["index"]) == event["sha256"]
    assert not ready
