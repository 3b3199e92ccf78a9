"""Which driver, which port: what open_dock and the serial search make of the settings."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from followspot_dock import DockError, DockSettings, open_dock, registry
from followspot_dock.ble_outbox import Outbox
from followspot_dock.preferred_dock import PreferredDock
from followspot_dock.protocol import messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.serial_search import SerialSearch


@dataclass(frozen=True)
class Plugged:
    """What pyserial tells of a port."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None = None


MODEM = Plugged("/dev/ttyACM0", 0x1234, 0x0001)
ON_BOARD = Plugged("/dev/ttyS0", None, None)
DOCK = Plugged("/dev/ttyACM1", 0x1209, 0xF501, "A1")
OTHER = Plugged("/dev/ttyACM2", 0x1209, 0xF501, "B2")


async def _find(settings: DockSettings, *ports: Plugged) -> Path:
    with ThreadPoolExecutor(1) as executor:
        return await SerialSearch(settings, lambda: ports).find(executor)


async def test_the_only_dock_is_found_by_its_usb_ids() -> None:
    assert await _find(DockSettings(), ON_BOARD, MODEM, DOCK) == Path("/dev/ttyACM1")
    assert await _find(DockSettings(usb_ids=("1234:0001",)), MODEM, DOCK) == Path("/dev/ttyACM0")


async def test_no_dock_names_what_is_looked_for() -> None:
    with pytest.raises(DockError, match=r"no USB device is a dock \(1209:f501\)"):
        await _find(DockSettings(), ON_BOARD, MODEM)


async def test_two_docks_are_both_named_until_one_is_pinned(tmp_path: Path) -> None:
    with pytest.raises(DockError, match=r"ttyACM1 \(serial number A1\) and /dev/ttyACM2 \(serial number B2\)"):
        await _find(DockSettings(), DOCK, OTHER)
    pinned = tmp_path / "by-id"
    pinned.touch()
    assert await _find(DockSettings(port=str(pinned)), DOCK, OTHER) == pinned


def test_auto_with_one_way_is_that_way(heard: Any) -> None:
    assert isinstance(open_dock(DockSettings(), heard), PreferredDock)
    assert type(open_dock(DockSettings(prefer=("ble",)), heard)).__name__ == "BleDock"
    assert open_dock(DockSettings(driver="none"), heard) is None


def test_a_driver_of_another_package(heard: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    point = metadata.EntryPoint("other", "somewhere:make", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **wanted: metadata.EntryPoints([point]).select(**wanted))
    monkeypatch.setitem(sys.modules, "somewhere", type("somewhere", (), {"make": lambda *given: made.append(given)}))
    settings = DockSettings(driver="other")
    open_dock(settings, heard)
    assert made[0][0] is settings
    monkeypatch.delitem(sys.modules, "somewhere")
    with pytest.raises(DockError, match="the dock driver 'other' cannot be loaded"):
        open_dock(settings, heard)


def test_a_driver_that_is_not_installed() -> None:
    with pytest.raises(ValidationError):
        DockSettings(driver="nothing")
    with pytest.raises(DockError, match="installed are ble, serial"):
        registry.factory("nothing")


def test_only_the_newest_motion_waits_for_the_air() -> None:
    codec, outbox = DatagramCodec(), Outbox()
    drive, stop, lamp = (
        [codec.encode(messages.to_frame(message, number)) for number in (1, 2)]
        for message in (messages.Drive(1, 100, 0, 1.0, 2.0), messages.Stop(2), messages.MarkerLamp(True))
    )
    for frame in (drive[0], lamp[0], drive[1], stop[0], lamp[1]):
        outbox.put(frame)
    assert [outbox.take() for _ in range(len(outbox))] == [lamp[0], stop[0], lamp[1]]


def test_the_air_is_not_kept_busy_with_a_backlog() -> None:
    outbox = Outbox()
    for number in range(100):
        outbox.put(DatagramCodec().encode(messages.to_frame(messages.MarkerLamp(True), number)))
    assert len(outbox) == 32
