"""How things stand: what the retained MQTT state and `systemctl status` show."""

from followspot import __version__
from followspot.control.session import SessionStatus
from followspot.domain.alerts import Alert
from followspot.domain.session import SessionState


def alert_list(alerts: tuple[Alert, ...]) -> list[dict[str, object]]:
    """The active alerts as JSON values, oldest first."""
    return [{"code": alert.code.value, "subject": alert.subject, "message": alert.message} for alert in alerts]


def state_report(
    session: SessionStatus, alerts: tuple[Alert, ...], framing: dict[str, object], sound: dict[str, object]
) -> dict[str, object]:
    """The state that is retained on the broker: what changes by events, and the sound's levels once a second."""
    return {
        "version": __version__,
        "session": session.state.value,
        "lesson_id": session.lesson_id,
        "started_by": session.started_by,
        "recording": session.on_disk,
        "tracking": framing["state"],
        "sound": sound,
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
