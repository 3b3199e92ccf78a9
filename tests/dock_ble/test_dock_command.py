"""`followspot-sim dock` as a program: what it says it offers is there."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from followspot_dock import DockSettings, Pose
from followspot_sim.control import control_request


async def test_both_ways_lead_to_the_dock(
    tmp_path: Path, heard: Any, until: Any, driven: Any, monkeypatch: Any
) -> None:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "followspot_sim", "dock", "--dir", str(tmp_path), "--serial", "--ble"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    assert await program.stdout.readline() == b"ready\n"
    endpoints = json.loads((tmp_path / "endpoints.json").read_text())
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", endpoints["bus"])
    for settings in (
        DockSettings(driver="serial", port=endpoints["dock"]),
        DockSettings(driver="ble", address=endpoints["ble"]),
    ):
        heard.events.clear()
        async with driven(settings, heard):
            await until(lambda: heard.of(Pose))
    status = await asyncio.to_thread(control_request, Path(endpoints["control"]), do="status")
    assert set(status) == {"serial", "ble"}
    program.terminate()
    assert await program.wait() == 0
    assert not (tmp_path / "endpoints.json").exists()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
