"""Who may crash, and what follows."""

import asyncio
import os
import signal

import pytest

from followspot.app import supervisor as module
from followspot.app.supervisor import Supervisor
from followspot.domain.alerts import AlertCode


@pytest.fixture
async def supervisor(alerts, clock, monkeypatch):
    monkeypatch.setattr(module, "RESTART_PAUSE_S", 0.02)
    monkeypatch.setattr(module, "HEALED_AFTER_S", 0.1)
    monkeypatch.setattr(module, "JOIN_TIMEOUT_S", 0.2)
    made = Supervisor(alerts, clock)
    yield made
    await made.close()


async def crash():
    raise ValueError("boom")


async def live():
    await asyncio.Event().wait()


async def test_a_required_task_that_crashes_ends_the_daemon(supervisor):
    supervisor.require("heart", crash)
    await asyncio.wait_for(supervisor.until_end(), 2)
    assert supervisor.failed


async def test_a_guarded_callback_that_crashes_ends_the_daemon(supervisor, caplog):
    def call(number: int) -> None:
        raise ValueError(number)

    supervisor.guarded(call)(7)
    await asyncio.wait_for(supervisor.until_end(), 2)
    assert supervisor.failed
    assert "ValueError: 7" in caplog.text


async def test_an_isolated_callback_that_fails_is_an_alert_that_heals(supervisor, alerts, caplog):
    faults = [ValueError("boom"), KeyError("bang")]

    def light(on: bool) -> None:
        if faults:
            raise faults.pop()

    light = supervisor.isolated("lamp", light)
    light(True)
    light(True)
    [alert] = alerts.active
    assert (alert.code, alert.subject) == (AlertCode.PART_FAILED, "lamp")
    assert caplog.text.count("part failed name=lamp") == 1
    light(True)
    assert alerts.active, "it may fail again at once"
    await asyncio.sleep(0.15)
    light(True)
    assert not alerts.active
    assert not supervisor.failed


async def test_a_kept_task_that_crashes_is_an_alert_and_begins_again(supervisor, alerts):
    runs = 0

    async def crash_once():
        nonlocal runs
        runs += 1
        await (crash() if runs == 1 else live())

    supervisor.keep("framing", crash_once)
    await asyncio.sleep(0.01)
    [alert] = alerts.active
    assert (alert.code, alert.subject) == (AlertCode.PART_FAILED, "framing")
    assert "framing crashed (boom)" in alert.message
    await asyncio.sleep(0.3)
    assert runs == 2
    assert not alerts.active
    assert not supervisor.failed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_daemon_in_order(supervisor, number):
    supervisor.catch_signals()
    supervisor.keep("framing", live)
    end = asyncio.create_task(supervisor.until_end())
    await asyncio.sleep(0)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(end, 2)
    assert not supervisor.failed


async def test_all_tasks_have_ended_after_close(supervisor):
    ended = []

    def part(name):
        async def run():
            try:
                await live()
            finally:
                ended.append(name)

        return run

    for name in ("dock", "mqtt"):
        supervisor.keep(name, part(name))
    await asyncio.sleep(0)
    assert {"dock", "mqtt"} <= {task.get_name() for task in asyncio.all_tasks()}
    await supervisor.close()
    assert sorted(ended) == ["dock", "mqtt"]


async def test_a_task_that_does_not_end_is_named(supervisor, caplog):
    free = asyncio.Event()

    async def stubborn():
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    supervisor.keep("stubborn", stubborn)
    await asyncio.sleep(0)
    await supervisor.close()
    assert "name=stubborn" in caplog.text
    free.set()
