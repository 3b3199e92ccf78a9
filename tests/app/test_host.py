"""What the box tells of its computer and its dock."""

from pathlib import Path

from followspot.app.dock_view import DockView
from followspot.app.host import HostReadings, HostWatch, read_host
from followspot.domain.alerts import AlertCode
from followspot_dock.port import DockStatus, LinkChanged, LinkState, MarkerRole, MarkerStatus, PowerSource


def sensors(root: Path, *, alarm: str) -> Path:
    thermal, chip = root / "class/thermal/thermal_zone0", root / "class/hwmon/hwmon1"
    for folder in (thermal, chip):
        folder.mkdir(parents=True)
    (thermal / "temp").write_text("61868\n")
    (chip / "name").write_text("rpi_volt\n")
    (chip / "in0_lcrit_alarm").write_text(f"{alarm}\n")
    return root


def test_a_pi_tells_its_heat_and_its_supply(tmp_path: Path) -> None:
    readings = read_host(sensors(tmp_path / "sys", alarm="1"))
    assert (readings.temperature_c, readings.under_voltage) == (62, True)


def test_what_is_not_there_is_null(tmp_path: Path) -> None:
    assert read_host(tmp_path) == HostReadings()


async def test_a_weak_supply_is_an_alert_until_it_has_recovered(alerts, clock) -> None:
    readings = HostReadings(under_voltage=True)
    watch = HostWatch(lambda: readings, alerts, clock)
    await watch.look()
    assert alerts.is_active(AlertCode.UNDER_VOLTAGE)
    readings = HostReadings(under_voltage=False)
    await watch.look()
    assert not alerts.active


def test_a_dock_that_is_gone_has_no_battery() -> None:
    view = DockView()
    view.on_dock_event(DockStatus(80, PowerSource.USB, charging=True, temperature_c=31.4))
    view.on_dock_event(MarkerStatus(1, MarkerRole.PRIMARY, 55, charging=False, in_bay=False, muted=False))
    state = view.state()
    assert (state.battery_percent, state.power_source, state.temperature_c) == (80, "usb", 31.0)
    assert [(marker.id, marker.battery_percent) for marker in state.markers] == [(1, 55)]
    view.on_dock_event(LinkChanged(LinkState.LOST, "unplugged"))
    assert view.state() == DockView().state()
