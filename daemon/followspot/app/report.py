"""How things stand, in one dictionary: what the retained MQTT state and `followspot status` show."""

from typing import TYPE_CHECKING

from followspot import __version__
from followspot.control.session import SessionStatus
from followspot.domain.alerts import Alert
from followspot.domain.session import SessionState

if TYPE_CHECKING:
    from followspot.app.compose import Daemon


def alert_list(alerts: tuple[Alert, ...]) -> list[dict[str, object]]:
    """The active alerts as JSON values, oldest first."""
    return [{"code": alert.code.value, "subject": alert.subject, "message": alert.message} for alert in alerts]


def state_report(session: SessionStatus, alerts: tuple[Alert, ...], framing: dict[str, object]) -> dict[str, object]:
    """The state that is retained on the broker: only what changes by events, not with every frame."""
    return {
        "version": __version__,
        "session": session.state.value,
        "lesson_id": session.lesson_id,
        "started_by": session.started_by,
        "recording": session.on_disk,
        "tracking": framing["state"],
        "alerts": alert_list(alerts),
    }


def one_line(session: SessionStatus, alerts: tuple[Alert, ...]) -> str:
    """For `systemctl status`."""
    text = session.state.value
    if session.lesson_id is not None:
        text += f" lesson {session.lesson_id}"
    if session.state is SessionState.RECORDING and not session.on_disk:
        text += ", but nothing reaches the disk"
    if alerts:
        text += f"; {len(alerts)} alert(s): {', '.join(alert.code.value for alert in alerts)}"
    return text


def full_report(daemon: "Daemon") -> dict[str, object]:
    """Everything a technician may ask for: `followspot status --json`."""
    framing, recorder, storage = daemon.framing.status(), daemon.recorder.progress(), daemon.storage.progress()
    return {
        **state_report(daemon.session.status, daemon.alerts.active, framing),
        "device": daemon.settings.device.id,
        "dock": daemon.dock_keeper.dock.link.value if daemon.dock_keeper else "none",
        "broker": _broker(daemon),
        "frames": recorder.frames,
        "frames_dropped": recorder.dropped,
        "disk_queue_bytes": storage.queued_bytes,
        "framing": framing,
    }


def _broker(daemon: "Daemon") -> str:
    if not daemon.settings.mqtt.host:
        return "none"
    return "connected" if daemon.bus is not None and daemon.bus.status()["connected"] else "not connected"
