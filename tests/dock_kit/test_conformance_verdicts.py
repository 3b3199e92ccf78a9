"""The conformance kit notices a dock that is wrong, and says so in its report and exit code."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from followspot_dock.conformance import CASES, Outcome, Verdict, run_case
from followspot_dock.conformance.command import main
from followspot_dock.conformance.wires import serial_wire
from followspot_sim import faults
from followspot_sim.plant import Plant


class Mirrored(Plant):
    """Turns left for right and down for up."""

    def drive(self, now_ns: int, pan_dps: float, tilt_dps: float, ttl_s: float) -> None:
        super().drive(now_ns, -pan_dps, -tilt_dps, ttl_s)


class Runaway(Plant):
    """Runs on after a Stop and after the time to live."""

    def drive(self, now_ns: int, pan_dps: float, tilt_dps: float, ttl_s: float) -> None:
        if (pan_dps, tilt_dps) != (0.0, 0.0):
            super().drive(now_ns, pan_dps, tilt_dps, 3.0)


def case(name: str) -> Any:
    return next(case for case in CASES if case.name == name)


async def verdict(rig: Any, name: str, fault: Any = None) -> Outcome:
    async with rig.plugged(), serial_wire(rig.path, 115_200) as wire:
        if fault is not None:
            rig.saboteur.do(fault)
        return await run_case(wire, case(name))


@pytest.mark.parametrize(
    ("name", "fault", "why"),
    [
        ("nothing_is_lost", faults.Drop(share=0.3, seconds=60, direction="to-host"), "lost"),
        ("poses_come_at_50_hz", faults.Drop(share=0.5, seconds=60, direction="to-host"), "poses"),
        ("nothing_is_lost", faults.Duplicate(share=0.5, seconds=60, direction="to-host"), "stand still"),
        ("clocks_map_to_each_other", faults.Delay(ms=30, seconds=60), "within 30"),
        ("stop_is_prompt", faults.Delay(ms=200, seconds=60), "took"),
        ("hello_says_who_and_what", faults.WrongVersion(seconds=60), "hung up"),
        ("hello_says_who_and_what", faults.Freeze(seconds=60), "no HelloReply"),
    ],
    ids=str,
)
async def test_a_spoilt_wire_is_noticed(rig: Any, name: str, fault: Any, why: str) -> None:
    outcome = await verdict(rig, name, fault)
    assert outcome.verdict is Verdict.FAILED
    assert why in outcome.why


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (Mirrored, "pan_right_is_positive"),
        (Mirrored, "tilt_up_is_positive"),
        (Runaway, "stop_is_prompt"),
        (Runaway, "stops_when_time_is_over"),
        (Runaway, "silence_of_the_host_stops"),
    ],
)
async def test_a_wrong_dock_is_noticed(tmp_path: Path, new_rig: Any, plant: type[Plant], name: str) -> None:
    outcome = await verdict(new_rig(tmp_path, plant=plant(time.monotonic_ns())), name)
    assert outcome.verdict is Verdict.FAILED


async def test_command_reports_in_words_and_json(rig: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    wanted = ["--only", "hello_says_who_and_what", "--only", "button_is_repeated_until_heard"]
    async with rig.plugged():
        code = await asyncio.to_thread(main, ["--port", str(rig.path), "--json", str(report), *wanted])
        assert code == 0
        out = capsys.readouterr().out
        assert "Simulated dock SIM-0001" in out
        assert "pass  hello_says_who_and_what" in out
        assert "1 passed, 0 failed, 1 does not apply" in out
        told = json.loads(report.read_text())
        assert told["passed"] is True
        assert told["transport"] == "serial"
        assert told["dock"]["serial_number"] == "SIM-0001"
        assert told["cases"][0]["figures"]["pan_range_deg"] == 340
        rig.saboteur.do(faults.Drop(share=0.5, seconds=60, direction="to-host"))
        code = await asyncio.to_thread(main, ["--port", str(rig.path), "--only", "nothing_is_lost"])
        assert code == 1
        assert "FAIL  nothing_is_lost" in capsys.readouterr().out


def test_no_dock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(tmp_path / "absent")]) == 2
    assert "no device at" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
