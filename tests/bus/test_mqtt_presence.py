"""Availability, last will and state on a real broker."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from followspot.domain.alerts import AlertCode
from support.programs import require_program

Until = Callable[..., Awaitable[None]]
AVAILABILITY = "followspot/v1/box-7/availability"
STATE = "followspot/v1/box-7/state"

RUN_FOR_EVER = """
import asyncio, sys, time
from datetime import UTC, datetime
from followspot.bus.mqtt import MqttBus
from followspot.domain.alerts import AlertRegistry
from followspot.settings.models import Settings

class Nothing:
    monotonic_ns = staticmethod(time.monotonic_ns)
    async def pending(self, after, limit): return []
    async def mark_published(self, sequences): pass

settings = Settings.model_validate({"device": {"id": "box-7"}, "mqtt": {"port": int(sys.argv[1])}})
asyncio.run(MqttBus(settings, Nothing(), Nothing(), AlertRegistry(), None, None).run())
"""


async def test_online_and_stopped_are_retained(broker, make_subscriber, make_box, until: Until) -> None:
    box = make_box(broker.port)
    await until(lambda: box.bus.status()["connected"])
    early = make_subscriber(broker.port, client_id="early")
    await until(lambda: early.payloads(AVAILABILITY) == [{"state": "online"}])
    box.outbox.add(3)
    box.bus.wake()
    await box.stop()
    late = make_subscriber(broker.port, client_id="late")
    await until(lambda: late.payloads(AVAILABILITY) == [{"state": "stopped"}])
    assert all(message.retain for message in late.messages)
    assert box.outbox.is_empty, "what was in the outbox at the stop was not sent"
    topics = [message.topic for message in early.messages]
    assert topics[-1] == AVAILABILITY, "the box said stopped before its last event"


async def test_a_bus_that_is_started_again_connects_again(broker, make_subscriber, make_box, until: Until) -> None:
    box = make_box(broker.port)
    watcher = make_subscriber(broker.port)
    for _ in range(2):
        await until(lambda: box.bus.status()["connected"])
        box.outbox.add(1)
        box.bus.wake()
        await until(lambda: box.outbox.is_empty)
        await box.stop()
        box.start()
    await until(lambda: watcher.payloads(AVAILABILITY)[-1] == {"state": "online"})


async def test_a_daemon_that_is_killed_is_offline(broker, make_subscriber, until: Until) -> None:
    watcher = make_subscriber(broker.port)
    daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN_FOR_EVER, str(broker.port))
    try:
        await until(lambda: watcher.payloads(AVAILABILITY) == [{"state": "online"}])
        daemon.kill()
        await until(lambda: watcher.payloads(AVAILABILITY)[-1] == {"state": "offline"})
    finally:
        with contextlib.suppress(ProcessLookupError):
            daemon.kill()
        await daemon.wait()
    late = make_subscriber(broker.port, client_id="late")
    await until(lambda: late.payloads(AVAILABILITY) == [{"state": "offline"}])


async def test_state_is_coalesced_and_survives_a_broker_without_memory(
    make_broker, make_subscriber, make_box, until: Until
) -> None:
    broker = make_broker("retain_available true")
    broker.start()
    watcher = make_subscriber(broker.port)
    box = make_box(broker.port)
    await until(lambda: box.bus.status()["connected"])
    for frames in range(100):
        box.bus.publish_state({"frames": frames})
        await asyncio.sleep(0.015)
    await until(lambda: watcher.payloads(STATE)[-1:] == [{"frames": 99}])
    assert len(watcher.payloads(STATE)) <= 4
    box.bus.publish_state({"frames": 99})
    await asyncio.sleep(1.2)
    assert watcher.payloads(STATE)[-1] == {"frames": 99}
    said = len(watcher.payloads(STATE))

    broker.kill()
    for stored in broker.rules.parent.glob("mosquitto.db*"):
        os.unlink(stored)
    await asyncio.to_thread(broker.start)
    await until(lambda: len(watcher.payloads(STATE)) == said + 1)
    late = make_subscriber(broker.port, client_id="late")
    await until(lambda: late.payloads(STATE) == [{"frames": 99}])


async def test_a_half_open_connection_is_noticed_by_the_keepalive(broker, make_box, until: Until) -> None:
    box = make_box(broker.port, keepalive_s=1)
    await until(lambda: box.bus.status()["connected"])
    broker.signal(signal.SIGSTOP)
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE), 6)
    assert "Keep alive timeout" in box.alerts.active[0].message
    broker.signal(signal.SIGCONT)
    await until(lambda: not box.alerts.active)


def set_password(users: Path, password: str) -> None:
    subprocess.run(
        [require_program("mosquitto_passwd"), "-b", str(users), "spot", password], check=True, capture_output=True
    )


async def test_a_wrong_password_is_an_alert_that_heals(make_broker, make_box, until: Until, tmp_path) -> None:
    broker = make_broker("password_file {folder}/users", "allow_anonymous false")
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    users = tmp_path / "users"
    users.touch(mode=0o600)
    set_password(users, "something else")
    broker.start()
    box = make_box(broker.port, username="spot", password_file=secret)
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_REFUSED))
    assert "mqtt.password_file" in box.alerts.active[0].message
    assert "correct horse" not in box.alerts.active[0].message

    set_password(users, "correct horse")
    broker.signal(signal.SIGHUP)
    await until(lambda: not box.alerts.active)
