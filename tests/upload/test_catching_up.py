"""What the broker or an uploader lost comes to the store all the same: a real box, a real broker, real uploaders."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from followspot.app.desk import Desk
from followspot.app.replay import Replay
from followspot.bus.envelope import renderer
from followspot.bus.mqtt import MqttBus
from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.commands import Answer, Command
from followspot.domain.events import AlertRaised
from followspot.domain.recording import LessonPlan
from followspot.storage import Storage
from support.keepinglab import RoomyDisk
from support.storagelab import FakeBoot, RealClock, give, make_media, origin
from upload.conftest import PATIENCE_S
from upload.fleet import Uploaders, broker, s3_store
from upload.test_with_a_box import all_events, make_settings

FIRST, SECOND = (f"0198c0de-0000-7000-8000-00000000000{n}" for n in (1, 2))
ALERT = AlertRaised(code=AlertCode.DOCK_LOST, subject="dock", message="gone")


class Box:
    """A box on a broker: its storage, and what records."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    async def record(self, lesson_id: str, segments: int) -> None:
        sink = self.storage.lesson_sink(LessonPlan(lesson_id), "test")
        sink.begin(origin())
        for segment in make_media(segments):
            give(sink, segment)
        await self.storage.complete_lesson(lesson_id, "stopped")
        await self.until_sent()

    async def say_something(self) -> None:
        await self.storage.publish(ALERT)

    async def until_sent(self) -> None:
        give_up = asyncio.get_running_loop().time() + PATIENCE_S
        while await self.storage.pending(0, 1):
            assert asyncio.get_running_loop().time() < give_up
            await asyncio.sleep(0.02)

    async def until_stored(self, lesson_id: str) -> None:
        give_up = asyncio.get_running_loop().time() + PATIENCE_S
        while not await self.is_stored(lesson_id):
            assert asyncio.get_running_loop().time() < give_up, "the lesson is never stored whole"
            await asyncio.sleep(0.05)

    async def is_stored(self, lesson_id: str) -> bool:
        told = [e for e in await all_events(self.storage) if e["type"] == "lesson.stored"]
        return lesson_id in [e["data"]["lesson_id"] for e in told]


@asynccontextmanager
async def box_on(port: int, folder: Path) -> AsyncIterator[Box]:
    bus: MqttBus | None = None
    storage = Storage(
        make_settings(folder, port),
        RealClock(),
        renderer("box-7"),
        lambda _: None,
        lambda: bus.wake() if bus else None,
        disk=RoomyDisk(1000),
        boot=FakeBoot(),
    )
    await storage.open()
    unused = (None, None)
    desk = Desk(unused[0], dict, Replay(storage, lambda: bus), unused[1], bool, lambda _: None)  # type: ignore[arg-type]

    async def take(command: Command) -> Answer:
        return await desk.take(command, "mqtt")

    bus = MqttBus(make_settings(folder, port), RealClock(), storage, AlertRegistry(), take, storage.acknowledge)
    talking = asyncio.create_task(bus.run(), name="bus")
    try:
        yield Box(storage)
    finally:
        talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await talking
        await storage.close()


@pytest.fixture
async def uploaders(mosquitto: str, s3_port: int, tmp_path: Path) -> AsyncIterator[tuple[Uploaders, int]]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with broker(mosquitto, folder) as port:
        made = Uploaders(tmp_path, port, s3_store(s3_port, tmp_path, tmp_path.name), f"{tmp_path}/box/media")
        yield made, port
        await asyncio.to_thread(made.close)


def forget(port: int, client_id: str) -> None:
    """Have the broker forget the client and all that waits for it, as one without persistence does."""
    gone = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5)
    client.on_connect = lambda connected, *_: connected.disconnect()
    client.on_disconnect = lambda *_: gone.set()
    client.connect("127.0.0.1", port, clean_start=True)
    client.loop_start()
    assert gone.wait(10)
    client.loop_stop()


@pytest.mark.timeout(90)
async def test_what_was_told_while_nobody_listened_is_asked_for(
    uploaders: tuple[Uploaders, int], tmp_path: Path
) -> None:
    programs, port = uploaders
    async with box_on(port, tmp_path / "box") as box:
        await box.record(FIRST, 2)
        await asyncio.to_thread(programs.start)
        await box.say_something()
        await box.until_stored(FIRST)

        await asyncio.to_thread(programs.stop)
        await asyncio.to_thread(forget, port, "one")
        await box.record(SECOND, 2)
        await asyncio.to_thread(programs.start)
        assert not await box.is_stored(SECOND)
        await box.say_something()
        await box.until_stored(SECOND)
    assert programs.log().count("asking for it again") == 2


@pytest.mark.timeout(90)
async def test_what_an_uploader_took_along_comes_to_another_one_of_its_share(
    uploaders: tuple[Uploaders, int], tmp_path: Path
) -> None:
    programs, port = uploaders
    async with box_on(port, tmp_path / "box") as box:
        await asyncio.to_thread(programs.start, "lazy", "s", "start = 03:00:00\nend = 03:00:01")
        await asyncio.to_thread(programs.start, "busy", "s", mqtt="ask_after_min = 0.02")
        await box.record(FIRST, 3)
        await asyncio.sleep(0.5)
        assert not await box.is_stored(FIRST)
        await asyncio.to_thread(programs.kill, "lazy")
        await asyncio.to_thread(forget, port, "lazy")
        await box.until_stored(FIRST)
    assert "lesson_id" in programs.log("busy")
    stored = [line for line in programs.log("busy").splitlines() if " stored box" in line]
    assert len(stored) == len(set(stored)), "nothing twice"
