"""The composition root: builds every part from the settings and joins them. Nothing runs yet afterwards."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import ParamSpec

from followspot.app.alerting import AlertEvents, NoticeAlerts, write_to_journal
from followspot.app.clock_watch import ClockWatch
from followspot.app.coderprobe import CoderProbe
from followspot.app.control_socket import ControlSocket
from followspot.app.desk import Desk
from followspot.app.dock_view import DockView
from followspot.app.forgetting import Forgetting
from followspot.app.host import HostWatch, read_host
from followspot.app.joining import Joining
from followspot.app.lookout import CameraLookout
from followspot.app.once import Once
from followspot.app.reconciling import Reconciling
from followspot.app.replay import Replay
from followspot.app.report import box_state, host_state
from followspot.app.room import RoomKeeper
from followspot.app.settling import Settling
from followspot.app.soundstate import SoundState
from followspot.app.supervisor import Supervisor
from followspot.bus.envelope import renderer
from followspot.bus.mqtt import MqttBus
from followspot.control.dock_care import DockCare
from followspot.control.dock_keeper import DockKeeper
from followspot.control.framing import Framing
from followspot.control.session import SessionLoop, SessionStatus
from followspot.domain.alerts import Alert, AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot.domain.commands import Command, check_expiry
from followspot.domain.errors import ConfigurationError
from followspot.domain.session import SessionState
from followspot.domain.state import BoxState
from followspot.media.notices import MediaNotice
from followspot.media.recorder import Recorder
from followspot.media.videocoder import VideoCoder
from followspot.panel.panel import LampState, Panel, PanelError
from followspot.settings.models import Settings
from followspot.storage.boot import LinuxBoot
from followspot.storage.notices import StorageNotice
from followspot.storage.recovery import Recovery
from followspot.storage.storage import Storage
from followspot.vision.stack import SWITCHED_OFF
from followspot.vision.worker import VisionWorker, prepare
from followspot_dock.factory import open_dock
from followspot_dock.port import (
    ButtonPress,
    Dock,
    DockError,
    DockEvent,
    DockListener,
    MarkerButton,
    MarkerRole,
    MarkerStatus,
)

P = ParamSpec("P")

_log = logging.getLogger(__name__)

PREVENT_RECORDING = frozenset(
    {
        AlertCode.CAMERA_UNAVAILABLE,
        AlertCode.RECORDER_FAILED,
        AlertCode.DISK_FULL,
        AlertCode.DISK_FAILED,
        AlertCode.NO_ROOM,
    }
)
"""While one of these stands and nothing reaches the disk, the lamp asks for help."""


class Daemon:
    """Every part of the daemon, joined. Made on the running loop, which owns all but the parts' own threads."""

    def __init__(self, settings: Settings, clock: Clock, alerts: AlertRegistry, supervisor: Supervisor) -> None:
        self.settings = settings
        self.alerts = alerts
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._isolated = supervisor.isolated
        prepare()
        self._notice_alerts = NoticeAlerts(alerts, settings, clock)
        self.sound = SoundState()
        self.storage = Storage(
            settings,
            clock,
            renderer(settings.device.id),
            self._on_loop(supervisor.guarded(self._on_storage_notice)),
            self._wake_bus,
        )
        self.alert_events = AlertEvents(self.storage.publish, self.storage.told_alerts)
        self.dock_keeper = self._make_dock_keeper()
        self.framing = Framing(settings, clock, self.dock_keeper.dock if self.dock_keeper else None)
        self.vision = self._make_vision()
        self.coder = VideoCoder(settings.encoder.codec)
        self.coder_probe = CoderProbe(self.coder, settings)
        self.recorder = Recorder(
            settings,
            clock,
            self.framing.planner,
            self._on_loop(supervisor.guarded(self._on_media_notice)),
            self.vision.submit if self.vision else None,
            self.coder,
        )
        self.room = RoomKeeper(self.storage, alerts, clock, lambda: self.session.end_for_room())
        self.session = SessionLoop(
            clock,
            self.recorder,
            self.storage,
            alerts,
            self._on_session_status,
            round(settings.recording.pause_limit_min * 60e9),
            self.room.check,
        )
        self.settling = Settling(self.session, self.storage, alerts)
        self.joining = Joining(self.session, self.storage, alerts, clock, settings)
        self.forgetting = Forgetting(self.storage)
        self.reconciling = Reconciling(self.storage, settings.paths.media, alerts, clock)
        self.dock_care = DockCare(self.dock_keeper, self.framing, lambda: self.session.status.active)
        self.lookout = CameraLookout(settings.camera.url, self.session, alerts, clock)
        self.desk = Desk(
            self.session,
            self.report,
            Replay(self.storage, lambda: self.bus),
            self.dock_care,
            self.framing.home,
            self._check_expiry,
        )
        self.once = Once(self.desk.take, self.storage)
        self.control_socket = ControlSocket(
            settings.paths.control_socket, partial(self.once.take, source="command-line")
        )
        self.clock_watch = ClockWatch(clock, LinuxBoot(), self.storage.correct_clock)
        self.host_watch = HostWatch(partial(read_host, Path("/sys")), alerts, clock)
        self.dock_view = DockView()
        self.bus = self._make_bus()
        self.panel: Panel | None = None
        self._bookmarking: asyncio.Task[None] | None = None
        self._follow = self._isolated("framing", self.framing.follow)
        self._tell_dock = self._isolated("dock", self._show_on_dock)
        self._light_panel = self._isolated("lamp", self._show_on_panel)
        self.publish_state = self._isolated("state", self._publish_state)
        """Show the state on the broker; silent where nothing has changed."""
        self._tell_dock(self.session.status)
        self._listen()

    def open_panel(self) -> None:
        """Take the panel's pins. Without them lessons are started by marker, command and broker."""
        if not self.settings.panel.enabled:
            return
        try:
            self.panel = Panel(self.settings.panel, self._on_loop(partial(self.session.press, "panel")))
        except PanelError as error:
            self._raise(AlertCode.PANEL_UNAVAILABLE, "panel", str(error))
        self._show()

    def report_recovery(self, recovery: Recovery) -> None:
        """Say what an interrupted run left; the alert stands until a lesson was closed in order. A mute goes on."""
        if recovery.muted and self.dock_keeper is not None:
            _log.info("the marker was muted when the daemon ended: no sound is recorded until the dock says otherwise")
            self._apply_mute(True)
        for path in recovery.missing:
            _log.error("an announced segment is not there any more path=%s", path)
        if recovery.salvaged:
            message = (
                f"the daemon or the power broke off in mid-lesson; {', '.join(recovery.salvaged)} could be saved "
                "and will be announced"
            )
            self._raise(AlertCode.LESSON_RECOVERED, str(self.settings.paths.media), message)
        if recovery.damaged_database is not None:
            state = self.settings.paths.state
            message = (
                f"the database was damaged: it was set aside as {state / recovery.damaged_database}, and a new one was "
                "begun. Lessons are recorded; those that only the old one knew are found in paths.media and "
                "announced anew"
            )
            self._raise(AlertCode.DATABASE_REPLACED, str(state), message)

    def report(self) -> dict[str, object]:
        """Everything a technician may ask for: `followspot status --json`."""
        framing, recorder, storage = self.framing.status(), self.recorder.progress(), self.storage.progress()
        return {
            **self.state().model_dump(mode="json"),
            "device": self.settings.device.id,
            "broker": self._broker_state(),
            "mqtt": self.bus.status() if self.bus is not None else None,
            "encoder": asdict(self.coder.chosen),
            "vision": asdict(self.vision.stack if self.vision is not None else SWITCHED_OFF),
            "frames": recorder.frames,
            "frames_dropped": recorder.dropped,
            "disk_queue_bytes": storage.queued_bytes,
            "framing": framing,
        }

    def state(self) -> BoxState:
        """How things stand, as it is retained on the broker."""
        link = self.dock_keeper.dock.link.value if self.dock_keeper else "none"
        host = host_state(self.host_watch.readings, synced=self.clock_watch.synced)
        dock = self.dock_view.state()
        framing, sound = self.framing.status(), self.sound.report()
        minutes = self.room.minutes_left
        return box_state(self.session.status, self.alerts.active, framing, sound, link, dock, host, minutes)

    def check_disk(self) -> None:
        """Look how the disk is doing; to be called about once a second."""
        self._notice_alerts.on_disk_progress(self.storage.progress())

    def _broker_state(self) -> str:
        if not self.settings.mqtt.host:
            return "none"
        return "connected" if self.bus is not None and self.bus.status()["connected"] else "not connected"

    def _publish_state(self) -> None:
        if self.bus is not None:
            self.bus.publish_state(self.state().model_dump(mode="json"))

    def _listen(self) -> None:
        self.alerts.subscribe(write_to_journal)
        self.alerts.subscribe(self.alert_events)
        self.alerts.subscribe(self._on_alert)
        if self.dock_keeper is not None:
            self.dock_keeper.subscribe(self._isolated("framing", self.framing.on_dock_event))
            self.dock_keeper.subscribe(self._isolated("state", self.dock_view.on_dock_event))
            self.dock_keeper.subscribe(self._on_dock_event)

    def _make_dock_keeper(self) -> DockKeeper | None:
        dock = self.settings.dock
        if dock.driver == "none":
            return None

        def opened(listener: DockListener) -> Dock:
            made = open_dock(dock, listener, self._clock.monotonic_ns)
            assert made is not None, "only driver none gives no dock"
            return made

        try:
            return DockKeeper(opened, self.alerts, self._clock, dock.place)
        except DockError as error:  # a driver that cannot be loaded must not keep a lesson from being recorded
            self._raise(
                AlertCode.DOCK_NOT_FOUND, dock.place, f"{error}. Lessons are recorded without moving the camera."
            )
            return None

    def _make_vision(self) -> VisionWorker | None:
        if not self.settings.tracking.vision:
            return None
        return VisionWorker(
            self.settings,
            self._on_loop(self._isolated("framing", self.framing.on_sighting)),
            self.framing.hint,
            self._on_loop(partial(self._raise, AlertCode.VISION_FAILED, "vision")),
        )

    def _make_bus(self) -> MqttBus | None:
        """Credentials that cannot be read must not keep a lesson from being recorded."""
        on_command = partial(self.once.take, source="mqtt")
        try:
            return MqttBus(self.settings, self._clock, self.storage, self.alerts, on_command, self.storage.acknowledge)
        except ConfigurationError as error:
            self._raise(AlertCode.BROKER_REFUSED, self.settings.mqtt.host, str(error))
            return None

    def _on_session_status(self, status: SessionStatus) -> None:
        if status.state is SessionState.IDLE:
            self.alerts.clear(AlertCode.LESSON_RECOVERED)
        self._follow(status.active)
        self._tell_dock(status)
        self._show()

    def _on_alert(self, _alert: Alert, _active: bool) -> None:
        self._show()

    def _show(self) -> None:
        self._light_panel()
        self.publish_state()

    def _show_on_dock(self, status: SessionStatus) -> None:
        if self.dock_keeper is not None:
            self.dock_keeper.dock.marker_lamp(status.on_disk)
            self.dock_keeper.dock.lesson(status.under_way)

    def _show_on_panel(self) -> None:
        if self.panel is not None:
            self.panel.lamp(lamp_for(self.session.status, self.alerts))

    def _on_media_notice(self, notice: MediaNotice) -> None:
        self._notice_alerts.on_media_notice(notice)
        self.sound.on_media_notice(notice)
        self.session.on_media_notice(notice)

    def _on_storage_notice(self, notice: StorageNotice) -> None:
        self._notice_alerts.on_storage_notice(notice)
        self.session.on_storage_notice(notice)

    def _on_dock_event(self, event: DockEvent) -> None:
        """The marker's button, and the teacher's mute."""
        if isinstance(event, MarkerButton):
            self._on_press(event.press)
        elif isinstance(event, MarkerStatus) and event.role is MarkerRole.PRIMARY and event.muted != self.sound.muted:
            self._mute(event.muted)

    def _on_press(self, press: ButtonPress) -> None:
        """Short: start, stop, or go on when paused. Double: a bookmark. Long: pause, or go on."""
        match press:
            case ButtonPress.SHORT:
                self.session.press("marker")
            case ButtonPress.DOUBLE:
                self._bookmarking = asyncio.create_task(self.desk.press_bookmark("marker"), name="marker-bookmark")
            case ButtonPress.LONG:
                self.session.toggle_pause("marker")

    def _mute(self, muted: bool) -> None:
        """Stays as it is while the dock is away: the marker's own light still says so."""
        _log.info("the marker is %s", "muted: no sound is recorded" if muted else "not muted any more")
        self.storage.keep_muted(muted=muted)
        self._apply_mute(muted)

    def _apply_mute(self, muted: bool) -> None:
        self.sound.muted = muted
        self.recorder.mute(muted)
        self.publish_state()

    def _wake_bus(self) -> None:
        if self.bus is not None:
            self.bus.wake()

    def _check_expiry(self, command: Command) -> None:
        check_expiry(command, self._clock.utc_now(), synced=self.clock_watch.synced)

    def _raise(self, code: AlertCode, subject: str, message: str) -> None:
        self.alerts.raise_alert(code, subject, message, self._clock.monotonic_ns())

    def _on_loop(self, call: Callable[P, None]) -> Callable[P, None]:
        """`call`, to be called from any thread, run on the loop."""

        def hand_over(*args: P.args, **kwargs: P.kwargs) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left whom it concerns
                self._loop.call_soon_threadsafe(partial(call, *args, **kwargs))

        return hand_over


def lamp_for(status: SessionStatus, alerts: AlertRegistry) -> LampState:
    """What the lamp on the box has to say."""
    if status.on_disk:
        return LampState.RECORDING
    if any(alert.code in PREVENT_RECORDING for alert in alerts.active):
        return LampState.FAULT
    if status.state is SessionState.PAUSED:
        return LampState.PAUSED
    return LampState.OFF if status.state is SessionState.IDLE else LampState.WAITING
