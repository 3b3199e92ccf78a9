"""A real mosquitto on a free loopback port, an independent client, an outbox in memory."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from followspot.bus.acknowledgements import AcknowledgementHandler
from followspot.bus.desk import CommandHandler
from followspot.bus.envelope import renderer
from followspot.bus.mqtt import MqttBus
from followspot.domain.acknowledgement import Acknowledgement
from followspot.domain.alerts import Alert, AlertRegistry
from followspot.domain.commands import Answer, Command
from followspot.domain.events import EventData, EventStamp, LessonStarted
from followspot.domain.segments import ClockState
from followspot.domain.statement import NO_DETAILS
from followspot.settings.models import MqttSettings, Settings
from support.programs import require_program

DEVICE = "box-7"
PATIENCE_S = 15.0


class WallClock:
    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc_now(self) -> datetime:
        return datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker that can be killed, frozen and started again on the same port with the same stored state."""

    def __init__(self, program: str, folder: Path, *extra: str) -> None:
        self.port = free_port()
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "mosquitto.conf"
        self.rules = folder / "acl"
        lines = [
            f"listener {self.port} 127.0.0.1",
            *([] if "allow_anonymous false" in extra else ["allow_anonymous true"]),
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            "max_queued_messages 0",
            *(line.format(folder=folder) for line in extra),
        ]
        self.configure("\n".join(lines) + "\n")

    def configure(self, text: str) -> None:
        """Replace the configuration. A mosquitto started by root would become a user who may not write here."""
        self._config.write_text(text + ("user root\n" if os.geteuid() == 0 else ""))

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            time.sleep(0.02)
        raise AssertionError("mosquitto does not listen")

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(PATIENCE_S)
            self._process = None


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    program = require_program("mosquitto")
    brokers: list[Mosquitto] = []

    def make(*extra: str) -> Mosquitto:
        brokers.append(Mosquitto(program, tmp_path, *extra))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.kill()


@pytest.fixture
def broker(make_broker: Callable[..., Mosquitto]) -> Mosquitto:
    started = make_broker()
    started.start()
    return started


class Subscriber:
    """An MQTT client of its own that knows nothing of the product, in the pipeline's place."""

    def __init__(self, port: int, topic_filter: str = "#", client_id: str = "pipeline") -> None:
        self.messages: list[MQTTMessage] = []
        self._filter = topic_filter
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _client, _userdata, message: self.messages.append(message)
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self._client.connect_async("127.0.0.1", port, 5, clean_start=False, properties=session)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S), "the test's own subscriber does not come through"

    def _subscribe(
        self, client: Client, _userdata: object, _flags: ConnectFlags, _reason: ReasonCode, _properties: object
    ) -> None:
        client.subscribe(self._filter, qos=1)

    def payloads(self, topic: str) -> list[dict[str, object]]:
        return [json.loads(message.payload) for message in list(self.messages) if message.topic == topic]

    def send(
        self, topic: str, payload: bytes | dict[str, object], *, retain: bool = False, **properties: object
    ) -> None:
        packet = Properties(PacketTypes.PUBLISH)
        for name, value in properties.items():
            setattr(packet, name, value)
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(topic, raw, qos=1, retain=retain, properties=packet).wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def make_subscriber() -> Iterator[Callable[..., Subscriber]]:
    made: list[Subscriber] = []

    def make(port: int, **options: str) -> Subscriber:
        made.append(Subscriber(port, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@dataclass(frozen=True)
class Row:
    sequence: int
    topic: str
    payload: bytes


class MemoryOutbox:
    """The outbox port, in memory, as slow as a disk."""

    def __init__(self) -> None:
        self.sync_s = 0.002
        self.rows: dict[int, Row] = {}
        self.marked: list[int] = []
        self._render = renderer(DEVICE)

    def add(self, count: int = 1, event: EventData | None = None) -> None:
        for _ in range(count):
            sequence = len(self.rows) + 1
            stamp = EventStamp(f"id-{sequence}", "epoch-a", sequence, datetime(2026, 3, 2, 8, 30, 1, 500_000, UTC))
            message = self._render(event or lesson_started(), stamp)
            self.rows[sequence] = Row(sequence, message.topic, message.payload)

    async def pending(self, after: int, limit: int) -> Sequence[Row]:
        await asyncio.sleep(0.001)
        left = [row for row in self.rows.values() if row.sequence > after and row.sequence not in self.marked]
        return left[:limit]

    async def mark_published(self, sequences: Sequence[int]) -> None:
        await asyncio.sleep(self.sync_s)
        self.marked.extend(sequences)

    @property
    def is_empty(self) -> bool:
        return set(self.marked) == set(self.rows)


def lesson_started() -> LessonStarted:
    started = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    return LessonStarted(
        lesson_id="lesson-1",
        started=started,
        width=1280,
        height=720,
        started_by="panel",
        clock=ClockState.SYNCED,
        boot_id="boot-1",
        details=NO_DETAILS,
    )


async def accept(command: Command) -> Answer:
    return Answer(id=command.id, accepted=True, code="ok", text="done")


async def note(said: Acknowledgement) -> int:
    return len(said.segments)


@dataclass
class Box:
    """The bus in its surroundings."""

    settings: Settings
    on_command: CommandHandler = accept
    on_acknowledgement: AcknowledgementHandler = note
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    alerts: AlertRegistry = field(default_factory=AlertRegistry)
    heard: list[tuple[Alert, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alerts.subscribe(lambda alert, active: self.heard.append((alert, active)))
        self.bus = MqttBus(
            self.settings, WallClock(), self.outbox, self.alerts, self.on_command, self.on_acknowledgement
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.bus.run(), name="mqtt")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None


def settings_for(port: int, **mqtt: object) -> Settings:
    table = MqttSettings.model_validate({"port": port, **mqtt, "keepalive_s": 5})
    table = table.model_copy(update={"keepalive_s": mqtt.get("keepalive_s", 5)})  # shorter than a file may say
    return Settings.model_validate({"device": {"id": DEVICE}, "mqtt": table})


@pytest.fixture
async def make_box() -> AsyncIterator[Callable[..., Box]]:
    """Boxes that are stopped in the end, and must leave no task and no thread."""
    made: list[Box] = []

    def make(
        port: int,
        on_command: CommandHandler = accept,
        on_acknowledgement: AcknowledgementHandler = note,
        **mqtt: object,
    ) -> Box:
        made.append(Box(settings_for(port, **mqtt), on_command, on_acknowledgement))
        made[-1].start()
        return made[-1]

    yield make
    for box in made:
        await box.stop()
    names = {thread.name for thread in threading.enumerate()} | {task.get_name() for task in asyncio.all_tasks()}
    left = {name for name in names if name.startswith(("mqtt", f"paho-mqtt-client-followspot-{DEVICE}"))}
    assert not left, f"left behind: {left}"


@pytest.fixture
def until() -> Callable[..., object]:
    """Wait (without blocking the loop) until a condition holds."""

    async def wait(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "it never came about"
            await asyncio.sleep(0.01)

    return wait
