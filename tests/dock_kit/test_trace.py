"""A recorded session plays back into the production driver with its content and its timing."""

import asyncio
import itertools
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from followspot_dock import ButtonPress, DockEvent, DockSettings, LinkChanged, LinkState, MarkerButton, Pose, open_dock
from followspot_sim import faults
from followspot_sim.errors import SimulatorError
from followspot_sim.record_command import record, record_ble
from followspot_sim.replay_command import replay
from followspot_sim.replayed_dock import ReplayedDock
from followspot_sim.trace import Piece, read_trace
from support.limits import at_most


async def until(condition: Any, within_s: float = 15.0) -> None:
    async with at_most(within_s):
        while not condition():  # noqa: ASYNC110  # what is awaited knows nothing of us
            await asyncio.sleep(0.005)


class Host:
    """A driver and what it told."""

    def __init__(self, path: Path) -> None:
        self.events: list[tuple[int, DockEvent]] = []
        dock = open_dock(
            DockSettings(driver="serial", port=str(path)),
            lambda event: self.events.append((time.monotonic_ns(), event)),
        )
        assert dock is not None
        self.dock = dock

    async def __aenter__(self) -> "Host":
        self._task = asyncio.create_task(self.dock.run(), name="driver")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def states(self) -> list[LinkState]:
        return [change.state for change in self.of(LinkChanged)]


async def recorded(rig: Any, folder: Path) -> tuple[Path, Host]:
    """A session of a good second with a press, a turn and some damage, through the recorder."""
    trace, link = folder / "trace.jsonl", folder / "tapped"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(rig.plugged())
        recorder = asyncio.create_task(record(rig.path, 115_200, trace, link), name="recorder")
        await until(link.is_symlink)
        host = await stack.enter_async_context(Host(link))
        await until(lambda: host.dock.link.works)
        host.dock.drive(40.0, 0.0, 500)
        rig.dock.press("double")
        rig.saboteur.do(faults.Corrupt(share=0.1, seconds=0.5, direction="to-host"))
        await until(lambda: len(host.of(Pose)) >= 60)
        rig.dock.unplug()
        await recorder
    return trace, host


async def test_back_into_the_driver(rig: Any, tmp_path: Path) -> None:
    trace, first = await recorded(rig, tmp_path)
    link = tmp_path / "replayed"
    playing = asyncio.create_task(replay(ReplayedDock(read_trace(trace), 7), link), name="replay")
    await until(link.is_symlink)
    async with Host(link) as second:
        await until(lambda: LinkState.LOST in second.states())
    await playing
    for kind in (Pose, MarkerButton):
        assert abs(len(second.of(kind)) - len(first.of(kind))) <= 2
    assert [button.press for button in second.of(MarkerButton)] == [ButtonPress.DOUBLE]
    assert [(p.pan_deg, p.tilt_deg) for p in second.of(Pose)][:40] == [(p.pan_deg, p.tilt_deg) for p in first.of(Pose)][
        :40
    ]
    steps_ms = [
        abs((after.time_ns - second.of(Pose)[0].time_ns) - (before.time_ns - first.of(Pose)[0].time_ns)) / 1e6
        for before, after in zip(first.of(Pose)[:40], second.of(Pose)[:40], strict=True)
    ]
    assert sorted(steps_ms)[20] < 5.0
    assert max(pose.pan_deg for pose in second.of(Pose)) > 5


async def test_trace_holds_both_sides_in_order(rig: Any, tmp_path: Path) -> None:
    trace, _ = await recorded(rig, tmp_path)
    pieces = read_trace(trace)
    assert {piece.side for piece in pieces} == {"dock", "host"}
    assert all(before.t_ns <= after.t_ns for before, after in itertools.pairwise(pieces))
    assert json.loads(trace.read_text().splitlines()[0]) == {"trace": 1, "port": str(rig.path)}


async def test_a_dock_on_bluetooth_is_recorded_in_the_same_form(ble_rig: Any, tmp_path: Path) -> None:
    trace, link = tmp_path / "trace.jsonl", tmp_path / "tapped"
    async with ble_rig.plugged():
        recorder = asyncio.create_task(record_ble("", trace, link), name="recorder")
        await until(link.is_symlink)
        async with Host(link) as host:
            await until(lambda: host.dock.link.works)
            host.dock.drive(40.0, 0.0, 500)
            ble_rig.dock.press("long")
            await until(lambda: [pose for pose in host.of(Pose) if pose.pan_deg > 5] and host.of(MarkerButton))
            ble_rig.dock.unplug()
            await recorder
    playing = asyncio.create_task(replay(ReplayedDock(read_trace(trace), 7), tmp_path / "replayed"), name="replay")
    await until((tmp_path / "replayed").is_symlink)
    async with Host(tmp_path / "replayed") as second:
        await until(lambda: LinkState.LOST in second.states())
    await playing
    assert max(pose.pan_deg for pose in second.of(Pose)) > 5
    assert [button.press for button in second.of(MarkerButton)] == [ButtonPress.LONG]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("{}\n", "line 1"),
        ('{"trace": 2, "port": ""}\n', "line 1"),
        ('{"trace": 1, "port": ""}\nnonsense\n', "line 2"),
        ('{"trace": 1, "port": ""}\n{"t_ns": 1, "from": "cat", "hex": "00"}\n', "line 2"),
        ('{"trace": 1, "port": ""}\n{"t_ns": 1, "from": "dock", "hex": "0"}\n', "line 2"),
        (
            '{"trace": 1, "port": ""}\n'
            '{"t_ns": 2, "from": "dock", "hex": "00"}\n'
            '{"t_ns": 1, "from": "dock", "hex": "00"}\n',
            "time goes back",
        ),
    ],
)
def test_refuses_what_is_no_trace(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "t").write_text(text)
    with pytest.raises(SimulatorError, match=problem):
        read_trace(tmp_path / "t")


def test_refuses_a_trace_without_conversation(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="no HelloReply"):
        ReplayedDock([Piece(0, "dock", b"\x00")], 1)
    with pytest.raises(SimulatorError, match="cannot be read"):
        read_trace(tmp_path / "absent")


async def test_no_dock_to_record(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="no device at"):
        await record(tmp_path / "absent", 115_200, tmp_path / "t", tmp_path / "l")
