"""How things stand: what the retained MQTT state and `systemctl status` show."""

from followspot import __version__
from followspot.app.host import HostReadings
from followspot.control.session import SessionStatus
from followspot.domain.alerts import Alert
from followspot.domain.segments import clock_state
from followspot.domain.session import SessionState
from followspot.domain.state import BoxState, DockState, HostState, SoundState, StandingAlert


def box_state(
    session: SessionStatus,
    alerts: tuple[Alert, ...],
    framing: dict[str, object],
    sound: SoundState,
    link: str,
    dock: DockState,
    host: HostState,
) -> BoxState:
    """The state that is retained on the broker: what changes by events, and the sound's levels once a second."""
    return BoxState(
        version=__version__,
        session=session.state.value,
        lesson_id=session.lesson_id,
        started_by=session.started_by,
        recording=session.on_disk,
        tracking=str(framing["state"]),
        sound=sound,
        dock=link,
        dock_status=dock,
        host=host,
        alerts=tuple(StandingAlert(code=one.code, subject=one.subject, message=one.message) for one in alerts),
    )


def host_state(readings: HostReadings, *, synced: bool) -> HostState:
    """The computer in the box, and whether its clock is set."""
    return HostState(
        temperature_c=readings.temperature_c,
        under_voltage=readings.under_voltage,
        disk_minutes_left=readings.disk_minutes_left,
        clock=clock_state(synced),
    )


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
