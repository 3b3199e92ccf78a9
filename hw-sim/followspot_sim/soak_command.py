"""`followspot-sim soak`: full rate both ways for a long time, on a serial line or over Bluetooth LE."""

import argparse
import asyncio
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from followspot_dock import DockSettings
from followspot_sim.bluez.ble_cable import BleCable
from followspot_sim.bluez.stack import BluetoothStack
from followspot_sim.errors import SimulatorError
from followspot_sim.pty_port import PtyCable
from followspot_sim.soak import POSE_HZ, Soak, Soaker, percentile

_ADDRESS = "C0:FF:EE:00:00:50"
_SERIAL_LATENCY_MS = 5.0
_BURSTS_S = (0.05, 0.1, 0.15, 0.2)
"""Wi-Fi jams the air for as long as it has to say something; a command lives longer than this."""
_BURST_EVERY_S = 3
_HELD_SHARE = 0.001
"""Over Bluetooth a command that still waits for bus and bluetoothd when the next one comes is replaced by it, too."""
_LEAST_RATE = 0.99
_GROWTH_BYTES = 2_000_000
"""Allocators breathe by some hundred kilobytes; a leak of one frame in ten is more than this in ten minutes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim soak`."""
    parser.add_argument("--seconds", type=float, default=600.0, metavar="N", help="how long (default: 600)")
    parser.add_argument("--ble", action="store_true", help="over Bluetooth LE instead of a serial line")
    parser.add_argument(
        "--bursts", action="store_true", help="with --ble: lose connection events in bursts, as by Wi-Fi"
    )
    parser.add_argument("--interval-ms", type=float, default=15.0, metavar="MS", help="of the BLE link (default: 15)")


def run(arguments: argparse.Namespace) -> int:
    """Print a table; 0 where every line of it holds, 1 otherwise."""
    if not arguments.seconds >= 1:
        raise SimulatorError("--seconds must be 1 or more")
    with tempfile.TemporaryDirectory(prefix="followspot-soak-") as folder:
        interval_ms = arguments.interval_ms if arguments.ble else None
        soak = asyncio.run(soak_once(Path(folder), arguments.seconds, interval_ms, bursts=arguments.bursts))
    limit_ms = interval_ms or _SERIAL_LATENCY_MS
    lines = judge(soak, math.inf if arguments.bursts else limit_ms, _HELD_SHARE if arguments.ble else 0.0)
    for line in lines:
        print(f"{'ok  ' if line.holds else 'FAIL'}  {line.name:<36} {line.value:<24} {line.budget}")
    return 0 if all(line.holds for line in lines) else 1


async def soak_once(folder: Path, seconds: float, interval_ms: float | None, *, bursts: bool = False) -> Soak:
    """Soak a serial link, or with `interval_ms` one over Bluetooth LE. Raises SimulatorError where none comes about."""
    try:
        if interval_ms is None:
            path = folder / "dock"
            return await Soaker(PtyCable(path), DockSettings(driver="serial", port=str(path)), folder).run(seconds)
        return await _soak_ble(folder, seconds, interval_ms, bursts=bursts)
    except TimeoutError as error:
        raise SimulatorError("driver and simulated dock found no link") from error


async def _soak_ble(folder: Path, seconds: float, interval_ms: float, *, bursts: bool) -> Soak:
    stack = BluetoothStack(folder, interval_ms)
    await stack.start()
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = stack.bus_address
    try:
        cable = BleCable(stack.air, _ADDRESS, "Followspot Dock")
        settings = DockSettings(driver="ble", address=_ADDRESS)

        def spoil(second: int) -> None:
            if bursts and second % _BURST_EVERY_S == 1:
                stack.air.lose_events(_BURSTS_S[second // _BURST_EVERY_S % len(_BURSTS_S)])

        return await Soaker(cable, settings, folder, spoil, lambda: stack.air.late_s(_ADDRESS)).run(seconds)
    finally:
        if before is None:
            del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
        else:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
        await stack.close()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    name: str
    value: str
    budget: str
    holds: bool


def judge(soak: Soak, latency_limit_ms: float, held_share: float) -> list[Line]:
    """What was measured against what it may be."""
    may_lack = math.floor(held_share * soak.commands_sent)
    commands_hz = soak.commands_sent / soak.seconds
    least_hz = POSE_HZ * _LEAST_RATE
    grown_bytes, grown_descriptors, grown_threads = soak.growth()
    late_ms = percentile(soak.command_ms, 0.99)
    return [
        Line("length", f"{soak.seconds:.0f} s", "", True),
        Line("poses heard", str(soak.poses_heard), "", True),
        Line("poses lost", str(soak.poses_lost), "0", soak.poses_lost == 0),
        Line(
            "poses answered by a command",
            f"{soak.commands_sent} ({commands_hz:.2f}/s)",
            f"≥ {least_hz:g}/s",
            commands_hz >= least_hz,
        ),
        Line("commands replaced by the next", str(soak.commands_replaced), "", True),
        Line("commands lost", str(soak.commands_lost), f"≤ {may_lack}", soak.commands_lost <= may_lack),
        Line("link lost", f"{soak.losses_of_link} times", "0", soak.losses_of_link == 0),
        Line(
            "command to motor p50 / p99 / max",
            _spread(soak.command_ms),
            f"p99 ≤ {latency_limit_ms:g} ms" if math.isfinite(latency_limit_ms) else "",
            late_ms <= latency_limit_ms,
        ),
        Line("pose to listener p50 / p99 / max", _spread(soak.pose_ms), "", True),
        Line(
            "memory grown", f"{grown_bytes / 1e6:.2f} MB", f"≤ {_GROWTH_BYTES / 1e6:g} MB", grown_bytes <= _GROWTH_BYTES
        ),
        Line("descriptors grown", str(grown_descriptors), "0", grown_descriptors <= 0),
        Line("threads grown", str(grown_threads), "0", grown_threads <= 0),
    ]


def _spread(values: Sequence[float]) -> str:
    return " / ".join(f"{percentile(values, share):.2f}" for share in (0.5, 0.99, 1.0)) + " ms"
