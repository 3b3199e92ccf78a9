"""The real outbox behind the real bus: killed at any moment, filled for days, asked to send again."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from followspot.app.clock import SystemClock
from followspot.bus.envelope import renderer
from followspot.bus.mqtt import MqttBus
from followspot.domain.alerts import AlertRegistry
from followspot.domain.events import GapDeclared
from followspot.domain.gaps import GapReason
from followspot.domain.republish import RepublishFrom, RepublishLesson
from followspot.settings.models import MqttSettings, PathSettings, Settings
from followspot.storage.age import BoxAge
from followspot.storage.boot import LinuxBoot
from followspot.storage.database import Database
from followspot.storage.outbox import Outbox
from followspot.storage.storage import Storage

Until = Callable[..., Awaitable[None]]
CHILD = Path(__file__).with_name("outbox_child.py")
GAPS = "followspot/v1/box-7/event/gap"
LONG_QUEUE = 20_000
"""16 MB of events: a pump that held them would show it."""
GROWN_KIB_AT_MOST = 4 * 1024


class Still:
    """Real monotonic time, standing wall time."""

    monotonic_ns = staticmethod(time.monotonic_ns)

    def utc_now(self) -> datetime:
        return datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def gap(number: int, lesson: str = "lesson-1") -> GapDeclared:
    return GapDeclared(lesson_id=lesson, reason=GapReason.CAMERA_LOST, start_ns=number, duration_ns=1, missing_ns=0)


def fill(folder: Path, count: int) -> None:
    """Put events into a box's outbox, as many at once as no box ever does."""
    for name in ("media", "state"):
        (folder / name).mkdir(exist_ok=True)
    database = Database(folder / "state")
    outbox = Outbox(database, Still(), renderer("box-7"), BoxAge(database, LinuxBoot(), Still()))
    with database.transaction():
        for number in range(count):
            outbox.add(gap(number))
    database.close()


def child(folder: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(CHILD), str(folder), str(port)], stdout=subprocess.PIPE, text=True)


async def test_a_box_killed_at_any_moment_of_publishing_loses_nothing(
    broker, make_subscriber, until: Until, tmp_path: Path
) -> None:
    pipeline = make_subscriber(broker.port)
    fill(tmp_path, 3000)
    chance = random.Random(5)
    for kill in range(4):
        before = len(pipeline.messages)
        box = child(tmp_path, broker.port)
        await until(lambda before=before: len(pipeline.messages) > before + 50)
        await asyncio.sleep(chance.uniform(0, 0.08))
        box.kill()
        box.communicate()
        if kill == 1:
            broker.kill()
            await asyncio.to_thread(broker.start)
    box = child(tmp_path, broker.port)
    await asyncio.to_thread(box.communicate)
    assert box.returncode == 0

    def heard() -> set[tuple[int, str]]:
        return {(int(one["sequence"]), one["id"]) for one in pipeline.payloads(GAPS)}

    await until(lambda: len({sequence for sequence, _ in heard()}) == 3000)
    assert len(heard()) == 3000, "an event changed its id"


async def test_a_long_queue_drains_in_flat_memory(broker, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    resident_kib = {}
    for folder, count in ((small, 500), (large, LONG_QUEUE)):
        folder.mkdir()
        fill(folder, count)
        box = child(folder, broker.port)
        said, _ = await asyncio.to_thread(box.communicate)
        resident_kib[count] = int(said)
    assert resident_kib[LONG_QUEUE] - resident_kib[500] < GROWN_KIB_AT_MOST


async def all_acknowledged(storage: Storage) -> None:
    """Wait until the broker has acknowledged all there is."""
    give_up = time.monotonic() + 15
    while await storage.pending(0, 1):
        assert time.monotonic() < give_up, "the broker does not acknowledge"
        await asyncio.sleep(0.01)


async def test_events_are_sent_again_as_they_were(broker, make_subscriber, until: Until, tmp_path: Path) -> None:
    pipeline = make_subscriber(broker.port)
    paths = PathSettings(media=tmp_path / "m", state=tmp_path / "s", runtime=tmp_path / "r")
    settings = Settings(paths=paths, mqtt=MqttSettings(port=broker.port))
    storage = Storage(settings, SystemClock(), renderer("box-7"), lambda _notice: None, lambda: None)
    await storage.open()
    bus = MqttBus(settings, SystemClock(), storage, AlertRegistry(), None, None)  # type: ignore[arg-type]
    running = asyncio.create_task(bus.run())
    for number in range(6):
        await storage.publish(gap(number, "lesson-a" if number % 2 else "lesson-b"))
        bus.wake()
    await until(lambda: len(pipeline.payloads(GAPS)) == 6)
    await all_acknowledged(storage)  # what is still on its way when it is asked for again comes once more
    first = pipeline.payloads(GAPS)

    again = await bus.republish(lambda: storage.republish(RepublishFrom(4)))
    assert (again.count, again.oldest, again.newest) == (3, 4, 6)
    await until(lambda: len(pipeline.payloads(GAPS)) == 9)
    assert pipeline.payloads(GAPS)[6:] == first[3:]
    await all_acknowledged(storage)

    again = await bus.republish(lambda: storage.republish(RepublishLesson("lesson-a")))
    assert (again.count, again.oldest) == (3, 2)
    await until(lambda: len(pipeline.payloads(GAPS)) == 12)
    assert pipeline.payloads(GAPS)[9:] == first[1::2]
    assert (await storage.republish(RepublishFrom(7))).count == 0
    running.cancel()
    await asyncio.wait([running])
    await storage.close()
