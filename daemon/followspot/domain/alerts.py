"""What can be wrong with the box: closed codes and the one registry.

Whoever finds a fault raises it here and clears it here; journal, lamp, state and events only listen.
The registry belongs to the event loop: a thread hands its finding over with `call_soon_threadsafe`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class AlertCode(StrEnum):
    """Every fault the product can name."""

    CAMERA_UNAVAILABLE = "camera-unavailable"
    MICROPHONE_UNAVAILABLE = "microphone-unavailable"
    MICROPHONE_SILENT = "microphone-silent"
    SOUND_MUTED = "sound-muted"
    ENCODER_OVERFLOW = "encoder-overflow"
    RECORDER_FAILED = "recorder-failed"
    DISK_FULL = "disk-full"
    DISK_FAILED = "disk-failed"
    DISK_SLOW = "disk-slow"
    MEDIA_ELSEWHERE = "media-elsewhere"
    DISK_LOW = "disk-low"
    NO_ROOM = "no-room"
    ACK_REFUSED = "ack-refused"
    MEDIA_DAMAGED = "media-damaged"
    DOCK_NOT_FOUND = "dock-not-found"
    DOCK_LOST = "dock-lost"
    DOCK_FAULT = "dock-fault"
    DOCK_BATTERY_LOW = "dock-battery-low"
    MARKER_BATTERY_LOW = "marker-battery-low"
    BROKER_UNREACHABLE = "broker-unreachable"
    BROKER_REFUSED = "broker-refused"
    PANEL_UNAVAILABLE = "panel-unavailable"
    VISION_FAILED = "vision-failed"
    LESSON_RECOVERED = "lesson-recovered"
    LESSON_NOT_CLOSED = "lesson-not-closed"
    LESSON_NOT_JOINED = "lesson-not-joined"
    DATABASE_REPLACED = "database-replaced"
    PART_FAILED = "part-failed"
    UNDER_VOLTAGE = "under-voltage"


@dataclass(frozen=True, slots=True)
class Alert:
    """A fault as a technician reads it.

    `subject` names the device, file or address; `message` says what happened and what to do.
    """

    code: AlertCode
    subject: str
    message: str
    raised_ns: int


AlertListener = Callable[[Alert, bool], None]


class AlertRegistry:
    """The active alerts by (code, subject). Listeners hear each transition once."""

    def __init__(self) -> None:
        self._active: dict[tuple[AlertCode, str], Alert] = {}
        self._listeners: list[AlertListener] = []

    def subscribe(self, listener: AlertListener) -> None:
        """Call `listener(alert, active)` for what stands already, and at each raise (True) and clear (False)."""
        self._listeners.append(listener)
        for alert in self.active:
            listener(alert, True)

    @property
    def active(self) -> tuple[Alert, ...]:
        """The alerts that stand now, oldest first."""
        return tuple(self._active.values())

    def is_active(self, code: AlertCode, subject: str | None = None) -> bool:
        """Whether `code` stands, for `subject` or for any."""
        return any(c is code and subject in (None, s) for c, s in self._active)

    def raise_alert(self, code: AlertCode, subject: str, message: str, now_ns: int) -> None:
        """State a fault; repeating it while it stands is silent."""
        key = (code, subject)
        if key not in self._active:
            self._active[key] = Alert(code, subject, message, now_ns)
            self._tell(self._active[key], active=True)

    def clear(self, code: AlertCode, subject: str | None = None) -> None:
        """State that a fault has healed, for `subject` or for all; silent where none stands."""
        for key in [k for k in self._active if k[0] is code and subject in (None, k[1])]:
            self._tell(self._active.pop(key), active=False)

    def _tell(self, alert: Alert, *, active: bool) -> None:
        for listener in tuple(self._listeners):
            listener(alert, active)
