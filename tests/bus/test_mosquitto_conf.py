"""The broker configuration that we ship, put where Debian wants it: what was acknowledged survives a SIGKILL."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

Until = Callable[..., Awaitable[None]]
SHIPPED = Path(__file__).parents[2] / "config" / "mosquitto.conf"
LOOPBACK = "listener 1883 127.0.0.1\nallow_anonymous true\n"


@pytest.fixture
def shipped(make_broker, tmp_path: Path):
    """The broker that a Pi would run: Debian's main file, ours included; only the port is another."""
    text = SHIPPED.read_text()
    assert LOOPBACK in text
    folder = tmp_path / "conf.d"
    folder.mkdir()
    broker = make_broker()
    main = f"persistence true\npersistence_location {tmp_path}/\ninclude_dir {folder}\n"
    broker.configure(main)
    (folder / "followspot.conf").write_text(text.replace("1883 127", f"{broker.port} 127"))
    broker.start()
    return broker


async def test_an_absent_pipeline_finds_every_event_after_the_broker_was_killed(
    shipped, make_subscriber, make_box, until: Until
) -> None:
    pipeline = make_subscriber(shipped.port)
    pipeline.close()
    box = make_box(shipped.port)
    box.outbox.add(1200)
    box.bus.wake()
    await until(lambda: box.outbox.is_empty, 60)
    await asyncio.sleep(0.5)  # the broker saves in its next round
    shipped.kill()
    await asyncio.to_thread(shipped.start)
    returned = make_subscriber(shipped.port)
    expected = {f"id-{number}" for number in range(1, 1201)}
    topic = "followspot/v1/box-7/event/lesson.started"
    await until(lambda: {event["id"] for event in returned.payloads(topic)} == expected, 60)


def test_it_listens_on_loopback_alone_until_somebody_decides_otherwise() -> None:
    listeners = re.findall(r"^listener .*$", SHIPPED.read_text(), re.MULTILINE)
    assert listeners == ["listener 1883 127.0.0.1"]
