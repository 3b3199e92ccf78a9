"""The daemon's life: record first, then everything else; at the end the lesson first, then everything else."""

import asyncio
import logging

from followspot import __version__
from followspot.app.clock import SystemClock
from followspot.app.compose import Daemon
from followspot.app.heartbeat import Heartbeat
from followspot.app.lock import state_lock
from followspot.app.notify import Notifier, watchdog_interval_s
from followspot.app.supervisor import Supervisor
from followspot.domain.alerts import AlertRegistry
from followspot.domain.errors import CommandRefusedError, StorageError
from followspot.media.memory import keep_frame_memory
from followspot.settings.models import Settings
from followspot_dock.waiting import within

CLOSE_LESSON_TIMEOUT_S = 15.0
"""Look-ahead, the last fragments and a slow card's syncs; what is not closed by then is salvaged at the next start."""
CLOSE_STORAGE_TIMEOUT_S = 5.0
"""Nothing but the database's own end is left to be written."""
PARK_TIMEOUT_S = 3.0
"""From any place in our dock's range to its resting place; an end of the machine waits for no more."""
JOIN_TIMEOUT_S = 2.0
"""The recorder's threads have said their last word already."""

_log = logging.getLogger(__name__)


async def serve(settings: Settings) -> bool:
    """Run until SIGTERM or SIGINT; whether all went well.

    Raises FollowspotError when there is no way to record at all: another daemon runs, or the state cannot be kept.
    """
    notifier = Notifier.from_environment()
    try:
        with state_lock(settings.paths.state):
            return await _serve(settings, notifier)
    finally:
        notifier.close()


async def _serve(settings: Settings, notifier: Notifier) -> bool:
    _log.info("followspot %s starts device=%s", __version__, settings.device.id)
    keep_frame_memory()
    clock, alerts = SystemClock(), AlertRegistry()
    supervisor = Supervisor(alerts, clock)
    supervisor.catch_signals()
    daemon = Daemon(settings, clock, alerts, supervisor)
    try:
        await _record_first(daemon)
        _start_the_rest(daemon, supervisor)
        supervisor.require("heartbeat", Heartbeat(daemon, clock, notifier, watchdog_interval_s()).run)
        notifier.ready()
        await supervisor.until_end()
    finally:
        notifier.stopping()
        closed = await _close_lesson(daemon)
        if closed and not supervisor.failed:
            await _park_dock(daemon)
        await supervisor.close()
        await _close_parts(daemon)
    _log.info("followspot ends")
    return closed and not supervisor.failed


async def _record_first(daemon: Daemon) -> None:
    """Salvage what a crash left, and go on with its lesson where that is due."""
    recovery = await daemon.storage.open()
    daemon.report_recovery(recovery)
    if recovery.resume is not None and recovery.paused:
        daemon.session.stay_paused("recovery", recovery.resume)
    elif recovery.resume is not None:
        daemon.session.start("recovery", recovery.resume)
    try:
        await daemon.once.recall()
    except StorageError as error:
        _log.warning("commands that are sent again now count as new: %s", error)


def _start_the_rest(daemon: Daemon, supervisor: Supervisor) -> None:
    supervisor.keep("control-socket", daemon.control_socket.run)
    supervisor.keep("framing", daemon.framing.run)
    supervisor.keep("reconciling", daemon.reconciling.run)
    supervisor.keep("room", daemon.room.run)
    supervisor.keep("settling", daemon.settling.run)
    supervisor.keep("forgetting", daemon.forgetting.run)
    supervisor.keep("camera-lookout", daemon.lookout.run)
    supervisor.keep("encoder-probe", daemon.coder_probe.run)
    if daemon.settings.recording.one_file:
        supervisor.keep("joining", daemon.joining.run)
    supervisor.keep("alert-events", daemon.alert_events.run)
    supervisor.keep("clock", daemon.clock_watch.run)
    supervisor.keep("host", daemon.host_watch.run)
    if daemon.dock_keeper is not None:
        supervisor.keep("dock", daemon.dock_keeper.run)
    if daemon.bus is not None:
        supervisor.keep("mqtt", daemon.bus.run)
    if daemon.vision is not None:
        daemon.vision.start()
    daemon.open_panel()


async def _close_lesson(daemon: Daemon) -> bool:
    try:
        await within(CLOSE_LESSON_TIMEOUT_S, daemon.session.shut_down())
    except TimeoutError:
        _log.error("the lesson could not be closed within %s s; the next start salvages it", CLOSE_LESSON_TIMEOUT_S)
        return False
    return True


async def _park_dock(daemon: Daemon) -> None:
    """A camera that rests looks like one; where that takes too long it is left where it is."""
    try:
        await daemon.dock_care.park(PARK_TIMEOUT_S)
    except CommandRefusedError as error:
        _log.info("the dock was not parked: %s", error)


async def _close_parts(daemon: Daemon) -> None:
    if daemon.panel is not None:
        daemon.panel.close()
    await asyncio.to_thread(daemon.recorder.join, JOIN_TIMEOUT_S)
    if daemon.vision is not None:
        await asyncio.to_thread(daemon.vision.stop)
    try:
        await within(CLOSE_STORAGE_TIMEOUT_S, daemon.storage.close())
    except TimeoutError:
        _log.error("the disk does not answer: the storage was not closed within %s s", CLOSE_STORAGE_TIMEOUT_S)
