"""The composed daemon: what lies below recording cannot harm it, and what a start found is told."""

import pytest

from followspot.app.compose import Daemon
from followspot.app.supervisor import Supervisor
from followspot.bus.mqtt import MqttBus
from followspot.control.framing import Framing
from followspot.control.session import SessionStatus
from followspot.domain.alerts import AlertCode
from followspot.domain.session import SessionState
from followspot.domain.sound import Carrier, SoundLevel
from followspot.media.notices import RecorderStopped, SoundLevels
from followspot.settings.models import PathSettings, Settings
from followspot.storage.recovery import Recovery
from followspot_dock.port import DockError, LinkChanged, LinkState, MarkerReport, MarkerRole, MarkerStatus
from followspot_dock.serial_dock import SerialDock
from followspot_dock.settings import DockSettings


def boom(*_: object) -> None:
    raise ValueError("math domain error")


class BrokenPanel:
    lamp = staticmethod(boom)


@pytest.fixture
async def supervisor(alerts, clock):
    made = Supervisor(alerts, clock)
    yield made
    await made.close()


@pytest.fixture
async def make_daemon(alerts, clock, supervisor, tmp_path):
    paths = PathSettings(media=tmp_path / "media", state=tmp_path / "state", runtime=tmp_path / "run")
    dock = DockSettings(driver="serial", port="/dev/dock")
    return lambda: Daemon(Settings(paths=paths, dock=dock), clock, alerts, supervisor)


async def test_comfort_and_framing_that_fail_harm_nobody(make_daemon, alerts, supervisor, monkeypatch):
    monkeypatch.setattr(Framing, "follow", boom)
    monkeypatch.setattr(Framing, "on_dock_event", boom)
    monkeypatch.setattr(MqttBus, "publish_state", boom)
    monkeypatch.setattr(SerialDock, "marker_lamp", boom)
    daemon = make_daemon()
    daemon.panel = BrokenPanel()
    heard = []
    daemon.dock_keeper.subscribe(heard.append)
    daemon._on_session_status(SessionStatus(SessionState.RECORDING, "lesson-1", "panel", on_disk=True))
    daemon.publish_state()
    daemon.dock_keeper._on_event(MarkerReport(1, 0.0, 0.0, 1.0))
    assert heard, "the next listener hears it all the same"
    assert {(alert.code, alert.subject) for alert in alerts.active} == {
        (AlertCode.PART_FAILED, part) for part in ("framing", "dock", "lamp", "state")
    }
    assert not supervisor.failed


async def test_the_teachers_marker_mutes_the_sound_and_the_state_says_so(make_daemon, monkeypatch):
    daemon = make_daemon()
    await daemon.storage.open()
    recorded = []
    monkeypatch.setattr(daemon.recorder, "mute", recorded.append)

    def marker(muted: bool, role: MarkerRole = MarkerRole.PRIMARY) -> None:
        daemon.dock_keeper._on_event(MarkerStatus(1, role, 90, charging=False, in_bay=False, muted=muted))

    marker(False)
    marker(True)
    marker(True)
    assert daemon.report()["sound"]["muted"] is True
    marker(False, MarkerRole.SECONDARY)
    daemon.dock_keeper._on_event(LinkChanged(LinkState.LOST, "unplugged"))
    assert daemon.report()["sound"]["muted"] is True, "the marker's own light still says so"
    marker(False)
    assert recorded == [True, False]
    await daemon.storage.close()


async def test_a_mute_outlives_the_daemon_until_the_dock_says_otherwise(make_daemon, monkeypatch):
    def marker(daemon: Daemon, *, muted: bool) -> None:
        status = MarkerStatus(1, MarkerRole.PRIMARY, 90, charging=False, in_bay=False, muted=muted)
        daemon.dock_keeper._on_event(status)

    first = make_daemon()
    assert not (await first.storage.open()).muted
    marker(first, muted=True)
    await first.storage.close()
    second = make_daemon()
    recorded = []
    monkeypatch.setattr(second.recorder, "mute", recorded.append)
    second.report_recovery(await second.storage.open())
    assert recorded == [True]
    assert second.report()["sound"]["muted"] is True
    marker(second, muted=False)
    await second.storage.close()
    third = make_daemon()
    assert not (await third.storage.open()).muted
    await third.storage.close()


async def test_the_state_shows_the_levels_of_a_running_lesson(make_daemon):
    daemon = make_daemon()
    daemon._on_media_notice(SoundLevels(Carrier.TEACHER, SoundLevel(-6.4, -20.6), None))
    assert daemon.report()["sound"] == {
        "muted": False,
        "carrier": "teacher",
        "teacher": {"peak_dbfs": -6, "rms_dbfs": -21},
        "room": None,
    }
    daemon._on_media_notice(RecorderStopped(0, 0))
    assert daemon.report()["sound"]["teacher"] is None


async def test_a_database_that_was_set_aside_is_told(make_daemon, alerts, tmp_path):
    make_daemon().report_recovery(Recovery(damaged_database="followspot.db.damaged-1"))
    [alert] = alerts.active
    assert alert.code is AlertCode.DATABASE_REPLACED
    assert str(tmp_path / "state" / "followspot.db.damaged-1") in alert.message


async def test_a_driver_that_cannot_be_loaded_is_an_alert(alerts, clock, supervisor, tmp_path, monkeypatch):
    def fail(*_args: object) -> None:
        raise DockError("the driver turntable of the package turn cannot be loaded: no module named turn")

    monkeypatch.setattr("followspot.app.compose.open_dock", fail)
    paths = PathSettings(media=tmp_path / "media", state=tmp_path / "state", runtime=tmp_path / "run")
    daemon = Daemon(Settings(paths=paths), clock, alerts, supervisor)
    assert daemon.dock_keeper is None
    [alert] = alerts.active
    assert alert.code is AlertCode.DOCK_NOT_FOUND
    assert "cannot be loaded" in alert.message
