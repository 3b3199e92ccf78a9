"""Several ways to a dock: the better one is used, and comes back between lessons only."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from followspot_dock import Dock, DockSettings, LinkChanged, LinkState, Pose, preferred_dock
from followspot_dock.preferred_dock import PreferredDock


class Puppet(Dock):
    """A dock whose link the test moves by hand."""

    def __init__(self, listener: Callable[[Any], None]) -> None:
        self.tell = listener
        self.runs = 0
        self.running = False
        self.commands: list[str] = []

    async def run(self) -> None:
        self.running = True
        self.runs += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False

    @property
    def link(self) -> LinkState:
        return LinkState.READY

    def move(self, state: LinkState, reason: str = "why") -> None:
        self.tell(LinkChanged(state, reason))

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        self.commands.append("drive")

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int) -> int | None:
        return None

    def park(self, ttl_ms: int) -> int | None:
        return None

    def stop(self) -> None:
        self.commands.append("stop")

    def marker_lamp(self, on: bool) -> None:
        self.commands.append(f"lamp {on}")

    def follow_marker(self, marker_id: int) -> None:
        self.commands.append("follow")

    def clear_fault(self) -> None:
        self.commands.append("clear")

    def identify(self) -> None:
        self.commands.append("identify")


@pytest.fixture
async def stage(heard: Any, running: Any, until: Any, monkeypatch: Any) -> Any:
    """The composite, and its two ways: the better and the other."""
    puppets: list[Puppet] = []
    monkeypatch.setattr(preferred_dock, "HEAD_START_S", 0.01)

    def opened(listener: Any) -> Puppet:
        puppets.append(Puppet(listener))
        return puppets[-1]

    dock = PreferredDock([("good", opened), ("fair", opened)], heard)
    async with running(dock.run()):
        await until(lambda: len(puppets) == 2 and all(puppet.running for puppet in puppets))
        yield dock, *puppets


async def test_all_are_tried_and_every_reason_is_told(stage: Any, heard: Any, until: Any) -> None:
    _, good, fair = stage
    await until(lambda: good.running and fair.running)
    good.move(LinkState.SEARCHING, "not plugged in")
    fair.move(LinkState.SEARCHING, "out of range")
    assert heard.last_reason() == "good: not plugged in; fair: out of range"


async def test_the_better_one_ends_the_other(stage: Any, heard: Any, until: Any) -> None:
    dock, good, fair = stage
    fair.move(LinkState.READY, "fair")
    assert dock.link is LinkState.READY
    await until(lambda: good.running and fair.running)
    dock.drive(1.0, 0.0, 100)
    good.move(LinkState.READY, "good")
    dock.drive(1.0, 0.0, 100)
    await until(lambda: not fair.running)
    assert (good.commands, fair.commands) == (["lamp False", "drive"], ["lamp False", "drive"])
    assert [change.reason for change in heard.of(LinkChanged)] == ["fair", "good"]


async def test_a_lesson_keeps_the_link_it_has(stage: Any, heard: Any, until: Any) -> None:
    dock, good, fair = stage
    await until(lambda: good.running)
    fair.move(LinkState.READY, "fair")
    dock.lesson(True)
    good.move(LinkState.READY, "too late")
    await until(lambda: not good.running)
    assert heard.last_reason() == "fair"
    dock.lesson(False)
    await until(lambda: good.running)
    assert good.runs == 2
    good.move(LinkState.READY, "good")
    await until(lambda: not fair.running)
    assert heard.last_reason() == "good"


async def test_a_loss_lets_all_be_tried_again_in_a_lesson_too(stage: Any, heard: Any, until: Any) -> None:
    dock, good, fair = stage
    dock.lesson(True)
    good.move(LinkState.READY)
    await until(lambda: not fair.running)
    good.move(LinkState.LOST, "cable")
    assert dock.link is LinkState.LOST
    await until(lambda: fair.running)
    assert good.running
    fair.move(LinkState.READY)
    assert dock.link is LinkState.READY


async def test_a_good_way_leaves_the_others_alone(heard: Any, running: Any, until: Any) -> None:
    puppets: list[Puppet] = []

    def opened(listener: Any) -> Puppet:
        puppets.append(Puppet(listener))
        return puppets[-1]

    async with running(PreferredDock([("good", opened), ("fair", opened)], heard).run()):
        await until(lambda: puppets)
        puppets[0].move(LinkState.READY)
        await asyncio.sleep(preferred_dock.HEAD_START_S + 0.2)
        assert len(puppets) == 1


async def test_the_lamp_is_told_to_all(stage: Any) -> None:
    dock, good, fair = stage
    dock.marker_lamp(True)
    assert good.commands == fair.commands == ["lamp False", "lamp True"]


async def test_serial_comes_back_between_lessons(ble: Any, serial: Any, heard: Any, until: Any, driven: Any) -> None:
    """The whole way: two real transports, cable in, cable out, cable in again."""
    settings = DockSettings(port=serial.settings.port)
    async with ble.plugged(), driven(settings, heard) as dock:
        assert "C0:FF:EE:00:00:01" in heard.last_reason()
        async with serial.plugged():
            await until(lambda: settings.port in heard.last_reason())
            assert dock.link.works
            dock.lesson(True)
            serial.sim.unplug()
            await until(lambda: "C0:FF:EE:00:00:01" in heard.last_reason() and dock.link.works)
            serial.sim.replug()
            heard.events.clear()
            await until(lambda: len(heard.of(Pose)) > 20)
            assert heard.states() == []
            dock.lesson(False)
            await until(lambda: settings.port in heard.last_reason())
            assert dock.link.works
